#include "core/tool_sync.h"

#include <gmock/gmock.h>

#include "core/error.h"

namespace tenancy::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::StartsWith;

MigrationSet set_of(const std::vector<std::string>& versions) {
  std::vector<StoredMigration> migrations;
  for (const std::string& version : versions)
    migrations.push_back({.version = version, .description = {}, .checksum = {}});
  return MigrationSet("default", std::move(migrations));
}

std::vector<AppliedMigration> rows(const std::vector<std::string>& versions) {
  std::vector<AppliedMigration> applied;
  for (const std::string& version : versions) applied.push_back({version, {}});
  return applied;
}

SyncedTool synced(const std::string& tool, const std::string& app = {}) {
  ToolWords words{.tool = tool};
  if (!app.empty()) words.app = app;
  return synced_tool(words, "default", "tenancy_migrations");
}

struct Word {
  const char* tool;
  const char* version;
  const char* filename;
  const char* word;
};

class ToolSyncWords : public testing::TestWithParam<Word> {};

TEST_P(ToolSyncWords, AreTheTools) {
  const Word& word = GetParam();
  const MigrationSet set = set_of({word.version, "99999999999999999"});
  const bool has_group = std::string(word.tool) == "django";
  // Something is applied already, so that no table is made.
  ToolSync sync(synced(word.tool, has_group ? "shop" : ""), set, "acme", rows({"99999999999999999"}));
  const std::vector<TargetStatement> up = sync.record(0, Direction::up, {.name = word.filename});
  ASSERT_EQ(up.size(), 2U);
  EXPECT_THAT(up[0].sql, StartsWith("DELETE FROM \"acme\"."));
  EXPECT_THAT(up[1].sql, StartsWith("INSERT INTO \"acme\"."));
  for (const TargetStatement& one : up) EXPECT_THAT(one.parameters.front(), Optional(std::string(word.word)));
  EXPECT_EQ(sync.record(0, Direction::down, {.name = word.filename}).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, ToolSyncWords,
    testing::Values(Word{"rails", "007", "db/007_users.sql", "7"}, Word{"dbmate", "007", "db/007_users.sql", "007"},
                    Word{"goose", "00012", "", "12"}, Word{"goose", "000", "", "0"},
                    Word{"pop", "20240101", "", "20240101"},
                    Word{"diesel", "2018-04-24-145128", "2018-04-24-145128_users/up.sql", "20180424145128"},
                    Word{"django", "0001", "shop/0001_initial.sql", "0001_initial"},
                    Word{"django", "0001", "shop/0001_initial.up.sql", "0001_initial"},
                    Word{"django", "0001", "shop/0001_initial/up.sql", "0001_initial"},
                    Word{"node-pg-migrate", "1", "a.b/1_users.sql", "1_users"},
                    Word{"knex", "1", "1_users.sql", "1_users"}, Word{"yoyo", "1", "db/1_users.sql", "1_users"},
                    Word{"archify", "003", "003_add_avatar.sql", "003_add_avatar"},
                    Word{"sql-migrate", "1", "db/1_users.sql", "1_users.sql"}));

TEST(ToolSync, HoldsTheNewestAloneWhereTheToolDoes) {
  const MigrationSet set = set_of({"001", "002", "003"});
  ToolSync sync(synced("golang-migrate"), set, "acme", rows({"001"}));
  const std::vector<TargetStatement> up = sync.record(1, Direction::up, {});
  ASSERT_EQ(up.size(), 3U);
  EXPECT_THAT(up[0].parameters, ElementsAre(Optional(std::string("{\"1\"}"))));
  EXPECT_THAT(up[2].parameters, ElementsAre(Optional(std::string("2"))));
  // Out of order: the newest stays.
  ToolSync late(synced("golang-migrate"), set, "acme", rows({"003"}));
  EXPECT_THAT(late.record(0, Direction::up, {})[2].parameters, ElementsAre(Optional(std::string("3"))));
  // Nothing is left.
  EXPECT_EQ(ToolSync(synced("golang-migrate"), set, "acme", rows({"001"})).record(0, Direction::down, {}).size(), 2U);
}

TEST(ToolSync, HoldsTheHeadsOfAGraph) {
  std::vector<StoredMigration> migrations{{.version = "a1", .description = {}, .checksum = {}},
                                          {.version = "b2", .description = {}, .checksum = {}},
                                          {.version = "c3", .description = {}, .checksum = {}},
                                          {.version = "d4", .description = {}, .checksum = {}},
                                          {.version = "001", .description = {}, .checksum = {}}};
  migrations[0].after.emplace();
  migrations[1].after = {"a1"};
  migrations[2].after = {"a1"};
  migrations[3].after = {"b2", "c3"};
  const MigrationSet set("default", migrations);
  ToolSync sync(synced("alembic"), set, "acme", rows({"a1", "b2"}));
  const std::vector<TargetStatement> up = sync.record(set.find("c3").value(), Direction::up, {});
  ASSERT_EQ(up.size(), 4U);
  EXPECT_THAT(up[0].parameters, ElementsAre(Optional(std::string("{\"b2\"}"))));
  EXPECT_THAT(up[2].parameters, ElementsAre(Optional(std::string("b2"))));
  EXPECT_THAT(up[3].parameters, ElementsAre(Optional(std::string("c3"))));
  const std::vector<TargetStatement> merged = sync.record(set.find("d4").value(), Direction::up, {});
  ASSERT_EQ(merged.size(), 3U);
  EXPECT_THAT(merged[2].parameters, ElementsAre(Optional(std::string("d4"))));
  // Alembic does not know what comes behind its revisions.
  EXPECT_THAT(sync.record(set.find("001").value(), Direction::up, {})[2].parameters,
              ElementsAre(Optional(std::string("d4"))));
}

TEST(ToolSync, MakesTheTableWhereNothingIsApplied) {
  const MigrationSet set = set_of({"001"});
  ToolSync sync(synced("goose"), set, "acme", {});
  EXPECT_THAT(sync.check(std::vector<Step>{{.migration = 0}}, [](std::size_t) { return ToolFile(); }), IsEmpty());
  const std::vector<TargetStatement> up = sync.record(0, Direction::up, {});
  ASSERT_EQ(up.size(), 4U);
  EXPECT_THAT(up[0].sql, StartsWith("CREATE TABLE IF NOT EXISTS \"acme\".\"goose_db_version\""));
  EXPECT_THAT(up[1].sql, HasSubstr("SELECT 0, true"));
}

TEST(ToolSync, LooksForWhatTheToolHasApplied) {
  const MigrationSet set = set_of({"001", "002", "003"});
  const ToolSync sync(synced("dbmate"), set, "acme", rows({"001"}));
  const std::vector<Step> steps{{.migration = 1}, {.migration = 2}};
  const auto check = sync.check(steps, [](std::size_t) { return ToolFile(); });
  ASSERT_EQ(check.size(), 1U);
  EXPECT_THAT(check[0].parameters,
              ElementsAre(Optional(std::string("{\"002\",\"003\"}")), Optional(std::string("{\"001\"}"))))
      << "and for what it has taken back";
  EXPECT_THAT(sync.check({}, [](std::size_t) { return ToolFile(); }), IsEmpty());
}

TEST(ToolSync, TellsWhatATableLacksFromWhatItHas) {
  EXPECT_EQ(describe_difference(synced("dbmate"), "007").detail, "Its table \"schema_migrations\" has \"007\".");
  const ForeignTable lacks = describe_difference(synced("dbmate"), std::string(kToolLacks) + "007");
  EXPECT_EQ(lacks.detail, "Its table \"schema_migrations\" has no \"007\", which is recorded here as applied.");
  EXPECT_THAT(lacks.hint, HasSubstr("tenancy.resolve(schema, version, 'pending')"));
}

TEST(ToolSync, ChecksNoFilesOfWhatIsApplied) {
  const MigrationSet set = set_of({"001", "002"});
  const ToolSync sync(synced("knex"), set, "acme", rows({"001"}));
  const std::vector<Step> steps{{.migration = 1}};
  const auto check = sync.check(steps, [](std::size_t) { return ToolFile{.name = "002_notes.sql"}; });
  ASSERT_EQ(check.size(), 1U);
  EXPECT_EQ(check[0].parameters.size(), 1U);
}

TEST(ToolSync, WritesWhatFlywayKnowsOfAFile) {
  std::vector<StoredMigration> migrations(2);
  migrations[0].version = "1.2";
  migrations[1].version = "R__all_views";
  migrations[1].repeatable = true;
  const MigrationSet set("default", migrations);
  ToolSync sync(synced("flyway"), set, "acme", {});
  const ToolFile file{.name = "db/V1_2__add_users.sql", .checksum = "-7"};
  const std::vector<TargetStatement> first = sync.record(0, Direction::up, file);
  ASSERT_EQ(first.size(), 4U);
  EXPECT_THAT(first[0].sql, StartsWith("CREATE TABLE IF NOT EXISTS \"acme\".\"flyway_schema_history\""));
  EXPECT_THAT(first[1].sql, HasSubstr("_s_idx ON \"acme\".\"flyway_schema_history\""));
  EXPECT_THAT(first[3].parameters,
              ElementsAre(Optional(std::string("1.2")), Optional(std::string("-7")),
                          Optional(std::string("db/V1_2__add_users.sql")), Optional(std::string("add users"))));
  const std::vector<TargetStatement> again = sync.record(1, Direction::up, {"R__all_views.sql", "8"});
  ASSERT_EQ(again.size(), 1U) << "a row for each time";
  EXPECT_THAT(again[0].parameters,
              ElementsAre(Optional(std::string()), Optional(std::string("8")),
                          Optional(std::string("R__all_views.sql")), Optional(std::string("all views"))));
  EXPECT_THAT(sync.record(1, Direction::down, {"R__all_views.sql", "8"})[0].parameters,
              ElementsAre(Optional(std::string("R__all_views.sql"))));
}

TEST(ToolSync, WritesWhatPrismaKnowsOfAFile) {
  const MigrationSet set = set_of({"001", "20240131120000"});
  ToolSync sync(synced("prisma"), set, "acme", rows({"001"}));
  const std::vector<TargetStatement> up =
      sync.record(1, Direction::up, {"migrations/20240131120000_users/migration.sql", "abc"});
  ASSERT_EQ(up.size(), 2U);
  EXPECT_THAT(up[0].sql, HasSubstr("rolled_back_at IS NULL"));
  EXPECT_THAT(up[1].parameters,
              ElementsAre(Optional(std::string("20240131120000_users")), Optional(std::string("abc"))));
}

TEST(ToolSync, WritesTheRegistryOfSqitch) {
  std::vector<StoredMigration> migrations;
  for (const char* description : {"users: of a shop", "notes"}) {
    migrations.push_back(
        {.version = "000" + std::to_string(migrations.size() + 1), .description = description, .checksum = {}});
  }
  const MigrationSet set("default", std::move(migrations));
  const SyncedTool synced =
      synced_tool({.tool = "sqitch", .table = {}, .schema = "sqitch_{{ schema }}", .version_column = {}, .app = "shop"},
                  "default", "t");
  const ToolFile file{"deploy/notes.sql", R"({"shop","","id"})"};
  ToolSync sync(synced, set, "acme", rows({"0001"}));
  const std::vector<TargetStatement> up = sync.record(1, Direction::up, file);
  EXPECT_THAT(up.front().sql, HasSubstr("FROM \"sqitch_acme\".\"changes\" WHERE project = $2"));
  EXPECT_THAT(up.front().parameters, ElementsAre(Optional(std::string(R"({"users"})")), Optional(std::string("shop"))));
  EXPECT_THAT(up[1].sql, HasSubstr("LOCK TABLE \"sqitch_acme\".changes"));
  EXPECT_THAT(up.back().sql, HasSubstr("'deploy'"));
  EXPECT_THAT(up.back().parameters, ElementsAre(Optional(file.checksum)));
  const std::vector<TargetStatement> down = sync.record(1, Direction::down, file);
  EXPECT_THAT(down.front().parameters.front(), Optional(std::string(R"({"notes","users"})")));
  EXPECT_THAT(down.back().sql, HasSubstr("DELETE FROM \"sqitch_acme\".changes"));
  EXPECT_THROW((void)sync.record(1, Direction::up, {"deploy/notes.sql", ""}), Error);
  EXPECT_THROW((void)sync.record(1, Direction::up, {"deploy/notes.sql", R"({"other","","id"})"}), Error);
  ToolSync fresh(synced, set, "acme", {});
  EXPECT_THAT(fresh.record(0, Direction::up, file).front().sql, HasSubstr("CREATE SCHEMA \"sqitch_acme\""));
}

TEST(ToolSync, RefusesWhatItCannotWrite) {
  EXPECT_THROW((void)synced_tool({.tool = "my_table"}, "default", "t"), Error);
  EXPECT_THROW((void)synced_tool({.tool = "sqitch"}, "default", "t"), Error) << "of which project?";
  EXPECT_THROW((void)synced_tool({.tool = "django"}, "default", "t"), Error);
  EXPECT_EQ(synced_tool({.tool = "django"}, "shop", "t").group, "shop");
  EXPECT_EQ(synced_tool({.tool = "django", .app = "blog"}, "shop", "t").group, "blog");
  EXPECT_EQ(synced_tool({.tool = "rails"}, "shop", "t").group, "");
  EXPECT_THROW((void)synced_tool({.tool = "rails", .table = {}, .schema = "public"}, "default", "t"), Error);
  EXPECT_THROW((void)synced_tool({.tool = "rails"}, "default", "schema_migrations"), Error);
  const MigrationSet set = set_of({"001"});
  ToolSync sync(synced("knex"), set, "acme", {});
  EXPECT_THROW((void)sync.record(0, Direction::up, {}), Error);
  // What was never a file of the tool's has no checksum.
  for (const char* tool : {"flyway", "prisma"}) {
    ToolSync other(synced(tool), set, "acme", {});
    EXPECT_THROW((void)other.record(0, Direction::up, {.name = "001_users.sql", .checksum = {}}), Error) << tool;
  }
}

}  // namespace
}  // namespace tenancy::core
