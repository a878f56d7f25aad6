#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

Plan upgrade(const MigrationSet& set, const Words& applied, std::string_view revision,
             OutOfOrder out_of_order = OutOfOrder::refuse, TargetKind kind = TargetKind::tenant) {
  return plan_upgrade(set, kind, make_history(applied), parse_revision(revision), out_of_order);
}

const MigrationSet kSet = make_set({"001", "002p", "003b", "004", "010", "900r", "viewsr"});

TEST(PlanUpgrade, StepsUp) {
  struct Case {
    Words applied;
    const char* revision;
    const char* steps;
    const char* from;
    const char* to;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{}, "head", "+001 +003 +004 +010 +900 +views", "base", "010"},
           {{"001"}, "head", "+003 +004 +010 +900 +views", "001", "010"},
           {{"003", "001"}, "head", "+004 +010 +900 +views", "003", "010"},
           {{"001", "003", "004", "010"}, "head", "+900 +views", "010", "010"},
           {{"001", "003", "004", "010", "900", "views"}, "head", "", "010", "010"},
           {{"001", "003", "004", "010", "900*", "views"}, "head", "~900", "010", "010"},
           {{"900*"}, "head", "+001 +003 +004 +010 ~900 +views", "base", "010"},
           {{}, "004", "+001 +003 +004", "base", "004"},
           {{}, "4", "+001 +003 +004", "base", "004"},
           {{"900*"}, "010", "+001 +003 +004 +010", "base", "010"},
           {{}, "002", "+001", "base", "001"},
           {{"001"}, "002", "", "001", "001"},
           {{"001", "003"}, "003", "", "003", "003"},
           {{"001", "003", "004"}, "001", "", "004", "004"},
           {{}, "+1", "+001", "base", "001"},
           {{"001"}, "+2", "+003 +004", "001", "004"},
           {{"001", "900*"}, "+3", "+003 +004 +010", "001", "010"},
       }) {
    const Plan plan = upgrade(kSet, c.applied, c.revision);
    EXPECT_EQ(steps_text(kSet, plan), c.steps) << c.revision;
    EXPECT_EQ(plan.from, c.from) << c.revision;
    EXPECT_EQ(plan.to, c.to) << c.revision;
    EXPECT_TRUE(plan.skipped.empty());
  }
}

TEST(PlanUpgrade, TakesTheSharedSchemaItsOwnWay) {
  const Plan plan = upgrade(kSet, {}, "head", OutOfOrder::refuse, TargetKind::shared);
  EXPECT_EQ(steps_text(kSet, plan), "+002 +003 +900 +views");
  EXPECT_EQ(plan.to, "003");
}

TEST(PlanUpgrade, OfAnEmptySetIsEmpty) {
  const MigrationSet set = make_set({});
  const Plan plan = upgrade(set, {}, "head");
  EXPECT_TRUE(plan.steps.empty());
  EXPECT_EQ(plan.from, "base");
  EXPECT_EQ(plan.to, "base");
}

TEST(PlanUpgrade, TreatsOutOfOrderByTheRule) {
  struct Case {
    Words applied;
    const char* revision;
    const char* applied_steps;
    const char* left_steps;
    const char* skipped;
    const char* to;
  };
  const MigrationSet set = make_set({"1", "2", "3", "4", "5", "6"});
  for (const Case& c : std::initializer_list<Case>{
           {{"1", "4"}, "head", "+2 +3 +5 +6", "+5 +6", "2 3", "6"},
           {{"1", "4"}, "3", "+2 +3", "", "2 3", "4"},
           {{"1", "4"}, "2", "+2", "", "2", "4"},
           {{"1", "4"}, "+1", "+2", "+5", "2 3", "5"},
           {{"1", "4"}, "+2", "+2 +3", "+5 +6", "2 3", "6"},
           {{"6"}, "head", "+1 +2 +3 +4 +5", "", "1 2 3 4 5", "6"},
       }) {
    const Plan all = upgrade(set, c.applied, c.revision, OutOfOrder::apply);
    EXPECT_EQ(steps_text(set, all), c.applied_steps);
    EXPECT_TRUE(all.skipped.empty());

    const Plan left = upgrade(set, c.applied, c.revision, OutOfOrder::skip);
    EXPECT_EQ(steps_text(set, left), c.left_steps);
    EXPECT_EQ(left.to, c.to);
    std::string skipped;
    for (const std::size_t index : left.skipped) skipped += (skipped.empty() ? "" : " ") + set[index].version;
    EXPECT_EQ(skipped, c.skipped);

    EXPECT_EQ(error_of([&] { return upgrade(set, c.applied, c.revision); })->kind(), ErrorKind::out_of_order);
  }
  EXPECT_EQ(steps_text(set, upgrade(set, {"1", "4"}, "1")), "") << "what is missing lies above the destination";
}

TEST(PlanUpgrade, NamesWhatIsOutOfOrder) {
  const MigrationSet set = make_set({"1", "2", "3", "4", "5", "6", "7"});
  EXPECT_THAT(error_of([&] {
                return upgrade(set, {"1", "3"}, "head");
              }),
              IsError(ErrorKind::out_of_order, "migration 2 is pending, but newer migration 3 is applied"));
  EXPECT_THAT(error_of([&] { return upgrade(set, {"7"}, "head"); }),
              IsError(ErrorKind::out_of_order,
                      "migrations 1, 2, 3, 4, 5 and 1 more are pending, but newer migration 7 is applied"));
}

TEST(PlanUpgrade, AMigrationOfAnotherScopeIsNotOutOfOrder) {
  EXPECT_EQ(steps_text(kSet, upgrade(kSet, {"001", "003"}, "004")), "+004");
}

TEST(PlanUpgrade, RefusesRevisions) {
  const auto error = [](const char* revision, const Words& applied = {}) {
    return error_of([&] { return upgrade(kSet, applied, revision); });
  };
  EXPECT_THAT(error("base"), IsError(ErrorKind::wrong_direction, "revision base goes down, and this is an upgrade"));
  EXPECT_THAT(error("-2"), IsError(ErrorKind::wrong_direction, "revision -2 goes down, and this is an upgrade"));
  EXPECT_THAT(error("77"), IsError(ErrorKind::unknown_revision, "no migration matches revision \"77\" in set default"));
  EXPECT_EQ(error("00")->kind(), ErrorKind::ambiguous_revision);
  EXPECT_EQ(error("77", {"013"})->kind(), ErrorKind::unknown_revision) << "the caller's mistake before the target's";
  EXPECT_THAT(error("+5"), IsError(ErrorKind::unknown_revision, "only 4 migrations are pending"));
  EXPECT_EQ(error("+5")->hint(), "The revision +5 asks for 5.");
  EXPECT_THAT(error("+2", {"001", "003", "004"}), IsError(ErrorKind::unknown_revision, "only 1 migration is pending"));
  EXPECT_THAT(error("+1", {"001", "003", "004", "010"}),
              IsError(ErrorKind::unknown_revision, "no migration is pending"));
}

TEST(PlanUpgrade, RefusesHistories) {
  struct Case {
    Words applied;
    ErrorKind kind;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"001", "003?"}, ErrorKind::in_doubt, "migration 003 was interrupted, and may be applied in part"},
           {{"013"}, ErrorKind::unknown_applied, "migration 013 was applied, but set default does not have it"},
           {{"1"}, ErrorKind::unknown_applied, "migration 1 was applied, but set default does not have it"},
           {{"100", "99"},
            ErrorKind::unknown_applied,
            "migrations 99, 100 were applied, but set default does not have them"},
           {{"001", "002"},
            ErrorKind::unknown_applied,
            "migration 002 was applied, but its scope is public and this is a tenant's schema"},
           {{"001", "003*"},
            ErrorKind::checksum_mismatch,
            "migration 003 was applied with another text (checksum differs)"},
           {{"003*", "001*"},
            ErrorKind::checksum_mismatch,
            "migrations 001, 003 were applied with another text (checksum differs)"},
           {{"001*", "013", "002", "004?"},
            ErrorKind::in_doubt,
            "migration 004 was interrupted, and may be applied in part"},
           {{"001*", "013", "002"},
            ErrorKind::unknown_applied,
            "migration 013 was applied, but set default does not have it"},
       }) {
    for (const char* revision : {"head", "001", "+1"}) {
      EXPECT_THAT(error_of([&] { return upgrade(kSet, c.applied, revision); }), IsError(c.kind, c.message));
    }
  }
}

TEST(PlanUpgrade, SaysWhatToDoAboutHistories) {
  const auto hint = [](const Words& applied) {
    return error_of([&] { return upgrade(kSet, applied, "head"); })->hint();
  };
  EXPECT_EQ(hint({"001*"}), "Put the applied text back, or add the change as a new migration.");
  EXPECT_THAT(hint({"001?"}), testing::HasSubstr("tenancy.resolve(schema, version, 'applied')"));
  EXPECT_THAT(hint({"001?"}), testing::HasSubstr("tenancy.resolve(schema, version, 'pending')"));
}

TEST(PlanUpgrade, NamesAScopeThatIsNotTheSharedSchemas) {
  EXPECT_THAT(error_of([&] {
                return upgrade(kSet, {"001", "004"}, "head", OutOfOrder::skip, TargetKind::shared);
              }),
              IsError(ErrorKind::unknown_applied,
                      "migrations 001, 004 were applied, but their scope is tenant and this is the public schema"));
}

TEST(OutOfOrder, IsParsed) {
  EXPECT_EQ(parse_out_of_order("refuse"), OutOfOrder::refuse);
  EXPECT_EQ(parse_out_of_order("apply"), OutOfOrder::apply);
  EXPECT_EQ(parse_out_of_order("Skip"), OutOfOrder::skip);
  EXPECT_THAT(error_of([] { return parse_out_of_order("allow"); }),
              IsError(ErrorKind::bad_value, "\"allow\" is not a rule for out of order migrations"));
}

}  // namespace
}  // namespace tenancy::core
