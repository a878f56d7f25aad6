// Fleets that sqitch itself has deployed: its plan loaded, its registries adopted, all brought to head, and sqitch used
// beside from then on.
#include <gmock/gmock.h>

#include <array>
#include <filesystem>

#include "tests/driver/command_line.h"
#include "tests/system/cluster.h"
#include "tests/system/databases.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using driver::CommandLine;
using testing::HasSubstr;

constexpr int kTenants = 6;

struct Change {
  const char* name;
  const char* line;  ///< of the plan, behind the name
  const char* deploy;
  const char* revert;
};

/// What a plan may have: requirements and conflicts, tags, notes of several lines, a change that was reworked.
constexpr std::array<Change, 4> kChanges{{
    {"users", "2024-01-01T00:00:00Z Ann Bée <ann@example.com> # users of a shop\\n\\nand \\\\ more of \"them\"",
     "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL);", "DROP TABLE users;"},
    {"sub/notes",
     "[users !other:thing] 2024-01-02T00:00:00Z Ann Bée <ann@example.com>\n"
     "@v1 2024-01-03T00:00:00Z Bob <bob@example.com> # The first one",
     "CREATE TABLE notes (id bigserial PRIMARY KEY, author bigint REFERENCES users);", "DROP TABLE notes;"},
    {"authors",
     "[shop:users sub/notes@v1] 2024-01-04T00:00:00Z Bob <bob@example.com> # by author\n"
     "@v2 2024-01-05T00:00:00Z Bob <bob@example.com>\n"
     "@v2.1 2024-01-05T00:00:00Z Bob <bob@example.com>",
     "CREATE INDEX notes_author_idx ON notes (author);", "DROP INDEX notes_author_idx;"},
    {"users", "[users@v2] 2024-01-06T00:00:00Z Bob <bob@example.com> # reworked", "ALTER TABLE users ADD name text;",
     "ALTER TABLE users DROP name;"},
}};
/// For sqitch, where names are not enough.
constexpr std::array<const char*, 4> kPlaces{"users@v1", "sub/notes", "authors", "users@HEAD"};

/// What registries of targets that stand at one place have in common.
constexpr const char* kRegistry =
    "SELECT string_agg(row, E'\\n' ORDER BY row COLLATE \"C\") FROM ("
    " SELECT 'change ' || ROW(change_id, script_hash, change, project, note, planned_at, planner_name, planner_email)"
    "   FROM sqitch.changes UNION ALL"
    " SELECT 'tag ' || ROW(tag_id, tag, project, change_id, note, planned_at, planner_name, planner_email)"
    "   FROM sqitch.tags UNION ALL"
    " SELECT 'needs ' || ROW(d.*) FROM sqitch.dependencies d UNION ALL"
    " SELECT 'project ' || ROW(project, uri) FROM sqitch.projects UNION ALL"
    " SELECT 'release ' || version FROM sqitch.releases UNION ALL"
    " SELECT 'event ' || ROW(event, change_id, change, project, note, requires, conflicts, tags, planned_at,"
    "                        planner_name, planner_email) FROM sqitch.events) AS rows (row)";

class SqitchTest : public Databases {
 protected:
  SqitchTest() {
    line_.folder().write("tenancy.toml", "database = \"" + cluster().conninfo(database()) + "\"\n");
    std::string plan = "%syntax-version=1.0.0\n%project=shop\n%uri=https://example.com/shop\n\n";
    for (const Change& change : kChanges) plan += std::string(change.name) + " " + change.line + "\n";
    line_.folder().write("shop/sqitch.plan", plan);
    line_.folder().write("shop/sqitch.conf", "[core]\n\tengine = pg\n");
    write_script("users@v2", kChanges[0]);
    write_script("sub/notes", kChanges[1]);
    write_script("authors", kChanges[2]);
    write_script("users", kChanges[3]);
  }

  void write_script(const std::string& name, const Change& change) {
    line_.folder().write("shop/deploy/" + name + ".sql", in_transaction(change.deploy));
    line_.folder().write("shop/revert/" + name + ".sql", in_transaction(change.revert));
    line_.folder().write("shop/verify/" + name + ".sql", "SELECT 1;\n");
  }

  /// What sqitch says in one database.
  std::string sqitch(const std::string& name, const std::string& words, const std::string& environment = {}) const {
    return run_command("cd " + shell_word((line_.folder().path() / "shop").string()) + " && " + environment +
                       " SQITCH_FULLNAME=Ann SQITCH_EMAIL=ann@example.com sqitch " + words + " --target " +
                       shell_word("db:pg://postgres@/" + name + "?host=" + cluster().sockets().string()) + " 2>&1");
  }

  /// The first changes of the plan.
  void deploy(const std::string& name, std::size_t count) const {
    if (count > 0) sqitch(name, std::string("deploy --to ") + kPlaces[count - 1]);
  }

  void make_fleet(Connection& session) {
    for (int i = 1; i <= kTenants; ++i) {
      std::string const name = tenant(i);
      make(name);
      deploy(name, static_cast<std::size_t>(i) % 5);
      add(session, {name});
    }
  }

  static std::string tenant(int number) { return "q_" + std::to_string(number); }

  static Value registry(const std::string& name) { return cluster().connect(name).value(kRegistry); }

  [[nodiscard]] static std::string definition(const std::string& name) {
    return schema_definition(cluster().conninfo(name), "public");
  }

  int run(std::vector<std::string> words) { return line_.run(std::move(words)); }

  CommandLine line_;

 private:
  static std::string in_transaction(const std::string& sql) { return "BEGIN;\n\n" + sql + "\n\nCOMMIT;\n"; }
};

TEST_F(SqitchTest, MovesAFleetOfDatabasesOver) {
  make("reference");
  deploy("reference", kChanges.size());
  Connection session = connect();
  make_fleet(session);
  Value const before = registry(tenant(1));
  ASSERT_EQ(run({"load", "shop"}), driver::kDone) << line_.errors();
  ASSERT_EQ(run({"adopt", "--from", "sqitch", "--apply"}), driver::kDone) << line_.errors() << line_.output();
  EXPECT_THAT(line_.output(), HasSubstr("5 adopted, 1 empty"));
  ASSERT_EQ(run({"upgrade"}), driver::kDone) << line_.errors() << line_.output();
  for (int i = 1; i <= kTenants; ++i) EXPECT_EQ(definition(tenant(i)), definition("reference")) << i;
  EXPECT_EQ(registry(tenant(1)), before) << "sqitch's own tables are as sqitch left them";
}

TEST_F(SqitchTest, IsKeptUpToDate) {
  make("reference");
  deploy("reference", kChanges.size());
  Connection session = connect();
  make_fleet(session);
  ASSERT_EQ(run({"load", "shop"}), driver::kDone) << line_.errors();
  ASSERT_EQ(run({"adopt", "--from", "sqitch", "--app", "shop", "--apply", "--sync"}), driver::kDone)
      << line_.errors() << line_.output();
  ASSERT_EQ(run({"upgrade"}), driver::kDone) << line_.errors() << line_.output();
  for (int i = 1; i <= kTenants; ++i) {
    EXPECT_EQ(definition(tenant(i)), definition("reference")) << i;
    EXPECT_EQ(registry(tenant(i)), registry("reference")) << i;
  }
  // One that sqitch began, and one that it never saw.
  for (int const i : {1, 5}) {
    EXPECT_THAT(sqitch(tenant(i), "status"), HasSubstr("Nothing to deploy (up-to-date)"));
    EXPECT_THAT(sqitch(tenant(i), "verify"), HasSubstr("Verify successful"));
    EXPECT_THAT(sqitch(tenant(i), "log"), HasSubstr("Deploy"));
    EXPECT_THAT(sqitch(tenant(i), "deploy"), HasSubstr("Nothing to deploy"));
  }

  // What is taken back here, sqitch deploys again; it takes back what was deployed here.
  ASSERT_EQ(run({"downgrade", "0002"}), driver::kDone) << line_.errors() << line_.output();
  EXPECT_THAT(sqitch(tenant(5), "status"), HasSubstr("Undeployed changes:\n  * authors @v2 @v2.1\n  * users"));
  EXPECT_THAT(sqitch(tenant(5), "deploy"), HasSubstr("+ authors @v2 @v2.1 .. ok"));
  EXPECT_EQ(definition(tenant(5)), definition("reference"));
  ASSERT_EQ(run({"upgrade"}), driver::kTargetsFailed);
  EXPECT_THAT(line_.output() + line_.errors(), HasSubstr("sqitch has gone on there, or back, by itself"));
  ASSERT_EQ(run({"adopt", "--from", "sqitch", "--app", "shop", "--apply"}), driver::kDone) << line_.errors();
  ASSERT_EQ(run({"upgrade"}), driver::kDone) << line_.errors() << line_.output();
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state <> 'current' AND tenant IS NOT NULL"),
            "0");
  EXPECT_THAT(sqitch(tenant(1), "revert -y --to @v1"), HasSubstr("- authors @v2 @v2.1 .. ok"));
  EXPECT_THAT(sqitch(tenant(1), "deploy"), HasSubstr("ok"));
  EXPECT_EQ(run({"upgrade"}), driver::kDone) << line_.errors() << line_.output();
}

/// A registry for each schema, as sqitch takes it with --registry: by the extension.
TEST_F(SqitchTest, KeepsARegistryOfEachSchema) {
  Connection session = connect();
  make("reference");
  deploy("reference", kChanges.size());
  cluster().connect("reference").exec("COMMENT ON SCHEMA public IS NULL");
  for (int i = 1; i <= 3; ++i) {
    std::string const schema = "s_" + std::to_string(i);
    session.exec("CREATE SCHEMA " + schema);
    session.query("SELECT tenancy.register_tenant($1, $1)", {schema});
    if (i == 3) continue;
    sqitch(database(), "deploy --to " + std::string(kPlaces[i]) + " --registry sqitch_" + schema,
           "PGOPTIONS='-c search_path=" + schema + "'");
  }
  ASSERT_EQ(run({"load", "shop"}), driver::kDone) << line_.errors();
  session.exec("SELECT tenancy.sync('sqitch', app => 'shop', table_schema => 'sqitch_{{ schema }}')");
  EXPECT_EQ(session.value("SELECT string_agg(state || ' ' || versions, ', ' ORDER BY tenant) FROM"
                          " tenancy.adopt('sqitch', app => 'shop', table_schema => 'sqitch_{{ schema }}',"
                          "               dry_run => false)"),
            "adopted 2, adopted 3, empty 0");
  EXPECT_EQ(session.value("SELECT string_agg(coalesce(error, 'well'), ', ') FROM tenancy.migrate_all()"),
            "well, well, well");
  for (int i = 1; i <= 3; ++i) {
    std::string const schema = "s_" + std::to_string(i);
    EXPECT_EQ(schema_definition(cluster().conninfo(database()), schema), definition("reference")) << i;
    std::string rows = kRegistry;
    for (std::size_t at = 0; (at = rows.find("sqitch.", at)) != std::string::npos; at += schema.size() + 8) {
      rows.replace(at, 6, "sqitch_" + schema);
    }
    EXPECT_EQ(session.value(rows), registry("reference")) << i;
    EXPECT_THAT(sqitch(database(), "status --registry sqitch_" + schema), HasSubstr("Nothing to deploy (up-to-date)"));
  }
  session.exec("SELECT tenancy.downgrade_schema('s_3', '0001')");
  EXPECT_THAT(sqitch(database(), "deploy --registry sqitch_s_3", "PGOPTIONS='-c search_path=s_3'"),
              HasSubstr("+ sub/notes @v1"));
  EXPECT_EQ(schema_definition(cluster().conninfo(database()), "s_3"), definition("reference"));
}

/// One registry cannot serve several targets: the second one is refused, and what the first one has stays.
TEST_F(SqitchTest, RefusesASecondTargetOfARegistry) {
  Connection session = connect();
  for (const std::string schema : {"s_1", "s_2"}) {
    session.exec("CREATE SCHEMA " + schema);
    session.query("SELECT tenancy.register_tenant($1, $1)", {schema});
  }
  ASSERT_EQ(run({"load", "shop"}), driver::kDone) << line_.errors();
  session.exec("SELECT tenancy.sync('sqitch', app => 'shop')");
  session.exec("SELECT tenancy.migrate_schema('s_1')");
  try {
    session.exec("SELECT tenancy.migrate_schema('s_2', '0001')");
    ADD_FAILURE() << "its rows are those of s_1";
  } catch (const PgError& error) {
    EXPECT_THAT(error.report().message, HasSubstr("sqitch has gone on there, or back, by itself"));
    EXPECT_THAT(error.report().hint, HasSubstr("A registry is of one target"));
  }
  EXPECT_EQ(session.value("SELECT count(*) FROM sqitch.changes"), "4");
}

}  // namespace
}  // namespace tenancy::test
