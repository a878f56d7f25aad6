// tenancy adopt and baseline: histories of other tools, in schemas and in databases with and without the extension.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/system/driver_fleet.h"

namespace tenancy::test {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class DriverAdopt : public FleetTest {
 protected:
  struct Said {
    int code;
    std::string output, error;
  };
  [[nodiscard]] Said tenancy(const std::vector<std::string>& arguments) const {
    DriverProcess process(words(arguments), folder_);
    int const code = process.wait();
    return {code, process.output(), process.error()};
  }

  /// The state and the revision of each tenant, in the order of their names.
  [[nodiscard]] std::map<std::string, std::string> adopt(std::vector<std::string> arguments, int expected_code) const {
    arguments.insert(arguments.begin(), {"adopt", "--from", "goose", "--json"});
    Said const said = tenancy(arguments);
    EXPECT_EQ(said.code, expected_code) << said.error;
    std::map<std::string, std::string> states;
    std::istringstream lines(said.output);
    for (std::string line; std::getline(lines, line);) {
      json::object const row = json::parse(line).as_object();
      if (row.contains("summary") || row.at("tenant").is_null()) continue;
      std::string text(row.at("state").as_string());
      if (!row.at("revision").is_null()) text += " " + std::string(row.at("revision").as_string());
      states.emplace(row.at("tenant").as_string(), text);
    }
    return states;
  }

  /// What goose would have done there.
  static void migrate_with_goose(Connection session, const std::string& schema, int version, bool is_dirty = false) {
    session.exec("SET search_path TO " + schema +
                 "; CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL,"
                 "  is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());"
                 "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true);"
                 "CREATE TABLE applied (version text)");
    for (int i = 1; i <= version; ++i) {
      std::string const name = "00" + std::to_string(i);
      session.exec("CREATE TABLE t" + name + " (id int PRIMARY KEY, note text NOT NULL);" +
                   "INSERT INTO applied VALUES ('" + name + "');" +
                   "INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (" + std::to_string(i) +
                   ", true, '2024-01-0" + std::to_string(i) + " 12:00')");
    }
    if (is_dirty) session.exec("ALTER TABLE goose_db_version DROP COLUMN is_applied");
  }

  std::filesystem::path folder_{};  ///< where the driver runs
  [[nodiscard]] std::string here(int i) const { return database() + "_d" + std::to_string(i); }
  [[nodiscard]] std::string there(int i) const { return database() + "_eu" + std::to_string(i); }
};

TEST_F(DriverAdopt, BringsAHybridFleetOfAnotherToolToHead) {
  register_other(other_cluster().conninfo());
  add_migrations({"001", "002", "003"});
  add_schemas(2);
  add_databases(2);
  add_databases_on_other(1);
  migrate_with_goose(connect(), "t1", 1);
  migrate_with_goose(connect(), "t2", 3);
  migrate_with_goose(cluster().connect(here(1)), "public", 2);
  migrate_with_goose(other_cluster().connect(there(1)), "public", 1);
  std::string const rows = "SELECT string_agg(g::text, ' ' ORDER BY id) FROM goose_db_version g";
  std::string const before = cluster().connect(here(1)).value(rows).value();

  // Nobody is migrated twice, wherever it lives.
  Said const refused = tenancy({"upgrade"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.output + refused.error,
              AllOf(HasSubstr("database \"" + here(1)), HasSubstr("server \"eu\""),
                    HasSubstr("goose has applied migrations there, and none of them is recorded here"),
                    HasSubstr("tenancy adopt --from goose")));

  EXPECT_THAT(adopt({}, 0), UnorderedElementsAre(Pair(here(1), "adoptable 002"), Pair(here(2), "tracked 003"),
                                                 Pair(there(1), "adoptable 001"), Pair("t1", "adoptable 001"),
                                                 Pair("t2", "adoptable 003")));
  EXPECT_FALSE(cluster().connect(here(1)).value("SELECT to_regclass('schema_migrations')"));
  EXPECT_THAT(adopt({"--apply"}, 0), UnorderedElementsAre(Pair(here(1), "adopted 002"), Pair(here(2), "tracked 003"),
                                                          Pair(there(1), "adopted 001"), Pair("t1", "adopted 001"),
                                                          Pair("t2", "adopted 003")));
  EXPECT_EQ(
      cluster().connect(here(1)).value("SELECT applied_at::timestamp FROM schema_migrations WHERE version = '002'"),
      "2024-01-02 12:00:00");

  EXPECT_EQ(tenancy({"upgrade"}).code, 0);
  for (const std::string& name : {here(1), here(2)}) {
    EXPECT_EQ(cluster().connect(name).value("SELECT string_agg(version, ' ' ORDER BY version) FROM applied"),
              "001 002 003");
  }
  EXPECT_EQ(cluster().connect(here(1)).value(rows), before);
  EXPECT_THAT(adopt({"--apply", "--tenant", here(1), "--tenant", "t1"}, 0),
              UnorderedElementsAre(Pair(here(1), "tracked 003"), Pair("t1", "tracked 003")));
}

TEST_F(DriverAdopt, KeepsTheTablesOfTheOtherToolUpToDate) {
  add_migrations({"001", "002"});
  add_schemas(1);
  add_databases(3);
  cluster().connect(here(2)).exec("CREATE EXTENSION tenancy");
  migrate_with_goose(connect(), "t1", 1);
  migrate_with_goose(cluster().connect(here(1)), "public", 1);
  migrate_with_goose(cluster().connect(here(2)), "public", 2);
  EXPECT_THAT(adopt({"--apply", "--sync"}, 0),
              UnorderedElementsAre(Pair("t1", "adopted 001"), Pair(here(1), "adopted 001"),
                                   Pair(here(2), "adopted 002"), Pair(here(3), "empty base")));
  connect().exec(
      "SELECT tenancy.add_migration('003', 'CREATE INDEX CONCURRENTLY applied_idx ON applied (version)',"
      "  'DROP INDEX CONCURRENTLY applied_idx', transactional => false)");
  auto const expect_rows = [&](const std::string& expected) {
    std::string const rows = "SELECT string_agg(version_id::text, ' ' ORDER BY version_id) FROM ";
    EXPECT_EQ(connect().value(rows + "t1.goose_db_version"), expected);
    for (int i = 1; i <= 3; ++i) EXPECT_EQ(cluster().connect(here(i)).value(rows + "goose_db_version"), expected) << i;
  };
  Said const up = tenancy({"upgrade"});
  EXPECT_EQ(up.code, 0) << up.output << up.error;
  expect_rows("0 1 2 3");
  EXPECT_EQ(tenancy({"downgrade", "001"}).code, 0);
  expect_rows("0 1");

  // goose goes on by itself in a database, with and without the extension there.
  for (int i : {1, 2}) {
    cluster().connect(here(i)).exec(
        "CREATE TABLE t002 (id int PRIMARY KEY, note text NOT NULL); INSERT INTO applied VALUES ('002');"
        "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true)");
  }
  Said const said = tenancy({"upgrade"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.output + said.error, HasSubstr("goose has gone on there, or back, by itself"));
  EXPECT_THAT(adopt({"--apply"}, 0), UnorderedElementsAre(Pair("t1", "tracked 003"), Pair(here(1), "adopted 002"),
                                                          Pair(here(2), "adopted 002"), Pair(here(3), "tracked 003")));
  EXPECT_EQ(tenancy({"upgrade"}).code, 0);
  expect_rows("0 1 2 3");

  // And it goes back by itself.
  for (int i : {1, 2}) {
    cluster().connect(here(i)).exec("DROP INDEX applied_idx; DELETE FROM goose_db_version WHERE version_id = 3");
  }
  connect().exec("SELECT tenancy.add_migration('004', 'SELECT 1', 'SELECT 1')");
  Said const lacking = tenancy({"upgrade"});
  EXPECT_EQ(lacking.code, 1);
  EXPECT_THAT(lacking.output + lacking.error, HasSubstr("has no \"3\", which is recorded here as applied"));
  for (int i : {1, 2}) {
    EXPECT_EQ(cluster().connect(here(i)).value("SELECT max(version_id) FROM goose_db_version"), "2") << i;
  }
}

TEST_F(DriverAdopt, SaysWhatIsWrongWithATarget) {
  add_migrations({"001", "002"});
  add_databases(4);
  migrate_with_goose(cluster().connect(here(1)), "public", 3);
  migrate_with_goose(cluster().connect(here(2)), "public", 1, true);
  cluster().connect(here(3)).exec("CREATE VIEW goose_db_version AS SELECT 1 AS version_id, true AS is_applied");
  connect().query("SELECT tenancy.register_tenant('gone', isolation => 'database', database => 'no_such_database')");
  EXPECT_THAT(adopt({"--apply"}, 1),
              UnorderedElementsAre(Pair(here(1), "ahead 002"), Pair(here(2), "failed"), Pair(here(3), "failed"),
                                   Pair(here(4), "empty base"), Pair("gone", "unreachable")));
  Said const said = tenancy({"adopt", "--from", "goose"});
  EXPECT_THAT(said.output, AllOf(HasSubstr("table \"goose_db_version\" has no column \"is_applied\""),
                                 HasSubstr("\"goose_db_version\" is not a plain table"),
                                 HasSubstr("goose has applied 3"), HasSubstr("1 unreachable")));
  EXPECT_FALSE(cluster().connect(here(1)).value("SELECT to_regclass('schema_migrations')"));
  EXPECT_EQ(tenancy({"adopt", "--from", "nothing"}).code, 2);
}

TEST_F(DriverAdopt, WorksWithoutAControlDatabase) {
  add_databases(2);
  migrate_with_goose(cluster().connect(here(1)), "public", 1);
  migrate_with_goose(cluster().connect(here(2)), "public", 2);
  std::filesystem::path const folder = std::filesystem::path(testing::TempDir()) / ("adopt_" + database());
  std::filesystem::create_directories(folder / "migrations");
  folder_ = folder;
  for (const char* name : {"001", "002"}) {
    std::ofstream(folder / "migrations" / (name + std::string("_t.sql"))) << "CREATE TABLE t" << name << " (id int);\n";
  }
  std::vector<std::string> const standalone{"--standalone", "--discover-databases", database() + "\\_d%"};
  auto const with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), standalone.begin(), standalone.end());
    return arguments;
  };
  EXPECT_EQ(tenancy(with({"upgrade"})).code, 1);
  EXPECT_THAT(adopt(with({"--apply"}), 0),
              UnorderedElementsAre(Pair(here(1), "adopted 001"), Pair(here(2), "adopted 002")));
  EXPECT_EQ(tenancy(with({"upgrade"})).code, 0);
  EXPECT_EQ(cluster().connect(here(1)).value("SELECT count(*) FROM schema_migrations"), "2");
  std::filesystem::remove_all(folder);
}

TEST_F(DriverAdopt, TakesABaselineOfSchemasThatAreAsMigrated) {
  add_migrations({"001", "002"});
  add_schemas(3);
  Connection session = connect();
  for (const char* schema : {"t1", "t2", "t3"}) {
    session.exec("SET search_path TO " + std::string(schema) +
                 "; CREATE TABLE applied (version text); CREATE TABLE t001 (id int PRIMARY KEY, note text NOT NULL)");
  }
  session.exec("ALTER TABLE t3.t001 ADD stray int; RESET search_path");
  Said const said = tenancy({"baseline", "t1", "t2", "t3", "--revision", "001"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.output, AllOf(HasSubstr("stray"), HasSubstr("2 recorded, 1 left")));
  EXPECT_EQ(tenancy({"baseline", "t3", "--revision", "001", "--reference", "t1", "--force"}).code, 0);
  EXPECT_EQ(tenancy({"baseline", "--revision", "001"}).code, 2);
  EXPECT_EQ(tenancy({"upgrade"}).code, 0);
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current' AND tenant IS NOT NULL"), "3");
}

}  // namespace
}  // namespace tenancy::test
