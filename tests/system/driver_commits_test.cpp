// Targets whose commits waited for nothing: what the driver has told of them is there, whatever breaks.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/system/cluster.h"
#include "tests/system/driver_process.h"
#include "tests/system/server_process.h"

namespace tenancy::test {
namespace {

/// Tenants are on a cluster of their own, where nothing reaches the disk but what a session waits for.
class DriverCommits : public DatabaseTest, public testing::WithParamInterface<std::string> {
 protected:
  DriverCommits() : place_(there_.create_database()) {}

  void create_fleet(int tenants, const std::string& server_options = "") {
    Connection control = connect();
    control.query("SELECT tenancy.register_server('there', $1)", {there_.conninfo() + server_options});
    control.exec(
        "SELECT tenancy.add_migration('001', 'CREATE TABLE applied (id int)', scope => 'tenant');"
        "SELECT tenancy.add_migration('002', 'INSERT INTO applied VALUES (2)', scope => 'tenant')");
    Connection there = connect_there();
    for (int i = 1; i <= tenants; ++i) {
      const std::string name = "t" + std::to_string(i);
      there.exec("CREATE SCHEMA " + name);
      control.query("SELECT tenancy.register_tenant($1, $1, database => $2, server => 'there')", {name, place_});
    }
    tenants_ = tenants;
  }

  [[nodiscard]] Connection connect_there() const { return there_.connect(place_); }

  [[nodiscard]] DriverProcess start(std::vector<std::string> arguments = {},
                                    const std::vector<std::string>& variables = {}) const {
    arguments.insert(arguments.begin(), "upgrade");
    if (!GetParam().empty()) arguments.push_back(GetParam());
    arguments.insert(arguments.end(),
                     {"--json", "--retry-delay", "10ms", "--database", cluster().conninfo(database())});
    return DriverProcess(arguments, {}, variables);
  }

  /// Commits that wait for it do not come to their end.
  void wait_for_a_standby_that_is_not_there() {
    Connection session = connect_there();
    session.exec("SET synchronous_commit = local");
    session.exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    session.exec("SELECT pg_reload_conf()");
    session.wait_until("SELECT current_setting('synchronous_standby_names') = 'nobody'");
  }
  void wait_for_no_standby() {
    Connection session = connect_there();
    session.exec("SET synchronous_commit = local");
    session.exec("ALTER SYSTEM RESET synchronous_standby_names");
    session.exec("SELECT pg_reload_conf()");
  }
  /// Other sessions see that the last migration is applied; but for the first target, whose commit waits itself, for
  /// nobody knew that there would be others.
  void wait_until_all_but_one_are_committed() {
    connect_there().wait_until("SELECT count(*) = " + std::to_string(tenants_ - 1) + " FROM generate_series(1, " +
                               std::to_string(tenants_) +
                               ") AS n, LATERAL tenancy.history('t' || n) AS h WHERE h.version = '002'");
  }

  /// Has the driver told that it is done?
  [[nodiscard]] static bool is_told(const std::string& output, const std::string& tenant) {
    return output.find("\"schema\":\"" + tenant + "\",\"kind\":\"tenant\",\"set\":\"default\",\"state\":\"done\"") !=
           std::string::npos;
  }
  [[nodiscard]] int count_told(const DriverProcess& driver) const {
    const std::string output = driver.output();
    int told = 0;
    for (int i = 1; i <= tenants_; ++i) told += is_told(output, "t" + std::to_string(i)) ? 1 : 0;
    return told;
  }

  /// Exactly once each, in data and tracking.
  void expect_all_applied() {
    Connection there = connect_there();
    for (int i = 1; i <= tenants_; ++i) {
      const std::string name = "t" + std::to_string(i);
      EXPECT_EQ(there.value("SELECT count(*) FROM " + name + ".applied"), "1") << name;
      EXPECT_EQ(there.value("SELECT count(*) FROM " + name + ".schema_migrations"), "2") << name;
    }
  }

  void forget_syncs() { connect_there().exec("SELECT pg_stat_reset_shared('wal')"); }
  int syncs() { return std::stoi(*connect_there().value("SELECT wal_sync FROM pg_stat_wal")); }

  Cluster there_{{"fsync", "on"}, {"wal_writer_delay", "10s"}, {"wal_writer_flush_after", "1GB"}};
  std::string place_;  ///< database
  int tenants_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Ways, DriverCommits, testing::Values("", "--plain"),
                         [](const auto& way) { return way.param.empty() ? "Calls" : "Plain"; });

TEST_P(DriverCommits, TellNothingThatAStandbyMayNotHave) {
  create_fleet(20);
  ASSERT_EQ(start({"--revision", "001"}).wait(), kDone);
  wait_for_a_standby_that_is_not_there();
  DriverProcess driver = start({"-c", "2"});
  wait_until_all_but_one_are_committed();
  EXPECT_EQ(count_told(driver), 0) << driver.output();
  wait_for_no_standby();
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_EQ(count_told(driver), 20);
}

TEST_P(DriverCommits, AreLookedUpWhenTheServerMayHaveLostThem) {
  create_fleet(20);
  ASSERT_EQ(start({"--revision", "001"}).wait(), kDone);
  wait_for_a_standby_that_is_not_there();
  DriverProcess driver = start({"-c", "2"});
  wait_until_all_but_one_are_committed();
  there_.set("synchronous_standby_names", "");
  there_.restart(StopMode::immediate);
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_EQ(count_told(driver), 20);
  expect_all_applied();
}

TEST_P(DriverCommits, AreThereOnceTheyAreTold) {
  create_fleet(400);
  DriverProcess driver = start({"-c", "4", "--reconnect-timeout", "1ms", "--max-attempts", "1"});
  wait_for_condition([&] { return count_told(driver) > 40; }, "some targets are done");
  there_.stop(StopMode::immediate);
  (void)driver.wait();
  there_.start();
  Connection there = connect_there();
  const std::string output = driver.output();
  for (int i = 1; i <= tenants_; ++i) {
    const std::string name = "t" + std::to_string(i);
    if (!is_told(output, name)) continue;
    EXPECT_EQ(there.value("SELECT count(*) FROM tenancy.history($1)", {name}), "2") << name;
  }
  for (const Row& row : connect().query("SELECT schema FROM tenancy.run_targets WHERE state = 'done'")) {
    EXPECT_EQ(there.value("SELECT count(*) FROM tenancy.history($1)", row), "2") << *row[0];
  }
  DriverProcess rest = start();
  EXPECT_EQ(rest.wait(), kDone) << rest.output() << rest.error();
  expect_all_applied();
}

TEST_P(DriverCommits, WaitForTheDiskEachWhereTheSettingSaysSo) {
  create_fleet(30);
  forget_syncs();
  EXPECT_EQ(start({"-c", "1"}, {"TENANCY_ASYNCHRONOUS_COMMIT=false"}).wait(), kDone);
  EXPECT_GE(syncs(), 30);
}

TEST_P(DriverCommits, AreAsTheControlDatabaseSays) {
  create_fleet(30);
  connect().exec("ALTER DATABASE " + database() + " SET tenancy.asynchronous_commit = off");
  forget_syncs();
  EXPECT_EQ(start({"-c", "1"}).wait(), kDone);
  EXPECT_GE(syncs(), 30);
}

TEST_P(DriverCommits, WaitWhereNobodyMayFlush) {
  create_fleet(30, " user=commits_deploy");
  connect_there().exec(
      "CREATE ROLE commits_deploy LOGIN; GRANT USAGE ON SCHEMA tenancy TO commits_deploy;"
      "GRANT ALL ON ALL TABLES IN SCHEMA tenancy TO commits_deploy;"
      "GRANT ALL ON ALL SEQUENCES IN SCHEMA tenancy TO commits_deploy;"
      "REVOKE EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) FROM PUBLIC");
  for (int i = 1; i <= tenants_; ++i) {
    connect_there().exec("ALTER SCHEMA t" + std::to_string(i) + " OWNER TO commits_deploy");
  }
  forget_syncs();
  DriverProcess driver = start({"-c", "1"});
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_GE(syncs(), 30);
  expect_all_applied();
}

}  // namespace
}  // namespace tenancy::test
