// The driver and whole fleets: what it does to them, and what it says and returns.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/system/driver_fleet.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;

using DriverFleet = FleetTest;

/// A folder of migration files.
class Migrations {
 public:
  explicit Migrations(const std::vector<std::pair<std::string, std::string>>& files) {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenancy-migrations.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error(pattern);
    folder_ = pattern;
    for (const auto& [name, text] : files) std::ofstream(folder_ / name) << text;
  }
  ~Migrations() { std::filesystem::remove_all(folder_); }
  Migrations(const Migrations&) = delete;
  Migrations& operator=(const Migrations&) = delete;

  [[nodiscard]] std::string path() const { return folder_.string(); }

 private:
  std::filesystem::path folder_;
};

TEST_F(DriverFleet, MigratesSchemasAndDatabasesOnTwoClusters) {
  add_migrations({"001", "002"});
  add_schemas(10);
  add_databases(5);
  register_other(other_cluster().conninfo());
  add_databases_on_other(5);
  DriverProcess driver = start({"upgrade"});
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  expect_fleet_is_complete();
  DriverProcess again = start({"upgrade", "--json"});
  EXPECT_EQ(again.wait(), kDone);
  EXPECT_THAT(again.output(), HasSubstr("nothing_to_do"));
}

TEST_F(DriverFleet, MigratesTwoHundredDatabases) {
  add_migrations({"001"});
  add_databases(100);
  register_other(other_cluster().conninfo());
  add_databases_on_other(100);
  DriverProcess driver = start({"upgrade", "-c", "16", "--per-server", "8"});
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  expect_fleet_is_complete();
}

TEST_F(DriverFleet, SaysWhatItLeavesOutBecauseItIsOutOfOrder) {
  add_migrations({"001", "003"});
  add_schemas(3);
  add_databases(1);
  ASSERT_EQ(start({"upgrade"}).wait(), kDone);
  add_migrations({"002"});
  const std::string skipped = "targets have pending migrations that are older than the newest applied one: skipped";
  DriverProcess nothing = start({"upgrade", "--out-of-order", "skip"});
  EXPECT_EQ(nothing.wait(), kDone) << nothing.error();
  EXPECT_THAT(nothing.output(), HasSubstr("4 " + skipped));
  for (const std::string way : {"--plain", "--quiet"}) {
    const std::string version = way == "--plain" ? "004" : "005";
    add_migrations({version});
    DriverProcess driver = start({"upgrade", "--out-of-order", "skip", "--json", way});
    EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
    EXPECT_THAT(driver.output(), HasSubstr(R"("to":")" + version + R"(",)")) << way;
    EXPECT_THAT(driver.output(), HasSubstr(R"("skipped":["002"])")) << way;
    EXPECT_THAT(driver.output(), HasSubstr(R"("skipping":4)")) << way;
  }
}

TEST_F(DriverFleet, GoesDownAndUpAgain) {
  add_migrations({"001", "002", "003"});
  add_schemas(5);
  add_databases(2);
  ASSERT_EQ(start({"upgrade"}).wait(), kDone);
  DriverProcess down = start({"downgrade", "001"});
  EXPECT_EQ(down.wait(), kDone) << down.output() << down.error();
  EXPECT_EQ(count_applied("002"), 0);
  EXPECT_EQ(count_applied("001"), 5);
  ASSERT_EQ(start({"upgrade"}).wait(), kDone);
  expect_fleet_is_complete();
}

TEST_F(DriverFleet, LetsOneTenantFail) {
  add_migrations({"001"});
  add_schemas(5);
  connect().exec("CREATE TABLE t3.t001 (id int)");
  DriverProcess driver = start({"upgrade"});
  EXPECT_EQ(driver.wait(), kTargetsFailed);
  EXPECT_THAT(driver.output(), HasSubstr("tenant \"t3\": migration 001: statement 2"));
  EXPECT_THAT(driver.output(), HasSubstr("relation \"t001\" already exists"));
  EXPECT_EQ(connect().value("SELECT string_agg(tenant, ' ') FROM tenancy.status() WHERE pending > 0"), "t3");
  connect().exec("DROP TABLE t3.t001");
  EXPECT_EQ(start({"upgrade"}).wait(), kDone);
  expect_fleet_is_complete();
}

TEST_F(DriverFleet, MigratesAPartOfTheFleet) {
  add_migrations({"001", "002"});
  add_schemas(4);
  EXPECT_EQ(start({"migrate", "tenant", "t2", "--revision", "+1"}).wait(), kDone);
  EXPECT_EQ(count_applied("001"), 1);
  EXPECT_EQ(count_applied("002"), 0);
  EXPECT_EQ(start({"upgrade", "--shard", "1/2"}).wait(), kDone);
  EXPECT_EQ(start({"upgrade", "--shard", "2/2"}).wait(), kDone);
  expect_fleet_is_complete();
}

TEST_F(DriverFleet, RefusesRelativeRevisionsOfWholeFleets) {
  DriverProcess driver = start({"upgrade", "--revision", "+1"});
  EXPECT_EQ(driver.wait(), kUsage);
  EXPECT_THAT(driver.error(), HasSubstr("revision +1 is for one tenant"));
}

TEST_F(DriverFleet, SaysWhatServersCannotBeReached) {
  add_migrations({"001"});
  add_schemas(3);
  register_other("host=/nowhere port=5432 user=postgres");
  add_databases_on_other(3);
  DriverProcess driver = start({"upgrade", "--retry-delay", "10ms"});
  EXPECT_EQ(driver.wait(), kTargetsFailed);
  EXPECT_THAT(driver.output() + driver.error(), HasSubstr("server \"eu\" is given up"));
  EXPECT_EQ(count_applied("001"), 3);
}

TEST_F(DriverFleet, DoesNotHoldTheFleetInMemory) {
  add_migrations({"001"});
  register_other("host=/nowhere port=5432 user=postgres");
  connect().exec(
      "INSERT INTO tenancy.tenants (id, isolation, server, database, schema)"
      " SELECT 'a_tenant_with_a_long_name_' || i, 'database', 'eu', 'database_of_tenant_' || i, 'public'"
      "   FROM generate_series(1, 100000) i");
  DriverProcess driver = start({"upgrade", "--retry-delay", "10ms"});
  EXPECT_EQ(driver.wait(), kCannotConnect);
  EXPECT_THAT(driver.output(), HasSubstr("100,000"));
#ifndef TENANCY_SANITIZED  // AddressSanitizer keeps what was freed.
  EXPECT_LT(driver.peak_memory(), 64 * 1024);
#endif
}

TEST_F(DriverFleet, LetsTheDatabaseDoItAndShowsIt) {
  add_migrations({"001"});
  add_schemas(10);
  connect().exec("CREATE TABLE t3.t001 (id int)");
  DriverProcess driver = start({"upgrade", "--in-database"});
  EXPECT_EQ(driver.wait(), kTargetsFailed) << driver.output() << driver.error();
  EXPECT_THAT(driver.output(), HasSubstr("relation \"t001\" already exists"));
  EXPECT_EQ(count_applied("001"), 9);
  connect().exec("DROP TABLE t3.t001");
  EXPECT_EQ(start({"upgrade", "--in-database"}).wait(), kDone);
  EXPECT_EQ(start({"upgrade", "--in-database"}).wait(), kDone) << "nothing to do";
  EXPECT_EQ(start({"upgrade", "--in-database", "--revision", "no_such"}).wait(), kTargetsFailed);
  expect_fleet_is_complete();
}

TEST_F(DriverFleet, CancelsARunInTheDatabaseWhenItIsInterruptedTwice) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(12);
  hold_gate();
  DriverProcess driver = start({"upgrade", "--in-database", "-c", "2", "--lock-timeout", "0"});
  wait_at_gate(2);
  driver.send(SIGINT);
  driver.wait_until_it_says("aborting the run");
  driver.send(SIGINT);
  EXPECT_EQ(driver.wait(), kStopped) << driver.output() << driver.error();
  EXPECT_EQ(count_applied("002"), 0);
  open_gate();
  EXPECT_EQ(start({"upgrade"}).wait(), kDone);
  expect_fleet_is_complete();
}

TEST_F(DriverFleet, WorksWithoutAControlDatabase) {
  Migrations const folder(
      {{"001_items.sql", "-- UPGRADE\nCREATE TABLE items (id int);\n-- DOWNGRADE\nDROP TABLE items;\n"},
       {"002_plans.sql", "-- MIGRATION_SCOPE: public\n-- UPGRADE\nCREATE TABLE plans (id int);\n"}});
  const std::string name = cluster().create_database();
  cluster().connect(name).exec("DROP EXTENSION tenancy; CREATE SCHEMA s_1; CREATE SCHEMA s_2; CREATE SCHEMA other");
  std::vector<std::string> const words{"upgrade", "--standalone", "--discover",
                                       "s\\_%",   "--database",   cluster().conninfo(name)};
  std::vector<std::string> const variables{"TENANCY_MIGRATIONS=" + folder.path()};
  DriverProcess driver(words, {}, variables);
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_EQ(cluster().connect(name).value("SELECT string_agg(oid::regclass::text, ' ' ORDER BY 1) FROM pg_class WHERE "
                                          "relname IN ('items', 'plans') AND relkind = 'r'"),
            "plans s_1.items s_2.items");
  EXPECT_EQ(DriverProcess(words, {}, variables).wait(), kDone);
  cluster().drop_database(name);
}

TEST_F(DriverFleet, CannotConnectWithoutTheControlDatabase) {
  control_conninfo_ = cluster().conninfo("nothing_of_that_name");
  DriverProcess driver = start({"upgrade"});
  EXPECT_EQ(driver.wait(), kCannotConnect);
  EXPECT_THAT(driver.error(), HasSubstr("nothing_of_that_name"));
}

TEST_F(DriverFleet, LetsRunningTargetsEndWhenItIsInterrupted) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(12);
  hold_gate();
  DriverProcess driver = start({"upgrade", "-c", "3", "--lock-timeout", "0"});
  wait_at_gate(3);
  driver.send(SIGINT);
  driver.wait_until_it_says("no further target begins");
  open_gate();
  EXPECT_EQ(driver.wait(), kStopped) << driver.output() << driver.error();
  EXPECT_EQ(count_applied("002"), 3);
  EXPECT_EQ(start({"upgrade"}).wait(), kDone);
  expect_fleet_is_complete();
}

TEST_F(DriverFleet, CancelsRunningTargetsWhenItIsInterruptedTwice) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(12);
  hold_gate();
  DriverProcess driver = start({"upgrade", "-c", "3", "--lock-timeout", "0"});
  wait_at_gate(3);
  driver.send(SIGTERM);
  driver.wait_until_it_says("no further target begins");
  driver.send(SIGTERM);
  EXPECT_EQ(driver.wait(), kStopped) << driver.output() << driver.error();
  // Nobody is left at the gate, and nothing was done.
  connect().wait_until("SELECT count(*) = 0 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'");
  open_gate();
  EXPECT_EQ(connect().value("SELECT count(*) FROM pg_namespace n, pg_class c WHERE c.relnamespace = n.oid AND "
                            "c.relname = 't002'"),
            "0");
  EXPECT_EQ(start({"upgrade"}).wait(), kDone);
  expect_fleet_is_complete();
}

}  // namespace
}  // namespace tenancy::test
