#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

const MigrationSet kSet = make_set({"001", "002p", "003", "004", "010-a", "010-c", "900r"});

/// The revision as it would be written.
std::string held(std::string_view asked, std::string_view pin, const MigrationSet& set = kSet) {
  const Revision revision = held_back(set, parse_revision(asked), parse_revision(pin));
  if (revision.is_head()) return to_text(revision);
  if (revision.kind == Revision::Kind::base) return "base";
  return revision.kind == Revision::Kind::version ? revision.version : "neither head, base nor a version";
}

TEST(HeldBack, IsTheLowerOfWhatIsAskedAndThePin) {
  struct Case {
    const char* asked;
    const char* pin;
    const char* held;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"head", "003", "003"},
           {"head", "3", "003"},
           {"head", "010-c", "010-c"},
           {"head", "base", "base"},
           {"head", "heads", "heads"},
           {"heads", "003", "003"},
           {"004", "003", "003"},
           {"003", "004", "003"},
           {"4", "004", "004"},
           {"010-a", "010-c", "010-a"},
           {"002", "003", "002"},
           {"004", "base", "base"},
           {"004", "head", "004"},
       }) {
    EXPECT_EQ(held(c.asked, c.pin), c.held) << c.asked << ", pinned to " << c.pin;
  }
  EXPECT_EQ(held("head", "base", make_set({})), "base");
}

TEST(HeldBack, RefusesRevisions) {
  const auto error = [](const char* asked, const char* pin) { return error_of([&] { return held(asked, pin); }); };
  EXPECT_EQ(error("head", "077")->kind(), ErrorKind::unknown_revision);
  EXPECT_EQ(error("head", "900")->kind(), ErrorKind::unknown_revision) << "repeatable migrations are no revisions";
  EXPECT_EQ(error("head", "010")->kind(), ErrorKind::ambiguous_revision);
  EXPECT_EQ(error("077", "001")->kind(), ErrorKind::unknown_revision);
  EXPECT_EQ(error("077", "base")->kind(), ErrorKind::unknown_revision);
  for (const std::string asked : {"base", "-1", "+2"}) {
    EXPECT_THAT(error(asked.c_str(), "003"),
                IsError(ErrorKind::bad_value, "revision " + asked + " cannot be asked of a pinned tenant"));
  }
  EXPECT_THAT(error("head", "-1"), IsError(ErrorKind::bad_value, "revision -1 is no pin"));
  EXPECT_THAT(error("head", "+1"), IsError(ErrorKind::bad_value, "revision +1 is no pin"));
}

Plan upgrade(const Words& applied, std::string_view asked, std::string_view pin) {
  return plan_pinned_upgrade(kSet, TargetKind::tenant, make_history(applied), parse_revision(asked),
                             parse_revision(pin), OutOfOrder::refuse);
}

TEST(PlanPinnedUpgrade, GoesUpToThePinOrStaysAsItIs) {
  struct Case {
    Words applied;
    const char* asked;
    const char* pin;
    const char* steps;
    const char* from;
    const char* to;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{}, "head", "003", "+001 +003", "base", "003"},
           {{"001"}, "head", "003", "+003", "001", "003"},
           {{"001"}, "004", "010-a", "+003 +004", "001", "004"},
           {{"001", "003", "900*"}, "head", "003", "", "003", "003"},
           {{"001", "003", "004"}, "head", "003", "", "004", "004"},
           {{"001", "004"}, "head", "003", "", "004", "004"},
           {{"001", "004"}, "003", "001", "", "004", "004"},
           {{"001", "003*", "004", "077"}, "head", "001", "", "004", "004"},
           {{}, "head", "base", "", "base", "base"},
           {{"001", "004"}, "004", "base", "", "004", "004"},
           {{"001?", "003*"}, "head", "base", "", "003", "003"},
           {{"001", "003", "004"}, "head", "head", "+010-a +010-c +900", "004", "010-c"},
       }) {
    const Plan plan = upgrade(c.applied, c.asked, c.pin);
    EXPECT_EQ(steps_text(kSet, plan), c.steps) << c.asked << ", pinned to " << c.pin;
    EXPECT_EQ(plan.from, c.from) << c.asked << ", pinned to " << c.pin;
    EXPECT_EQ(plan.to, c.to) << c.asked << ", pinned to " << c.pin;
    EXPECT_TRUE(plan.skipped.empty());
  }
}

TEST(PlanPinnedUpgrade, RefusesWhatPlanUpgradeRefuses) {
  const auto error = [](const Words& applied, const char* asked, const char* pin) {
    return error_of([&] { return upgrade(applied, asked, pin); });
  };
  EXPECT_EQ(error({"001*"}, "head", "003")->kind(), ErrorKind::checksum_mismatch);
  EXPECT_EQ(error({"004"}, "003", "010-a")->kind(), ErrorKind::out_of_order) << "the pin is not what holds it back";
  EXPECT_EQ(error({"004"}, "head", "004")->kind(), ErrorKind::out_of_order) << "it is at the pin, but lacks some";
  EXPECT_EQ(error({"001"}, "head", "077")->kind(), ErrorKind::unknown_revision);
}

}  // namespace
}  // namespace tenancy::core
