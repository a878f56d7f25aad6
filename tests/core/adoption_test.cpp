#include "core/adoption.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Verdict = AdoptionVerdict;

Adoption assess(const char* tool, const std::vector<ToolRow>& rows, const MigrationSet& set,
                const std::vector<std::string>& tracked = {}, const std::string& group = {},
                TargetKind kind = TargetKind::tenant) {
  const HistoryTool& known = find_history_tool(tool);
  return assess_adoption(known, read_history_rows(known, rows, group), set, kind, make_history(tracked));
}

std::string versions(const MigrationSet& set, const Adoption& adoption) {
  std::string text;
  for (const Adoption::Migration& migration : adoption.applied) {
    text += (text.empty() ? "" : " ") + set[migration.index].version;
  }
  return text;
}

MigrationSet described(const std::vector<std::pair<std::string, std::string>>& migrations) {
  std::vector<StoredMigration> stored;
  for (const auto& [version, description] : migrations) stored.push_back({version, description, "sum"});
  return {"default", std::move(stored)};
}

const MigrationSet kSet = make_set({"001", "002", "003p", "004", "900r"});

TEST(Adoption, TakesVersionsInWhateverSpelling) {
  const Adoption result = assess("rails", {{"1"}, {"0002"}, {"3"}}, kSet);
  EXPECT_EQ(result.verdict, Verdict::adoptable);
  EXPECT_EQ(result.revision, "002");
  EXPECT_EQ(versions(kSet, result), "001 002") << "003 is for the shared schema";
  EXPECT_EQ(result.detail, "");
  EXPECT_EQ(versions(kSet, assess("rails", {{"3"}}, kSet, {}, {}, TargetKind::shared)), "003");
}

TEST(Adoption, NamesWhatIsOlderAndNotApplied) {
  const Adoption result = assess("dbmate", {{"004"}}, kSet);
  EXPECT_EQ(result.verdict, Verdict::adoptable);
  EXPECT_EQ(result.detail, "001, 002 are older and not applied");
}

TEST(Adoption, TellsUnknownFromAhead) {
  Adoption result = assess("rails", {{"1"}, {"5"}, {"6"}}, kSet);
  EXPECT_EQ(result.verdict, Verdict::ahead);
  EXPECT_EQ(result.detail, "rails has applied 5, 6, which set default does not have: its newest is 004");
  result = assess("rails", {{"0"}, {"6"}}, kSet);
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_EQ(result.detail, "rails has applied 0, 6, which set default does not have");
  EXPECT_EQ(assess("rails", {{"1"}}, make_set({})).verdict, Verdict::unknown);
}

TEST(Adoption, IsEmptyWhereNothingIsApplied) {
  EXPECT_EQ(assess("rails", {}, kSet).verdict, Verdict::empty);
  const Adoption result = assess("rails", {{"3"}}, kSet);
  EXPECT_EQ(result.verdict, Verdict::empty);
  EXPECT_EQ(result.detail, "nothing that rails has applied is for this target");
}

TEST(Adoption, TakesTheNewestVersionForAllBeforeIt) {
  EXPECT_EQ(versions(kSet, assess("golang-migrate", {{"4", "f"}}, kSet)), "001 002 004");
  EXPECT_EQ(assess("golang-migrate", {{"-1", "f"}}, kSet).verdict, Verdict::empty);
  const Adoption dirty = assess("golang-migrate", {{"2", "t"}}, kSet);
  EXPECT_EQ(dirty.verdict, Verdict::dirty);
  EXPECT_EQ(dirty.detail, "golang-migrate has 2 as failed half-way");
}

TEST(Adoption, TakesAlembicRevisionsAsTheyAre) {
  const MigrationSet set = described({{"0ab1", ""}, {"1cd2", ""}, {"2ef3", ""}});
  EXPECT_EQ(versions(set, assess("alembic", {{"1cd2"}}, set)), "0ab1 1cd2");
  EXPECT_EQ(versions(set, assess("alembic", {{"0ab1"}, {"2ef3"}}, set)), "0ab1 1cd2 2ef3");
  EXPECT_EQ(assess("alembic", {{"ab1"}}, set).verdict, Verdict::unknown);
  EXPECT_EQ(assess("alembic", {{"ffff"}}, set).verdict, Verdict::unknown);
}

TEST(Adoption, FollowsGooseUpAndDown) {
  const auto row = [](const char* version, const char* applied, std::int64_t id) {
    return ToolRow{.version = version, .state = applied, .order = id};
  };
  const std::vector<ToolRow> rows{row("2", "f", 4), row("0", "t", 1), row("1", "t", 2),
                                  row("2", "t", 3), row("4", "f", 6), row("4", "t", 7)};
  EXPECT_EQ(versions(kSet, assess("goose", rows, kSet)), "001 004");
}

TEST(Adoption, ReadsFlywaysKindsOfRows) {
  const MigrationSet set = make_set({"1", "1.1", "2", "3", "R__viewr"});
  const auto row = [](std::optional<std::string> version, const char* kind, std::int64_t rank,
                      const char* success = "t") {
    return ToolRow{.version = std::move(version), .state = success, .kind = kind, .order = rank, .applied_at = rank};
  };
  EXPECT_EQ(versions(set, assess("flyway",
                                 {row({}, "SCHEMA", 0), row("1", "SQL", 1), row("1.1", "SQL", 2), row({}, "SQL", 3),
                                  row("2", "SQL", 4), row("2", "UNDO_SQL", 5)},
                                 set)),
            "1 1.1");
  const Adoption baseline = assess("flyway", {row("1.5", "BASELINE", 1), row("2", "SQL", 2)}, set);
  EXPECT_EQ(versions(set, baseline), "1 1.1 2");
  EXPECT_EQ(baseline.applied.back().applied_at, 2);
  EXPECT_EQ(versions(set, assess("flyway", {row("2", "SQL_BASELINE", 1)}, set)), "1 1.1 2");
  EXPECT_EQ(assess("flyway", {row("1", "SQL", 1), row("1.1", "SQL", 2, "f")}, set).verdict, Verdict::dirty);
  EXPECT_EQ(assess("flyway", {row("1", "SQL", 1), row({}, "SQL", 2, "f")}, set).verdict, Verdict::dirty);
  EXPECT_EQ(assess("flyway", {row("0", "BASELINE", 1)}, set).verdict, Verdict::empty);
}

TEST(Adoption, ReadsPrismasTimes) {
  const MigrationSet set = described({{"20240101000000", "init"}, {"20240102000000", "add users"}});
  const auto row = [](const char* name, bool finished, bool undone, std::int64_t order) {
    ToolRow result{.version = name, .order = order};
    if (finished) result.state = "2024-01-01";
    if (undone) result.undone = "2024-01-01";
    return result;
  };
  EXPECT_EQ(
      versions(set, assess("prisma",
                           {row("20240101000000_init", true, false, 1), row("20240102000000_add_users", false, true, 2),
                            row("20240102000000_add_users", true, false, 3)},
                           set)),
      "20240101000000 20240102000000");
  EXPECT_EQ(versions(set, assess("prisma",
                                 {row("20240101000000_init", true, false, 1),
                                  row("20240102000000_add_users", false, true, 2)},
                                 set)),
            "20240101000000");
  EXPECT_EQ(assess("prisma", {row("20240101000000_init", false, false, 1)}, set).verdict, Verdict::dirty);
  const MigrationSet by_name = described({{"20240101000000_init", "init"}, {"20240102000000_users", "users"}});
  EXPECT_EQ(
      versions(by_name,
               assess("prisma", {row("20240101000000_init", true, false, 1), row("20240102_users", true, false, 2)},
                      by_name)),
      "20240101000000_init 20240102000000_users");
}

TEST(Adoption, ReadsNamesAsFilesHaveThem) {
  const MigrationSet set = described({{"0001", "initial"}, {"0002", ""}, {"1546300800", "add users"}});
  EXPECT_EQ(versions(set, assess("node-pg-migrate", {{"0001_initial"}, {"0002_x"}, {"1546300800_add-users"}}, set)),
            "0001 0002 1546300800");
  EXPECT_EQ(versions(set, assess("knex", {{"0001_initial.js"}, {"1546300800_add_users.ts"}}, set)), "0001 1546300800");
  EXPECT_EQ(versions(set, assess("sql-migrate", {{"0001-initial.sql"}}, set)), "0001");
  EXPECT_EQ(versions(set, assess("archify", {{"0001_initial"}}, set)), "0001");
  const Adoption other = assess("knex", {{"0001_other.js"}}, set);
  EXPECT_EQ(other.verdict, Verdict::unknown) << "another migration with the same number";
}

TEST(Adoption, ChoosesAmongDjangosApps) {
  const MigrationSet set = described({{"0001", "initial"}, {"0002", "more"}});
  const auto row = [](const char* app, const char* name) { return ToolRow{.version = name, .group = app}; };
  const std::vector<ToolRow> rows{row("auth", "0001_initial"), row("auth", "0002_alter"), row("shop", "0001_initial")};
  EXPECT_EQ(versions(set, assess("django", rows, set, {}, "shop")), "0001");
  EXPECT_EQ(assess("django", rows, set, {}, "auth").verdict, Verdict::unknown);
  EXPECT_EQ(assess("django", rows, set, {}, "blog").verdict, Verdict::empty);
  EXPECT_THROW(assess("django", rows, set), Error);
}

TEST(Adoption, FollowsTheChangesOfSqitch) {
  const MigrationSet set = described({{"0001", "users: first"}, {"0002", "flips"}, {"0003", "users: again"}});
  EXPECT_EQ(versions(set, assess("sqitch", {{.version = "users", .order = 1}, {.version = "flips", .order = 2}}, set)),
            "0001 0002");
  EXPECT_EQ(
      versions(
          set,
          assess("sqitch",
                 {{.version = "users", .order = 3}, {.version = "flips", .order = 2}, {.version = "users", .order = 1}},
                 set)),
      "0001 0002 0003");
  EXPECT_EQ(assess("sqitch", {{.version = "user"}}, set).verdict, Verdict::unknown);
}

TEST(Adoption, ReadsDieselsVersionsWithoutDashes) {
  const MigrationSet set = make_set({"00000000000000", "2018-04-24-145128"});
  EXPECT_EQ(versions(set, assess("diesel", {{"00000000000000"}, {"20180424145128"}}, set)),
            "00000000000000 2018-04-24-145128");
}

TEST(Adoption, LeavesAloneWhatIsTracked) {
  Adoption result = assess("rails", {{"1"}, {"2"}}, kSet, {"001", "002", "004"});
  EXPECT_EQ(result.verdict, Verdict::tracked);
  EXPECT_EQ(result.revision, "004");
  EXPECT_EQ(result.detail, "");
  result = assess("rails", {{"1"}, {"2"}, {"4"}}, kSet, {"001"});
  EXPECT_EQ(result.verdict, Verdict::differs);
  EXPECT_EQ(result.revision, "001");
  EXPECT_EQ(result.detail, "002, 004 not recorded here");
  EXPECT_EQ(assess("rails", {{"7"}}, kSet, {"001"}).verdict, Verdict::differs);
  EXPECT_EQ(assess("rails", {}, kSet, {"001"}).verdict, Verdict::tracked);
}

TEST(Adoption, MergesWhatGoesAlong) {
  const HistoryTool& rails = find_history_tool("rails");
  const auto merged = [&](const std::vector<ToolRow>& rows, const std::vector<std::string>& tracked) {
    return assess_adoption(rails, read_history_rows(rails, rows, {}), kSet, TargetKind::tenant, make_history(tracked),
                           Merge::yes);
  };
  Adoption result = merged({{"1"}, {"2"}}, {"001"});
  EXPECT_EQ(result.verdict, Verdict::adoptable);
  EXPECT_EQ(result.revision, "002");
  EXPECT_EQ(versions(kSet, result), "002");
  EXPECT_TRUE(result.unwritten.empty());
  result = merged({{"1"}}, {"001", "002"});
  EXPECT_EQ(result.verdict, Verdict::tracked);
  EXPECT_EQ(result.detail, "002 not in its table yet");
  EXPECT_EQ(result.unwritten, std::vector<std::size_t>{1});
  EXPECT_EQ(merged({{"1"}, {"7"}}, {"001", "002"}).verdict, Verdict::differs);
  EXPECT_TRUE(merged({{"1"}, {"7"}}, {"001", "002"}).unwritten.empty());
}

TEST(HistoryTool, IsRecognisedByItsColumns) {
  EXPECT_EQ(recognise_history(std::vector<std::string>{"version"}), "rails or dbmate");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"version", "dirty"}), "golang-migrate");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"version_num"}), "alembic");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"version", "run_on"}), "diesel");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"version", "applied_at"}), "archify");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"id", "name", "run_on"}), "node-pg-migrate");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"id", "name", "batch", "migration_time"}), "knex");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"version", "note"}), "");
  EXPECT_EQ(recognise_history(std::vector<std::string>{"id", "version_id", "is_applied", "tstamp"}), "goose");
}

TEST(HistoryTool, NamesTheToolsThatAreKnown) {
  EXPECT_EQ(find_history_tool("goose").table, "goose_db_version");
  try {
    (void)find_history_tool("alembik");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "no tool \"alembik\" is known");
    EXPECT_NE(error.hint().find("alembic, flyway"), std::string::npos);
  }
}

}  // namespace
}  // namespace tenancy::core
