#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

Plan downgrade(const MigrationSet& set, const Words& applied, std::string_view revision,
               TargetKind kind = TargetKind::tenant) {
  return plan_downgrade(set, kind, make_history(applied), parse_revision(revision));
}

const MigrationSet kSet = make_set({"001", "002p", "003b", "004", "010", "900r", "901r"});

TEST(PlanDowngrade, StepsDownNewestFirst) {
  struct Case {
    Words applied;
    const char* revision;
    const char* steps;
    const char* from;
    const char* to;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"001", "003", "004"}, "-1", "-004", "004", "003"},
           {{"004", "001", "003"}, "-2", "-004 -003", "004", "001"},
           {{"001", "003", "004"}, "-3", "-004 -003 -001", "004", "base"},
           {{"001", "003", "004", "900", "901*"}, "-3", "-004 -003 -001", "004", "base"},
           {{"001", "010"}, "-1", "-010", "010", "001"},
           {{"001", "003", "004"}, "003", "-004", "004", "003"},
           {{"001", "003", "004"}, "2", "-004 -003", "004", "001"},
           {{"003", "004"}, "001", "-004 -003", "004", "base"},
           {{"001", "003"}, "010", "", "003", "003"},
           {{"001", "003"}, "base", "-003 -001", "003", "base"},
           {{"001", "003", "900", "901*"}, "base", "-901 -900 -003 -001", "003", "base"},
           {{"900"}, "base", "-900", "base", "base"},
           {{}, "base", "", "base", "base"},
           {{}, "001", "", "base", "base"},
       }) {
    const Plan plan = downgrade(kSet, c.applied, c.revision);
    EXPECT_EQ(steps_text(kSet, plan), c.steps) << c.revision;
    EXPECT_EQ(plan.from, c.from) << c.revision;
    EXPECT_EQ(plan.to, c.to) << c.revision;
  }
  EXPECT_EQ(steps_text(kSet, downgrade(kSet, {"002", "003"}, "-2", TargetKind::shared)), "-003 -002");
}

TEST(PlanDowngrade, RefusesRevisions) {
  const auto error = [](const char* revision, const Words& applied = {}) {
    return error_of([&] { return downgrade(kSet, applied, revision); });
  };
  EXPECT_THAT(error("head"), IsError(ErrorKind::wrong_direction, "revision head goes up, and this is a downgrade"));
  EXPECT_THAT(error("+2"), IsError(ErrorKind::wrong_direction, "revision +2 goes up, and this is a downgrade"));
  EXPECT_THAT(error("-1"), IsError(ErrorKind::unknown_revision, "no migration is applied"));
  EXPECT_THAT(error("-2", {"001", "900"}), IsError(ErrorKind::unknown_revision, "only 1 migration is applied"));
  EXPECT_THAT(error("-3", {"001", "003"}), IsError(ErrorKind::unknown_revision, "only 2 migrations are applied"));
  EXPECT_THAT(error("77"), IsError(ErrorKind::unknown_revision, "no migration matches revision \"77\" in set default"));
}

TEST(PlanDowngrade, RefusesHistories) {
  const auto error = [](const Words& applied) { return error_of([&] { return downgrade(kSet, applied, "base"); }); };
  EXPECT_EQ(error({"001?"})->kind(), ErrorKind::in_doubt);
  EXPECT_EQ(error({"013"})->kind(), ErrorKind::unknown_applied);
  EXPECT_EQ(error({"002"})->kind(), ErrorKind::unknown_applied);
  EXPECT_EQ(error({"001*"})->kind(), ErrorKind::checksum_mismatch);
}

TEST(PlanDowngrade, NamesEveryIrreversibleStep) {
  const MigrationSet set = make_set({"1", "2!", "3!", "4", "900r!"});
  const Words all{"1", "2", "3", "4", "900"};
  EXPECT_THAT(error_of([&] { return downgrade(set, all, "1"); }),
              IsError(ErrorKind::irreversible, "migrations 3, 2 have no SQL to go down"));
  EXPECT_THAT(error_of([&] { return downgrade(set, all, "2"); }),
              IsError(ErrorKind::irreversible, "migration 3 has no SQL to go down"));
  EXPECT_THAT(error_of([&] { return downgrade(set, all, "base"); }),
              IsError(ErrorKind::irreversible, "migrations 900, 3, 2 have no SQL to go down"));
  EXPECT_EQ(steps_text(set, downgrade(set, all, "3")), "-4");
  EXPECT_EQ(steps_text(set, downgrade(set, {"1"}, "base")), "-1") << "only what is applied counts";
}

}  // namespace
}  // namespace tenancy::core
