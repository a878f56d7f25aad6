#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

/// The words of make_history with a time of one digit in front: "1:003" was applied at 1.
Plan rollback(const MigrationSet& set, const Words& applied, const Words& versions,
              TargetKind kind = TargetKind::tenant) {
  std::vector<AppliedMigration> rows;
  for (const std::string& word : applied) {
    rows.push_back(make_history({word.substr(2)}).front());
    rows.back().applied_at = word.front() - '0';
  }
  return plan_rollback(set, kind, rows, versions);
}

const MigrationSet kSet = make_set({"001", "002p", "003b", "004", "010", "900r", "901r"});

TEST(PlanRollback, TakesBackExactlyTheVersionsOfARun) {
  struct Case {
    Words applied;
    Words versions;
    const char* steps;
    const char* from;
    const char* to;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"1:001", "2:003", "2:004"}, {"003", "004"}, "-004 -003", "004", "001"},
           {{"2:004", "1:001", "2:003"}, {"004", "003", "004"}, "-004 -003", "004", "001"},
           {{"1:001", "1:003", "1:004"}, {"004"}, "-004", "004", "003"},
           {{"1:001", "1:003"}, {"001"}, "-001", "003", "003"},
           {{"1:001", "2:004", "3:003"}, {"003"}, "-003", "004", "004"},
           {{"1:001", "2:003", "1:900", "2:901*"}, {"003", "901"}, "-901 -003", "003", "001"},
           {{"1:001", "2:003", "2:900", "2:901"}, {"001", "003", "900", "901"}, "-901 -900 -003 -001", "003", "base"},
           {{"1:001", "2:900"}, {"900"}, "-900", "001", "001"},
           {{"1:001", "2:003"}, {"003", "004", "900"}, "-003", "003", "001"},
           {{"1:001", "2:010"}, {"003", "004"}, "", "010", "010"},
           {{"1:001"}, {"077"}, "", "001", "001"},
           {{"1:001"}, {"1"}, "", "001", "001"},
           {{"1:001"}, {}, "", "001", "001"},
           {{}, {"001"}, "", "base", "base"},
       }) {
    const Plan plan = rollback(kSet, c.applied, c.versions);
    EXPECT_EQ(steps_text(kSet, plan), c.steps);
    EXPECT_EQ(plan.from, c.from) << c.steps;
    EXPECT_EQ(plan.to, c.to) << c.steps;
    EXPECT_TRUE(plan.skipped.empty());
  }
  EXPECT_EQ(steps_text(kSet, rollback(kSet, {"1:002", "1:003"}, {"002", "003"}, TargetKind::shared)), "-003 -002");
}

TEST(PlanRollback, RefusesWhatLaterMigrationsStandOn) {
  struct Case {
    Words applied;
    Words versions;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"1:001", "2:003"}, {"001"}, "migration 003 was applied after migration 001, and may stand on it"},
           {{"9:010", "1:001", "2:003", "5:004"},
            {"001", "004"},
            "migrations 003, 010 were applied after migration 001, and may stand on it"},
           {{"2:001", "1:004"}, {"004"}, "migration 001 was applied after migration 004, and may stand on it"},
           {{"1:001", "2:900"}, {"001"}, "migration 900 was applied after migration 001, and may stand on it"},
       }) {
    EXPECT_THAT(error_of([&] { return rollback(kSet, c.applied, c.versions); }),
                IsError(ErrorKind::out_of_order, c.message));
  }
}

TEST(PlanRollback, NamesEveryIrreversibleStep) {
  const MigrationSet set = make_set({"1", "2!", "3!", "4", "900r!"});
  EXPECT_THAT(error_of([&] {
                return rollback(set, {"1:1", "1:2", "1:3", "2:4", "1:900"}, {"1", "2", "3", "900"});
              }),
              IsError(ErrorKind::irreversible, "migrations 900, 3, 2 have no SQL to go down"))
      << "before what stands on them: it would not help to take that back";
  EXPECT_EQ(steps_text(set, rollback(set, {"1:1", "1:2", "2:4"}, {"3", "4"})), "-4") << "only what is applied counts";
}

TEST(PlanRollback, RefusesHistories) {
  const auto error = [](const Words& applied) { return error_of([&] { return rollback(kSet, applied, {"001"}); }); };
  EXPECT_EQ(error({"1:001?"})->kind(), ErrorKind::in_doubt);
  EXPECT_EQ(error({"1:001", "1:013"})->kind(), ErrorKind::unknown_applied);
  EXPECT_EQ(error({"1:001", "1:002"})->kind(), ErrorKind::unknown_applied);
  EXPECT_EQ(error({"1:001", "1:003*"})->kind(), ErrorKind::checksum_mismatch);
}

}  // namespace
}  // namespace tenancy::core
