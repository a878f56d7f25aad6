// Migration files on their way into a control database, by the commands that people use.
#include <gmock/gmock.h>

#include "tests/driver/command_line.h"
#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using driver::CommandLine;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class FilesTest : public DatabaseTest {
 protected:
  FilesTest() { line_.folder().write("tenancy.toml", "database = \"" + cluster().conninfo(database()) + "\"\n"); }

  void write(const std::string& name, const std::string& text) { line_.folder().write("migrations/" + name, text); }
  Value stored() { return connect().value("SELECT string_agg(version, ' ' ORDER BY version) FROM tenancy.migrations"); }

  CommandLine line_;
};

TEST_F(FilesTest, AFolderIsStoredAsLoadDirectoryStoresIt) {
  write("001_users.sql",
        "-- MIGRATION_LOCK_TIMEOUT: 3s\n\n-- UPGRADE\nCREATE TABLE users (id int);\n"
        "-- DOWNGRADE\nDROP TABLE users;\n");
  write("002_plans.up.sql", "-- MIGRATION_SCOPE: public\nCREATE TABLE plans (id int);\n");
  write("002_plans.down.sql", "DROP TABLE plans;\n");
  write("003_index/up.sql", "CREATE INDEX CONCURRENTLY i ON users (id);\n");
  write("003_index/metadata.toml", "run_in_transaction = false\n");
  write("views.sql", "-- MIGRATION_REPEATABLE: on\nCREATE OR REPLACE VIEW v AS SELECT 1 AS a;\n");
  ASSERT_EQ(line_.run({"load"}), driver::kDone) << line_.errors();
  EXPECT_THAT(line_.output(), HasSubstr("4 added, 0 updated, 0 unchanged\n"));

  constexpr const char* everything =
      "SELECT to_jsonb(m) - '{created_at,updated_at}'::text[] FROM tenancy.migrations m ORDER BY version";
  Connection session = connect();
  Rows const by_driver = session.query(everything);
  ASSERT_EQ(by_driver.size(), 4U);
  session.exec("DELETE FROM tenancy.migrations");
  // The server reads the folder too.
  std::filesystem::permissions(line_.folder().path(), std::filesystem::perms::all);
  session.query("SELECT * FROM tenancy.load_directory($1)", {(line_.folder().path() / "migrations").string()});
  EXPECT_EQ(session.query(everything), by_driver);
  EXPECT_EQ(line_.run({"load"}), driver::kDone);
  EXPECT_EQ(line_.output(), "0 added, 0 updated, 4 unchanged\n");
}

TEST_F(FilesTest, AllIsStoredOrNothing) {
  write("001_a.sql", "CREATE TABLE a ();\n-- DOWNGRADE\nDROP TABLE a;\n");
  write("002_b.sql", "SELEC 1;\n-- DOWNGRADE\nSELECT 1;\n");
  write("003_c.sql", "CREATE TABLE c ();\n-- DOWNGRADE\n\nDROP TABEL c;\n");
  write("004_d.sql", "CREATE TABEL d ();\n-- DOWNGRADE\nSELECT 1;\n");
  EXPECT_EQ(line_.run({"load"}), driver::kUsage);
  EXPECT_THAT(line_.errors(), HasSubstr("migrations/002_b.sql:1: error: syntax error at or near \"SELEC\"\n"));
  EXPECT_THAT(line_.errors(), HasSubstr("migrations/003_c.sql:4: warning: stored as irreversible, its down SQL cannot "
                                        "run: syntax error at or near \"TABEL\"\n"));
  EXPECT_THAT(line_.errors(), HasSubstr("migrations/004_d.sql:1: error: syntax error at or near \"TABEL\"\n"));
  EXPECT_THAT(line_.output(), HasSubstr("2 refused: nothing was stored\n"));
  EXPECT_EQ(stored(), std::nullopt);

  write("002_b.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;\n");
  write("004_d.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;\n");
  EXPECT_EQ(line_.run({"load", "--dry-run"}), driver::kDone);
  EXPECT_THAT(line_.output(), HasSubstr("4 added, 0 updated, 0 unchanged: nothing was stored"));
  EXPECT_EQ(stored(), std::nullopt);
  EXPECT_EQ(line_.run({"load", "--json"}), driver::kDone);
  EXPECT_THAT(line_.output(), HasSubstr(R"("version":"003","description":"c","action":"added","file":"003_c.sql")"));
  EXPECT_THAT(line_.output(), HasSubstr(R"({"type":"summary","added":4,"updated":0,"unchanged":0,"refused":0)"));
  EXPECT_EQ(stored(), "001 002 003 004");
}

TEST_F(FilesTest, WhatIsAppliedKeepsItsSql) {
  write("001_a.sql", "CREATE TABLE a ();\n-- DOWNGRADE\nDROP TABLE a;\n");
  ASSERT_EQ(line_.run({"load"}), driver::kDone) << line_.errors();
  connect().query("SELECT tenancy.create_tenant('acme')");
  write("001_a.sql", "CREATE TABLE a (id int);\n-- DOWNGRADE\nDROP TABLE a;\n");
  EXPECT_EQ(line_.run({"check"}), driver::kUsage);
  EXPECT_THAT(line_.output(), HasSubstr("it is applied (Applied in schema \"acme\".)"));
  EXPECT_EQ(line_.run({"check", "--offline"}), driver::kDone);
  EXPECT_EQ(line_.run({"load"}), driver::kUsage);
  EXPECT_THAT(line_.errors(), HasSubstr("Put the stored text back"));
}

TEST_F(FilesTest, AFileThatIsGoneIsSaid) {
  write("001_a.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;\n");
  write("002_b.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;\n");
  ASSERT_EQ(line_.run({"load"}), driver::kDone) << line_.errors();
  std::filesystem::remove(line_.folder().path() / "migrations/002_b.sql");
  EXPECT_EQ(line_.run({"load"}), driver::kDone);
  EXPECT_THAT(line_.output(), HasSubstr("no file"));
  EXPECT_THAT(line_.output(), HasSubstr("1 migration is stored without a file"));
  EXPECT_EQ(stored(), "001 002");
}

TEST_F(FilesTest, ManyFilesTakeFewRoundTrips) {
  std::string large = "-- data\n";
  while (large.size() < 5'000'000) large += "INSERT INTO t VALUES ('some words of data');\n";
  for (int i = 1; i <= 300; ++i) {
    write(std::to_string(i) + "_m.sql", (i == 7 ? large : "SELECT 1;\n") + "-- DOWNGRADE\nSELECT 1;\n");
  }
  ASSERT_EQ(line_.run({"load"}), driver::kDone) << line_.errors();
  EXPECT_THAT(line_.output(), HasSubstr("300 added"));
  EXPECT_EQ(connect().value("SELECT sum(length(up_sql)) FROM tenancy.migrations"),
            std::to_string(299 * std::string("SELECT 1;\n").size() + large.size()));
}

TEST_F(FilesTest, ErrorsOfTheServerHaveTheirExitCodes) {
  write("001_a.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;\n");
  EXPECT_EQ(line_.run({"load", "--database", cluster().conninfo("nowhere")}), driver::kCannotConnect);
  EXPECT_THAT(line_.errors(), HasSubstr("database \"nowhere\" does not exist"));
  EXPECT_EQ(line_.run({"load", "--database", cluster().conninfo("postgres")}), driver::kTargetsFailed);
  EXPECT_THAT(line_.errors(), HasSubstr("run CREATE EXTENSION tenancy there"));
  EXPECT_EQ(line_.run({"load", "nodir"}), driver::kUsage);
  EXPECT_THAT(line_.errors(), StartsWith("tenancy: there is no folder nodir\n"));
  EXPECT_THAT(line_.output(), IsEmpty());
}

}  // namespace
}  // namespace tenancy::test
