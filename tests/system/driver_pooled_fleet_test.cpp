// Whole commands of the driver through PgBouncer, which pools transactions: what can work does, nothing is left in the
// server's sessions for other clients, and what needs a session of its own is refused.
#include <gmock/gmock.h>

#include <csignal>

#include "tests/driver/temporary_folder.h"
#include "tests/system/driver_fleet.h"
#include "tests/system/pooler.h"

namespace tenancy::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kPoolSize = 3;

/// What a session holds that is not its server's default; PgBouncer itself gives each client its client_encoding and
/// application_name.
constexpr const char* kLeft =
    "SELECT concat_ws(', ',"
    "  (SELECT string_agg(name || '=' || setting, ', ') FROM pg_settings"
    "    WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding')),"
    "  nullif(current_setting('tenancy_driver.began', true), ''),"
    "  (SELECT string_agg(name, ', ') FROM pg_prepared_statements),"
    "  (SELECT string_agg(relname, ', ') FROM pg_class WHERE relnamespace = pg_my_temp_schema()),"
    "  (SELECT string_agg(classid || ' ' || objid, ', ') FROM pg_locks"
    "    WHERE locktype = 'advisory' AND pid = pg_backend_pid()),"
    "  nullif(current_user, 'postgres'))";

class DriverPooledFleet : public FleetTest {
 protected:
  DriverPooledFleet() { control_conninfo_ = pooler_.conninfo(database()); }
  ~DriverPooledFleet() override { EXPECT_EQ(left_in(pooler_, database()), ""); }

  /// What all sessions of the pool hold.
  static std::string left_in(const Pooler& pooler, const std::string& database) {
    std::vector<Connection> clients;
    std::string all;
    for (int i = 0; i < kPoolSize; ++i) {
      clients.emplace_back(pooler.conninfo(database)).exec("BEGIN");
      all += clients.back().value(kLeft).value_or("");
    }
    for (Connection& client : clients) client.exec("COMMIT");
    return all;
  }

  std::string output_of(const std::vector<std::string>& arguments, int expected = kDone) {
    DriverProcess driver = start(arguments);
    EXPECT_EQ(driver.wait(), expected) << arguments.front() << "\n" << driver.output() << driver.error();
    return driver.output() + driver.error();
  }

  /// Its end is always at top level.
  void add_index(const std::string& version, const std::string& table) {
    connect().query("SELECT tenancy.add_migration($1, $2, $3, transactional => false)",
                    {version, "CREATE INDEX CONCURRENTLY i" + version + " ON " + table + " (id)",
                     "DROP INDEX CONCURRENTLY i" + version});
  }

  Pooler pooler_{cluster(), {{"default_pool_size", std::to_string(kPoolSize)}}};
};

TEST_F(DriverPooledFleet, MigratesSchemasAndDatabasesOnTwoClusters) {
  const Pooler other(other_cluster(), {{"default_pool_size", std::to_string(kPoolSize)}});
  add_migrations({"001", "002"});
  add_schemas(12);
  add_databases(4);
  register_other(other.conninfo("postgres"));
  add_databases_on_other(4);
  output_of({"upgrade"});
  expect_fleet_is_complete();
  EXPECT_THAT(output_of({"status", "--behind", "--json"}), Not(HasSubstr("behind")));
  output_of({"downgrade", "001"});
  output_of({"downgrade", "base", "--plain"});
  output_of({"upgrade", "--plain"});
  expect_fleet_is_complete();
  EXPECT_EQ(left_in(other, database() + "_eu1"), "");
}

TEST_F(DriverPooledFleet, LeavesNothingOfAMigrationToOthers) {
  connect().query("SELECT tenancy.add_migration('001', $1)",
                  {"SET work_mem = '1MB'; SET search_path = pg_catalog; SET ROLE pg_monitor; RESET ROLE;"
                   "CREATE TEMP TABLE scratch (a int); PREPARE p AS SELECT 1; SELECT pg_advisory_xact_lock(7)"});
  add_schemas(6);
  connect().exec(
      "CREATE TABLE t3.broken (id int); SELECT tenancy.add_migration('002', 'CREATE TABLE broken (id int)')");
  for (const std::string way : {"--plain", "--target-timeout=1h"}) {
    EXPECT_THAT(output_of({"upgrade", way}, kTargetsFailed), HasSubstr("relation \"broken\" already exists")) << way;
    EXPECT_EQ(left_in(pooler_, database()), "") << way;
    output_of({"downgrade", "base"}, kTargetsFailed);
  }
}

TEST_F(DriverPooledFleet, StoresFilesAndAnswersQuestions) {
  const driver::TemporaryFolder folder;
  folder.write("001_users.sql",
               "CREATE TABLE users (id int, name text);\n-- DOWNGRADE\n"
               "DROP TABLE users;\n");
  folder.write("002_wrong.sql", "CREATE TABEL x (id int);\n");
  EXPECT_THAT(output_of({"load", folder.path()}, kUsage), HasSubstr("nothing was stored"));
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.migrations"), "0");
  folder.write("002_wrong.sql", "CREATE TABLE \"ä\" (id int);\n-- DOWNGRADE\nDROP TABLE \"ä\";\n");
  output_of({"load", folder.path()});
  output_of({"check", folder.path()});
  output_of({"create-tenant", "acme"});
  output_of({"create-tenant", "globex", "--isolation", "database", "--tenant-database", database() + "_globex"});
  output_of({"tenants", "suspend", "acme"});
  EXPECT_THAT(output_of({"tenants", "list"}), AllOf(HasSubstr("acme"), HasSubstr("suspended")));
  EXPECT_THAT(output_of({"status"}), HasSubstr("globex"));
  EXPECT_THAT(output_of({"plan", "--down", "--revision", "001"}), HasSubstr("002"));
  EXPECT_THAT(output_of({"history", "acme"}), HasSubstr("users"));
  EXPECT_EQ(connect().value("SELECT to_regclass('acme.\"ä\"') IS NOT NULL"), "t");
  cluster().drop_database(database() + "_globex");
}

TEST_F(DriverPooledFleet, RollsOutAndTellsOfItsRun) {
  add_migrations({"001"});
  add_schemas(6);
  EXPECT_THAT(output_of({"rollout", "--canary", "2", "--stop-after-canary"}), HasSubstr("tenancy run resume 1"));
  EXPECT_THAT(output_of({"runs"}), HasSubstr("stopped"));
  EXPECT_THAT(output_of({"run", "resume", "1"}), HasSubstr("all 6 targets done"));
  EXPECT_THAT(output_of({"run", "show", "1"}), HasSubstr("done"));
  output_of({"run", "rollback", "1"});
  EXPECT_EQ(count_applied("001"), 0);
  output_of({"rollout"});
  expect_fleet_is_complete();
}

TEST_F(DriverPooledFleet, RunsWithoutATransactionByRolloutAlone) {
  add_migrations({"001"});
  add_schemas(3);
  output_of({"upgrade"});
  add_index("002", "t001");
  for (const std::string way : {"--plain", "--target-timeout=1h"}) {
    EXPECT_THAT(output_of({"upgrade", way}, kTargetsFailed),
                HasSubstr("runs outside of a transaction, which takes a session of its own, and a pooler stands"))
        << way;
  }
  EXPECT_EQ(count_applied("002"), 0);
  output_of({"rollout"});
  EXPECT_EQ(count_applied("002"), 3);
  EXPECT_EQ(connect().value("SELECT bool_and(indisvalid) FROM pg_index WHERE indexrelid::regclass::text LIKE '%i002'"),
            "t");
}

TEST_F(DriverPooledFleet, RefusesToWatchARunInTheDatabase) {
  add_migrations({"001"});
  add_schemas(2);
  EXPECT_THAT(output_of({"upgrade", "--in-database"}, kUsage), HasSubstr("a pooler stands"));
  EXPECT_EQ(count_applied("001"), 0);
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.runs"), "0");
}

TEST_F(DriverPooledFleet, EndsARolloutThatIsInterrupted) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(12);
  hold_gate();
  connect().exec("ALTER DATABASE " + database() + " SET tenancy.lock_timeout = '1h'");
  DriverProcess driver = start({"rollout", "--workers", "2"});
  wait_at_gate(2);
  driver.send(SIGINT);
  connect().wait_until("SELECT state = 'aborted' FROM tenancy.runs");
  // The second signal cancels what still waits.
  driver.send(SIGINT);
  EXPECT_EQ(driver.wait(), kStopped) << driver.output() << driver.error();
  EXPECT_EQ(count_applied("002"), 0);
  open_gate();
  output_of({"upgrade"});
  expect_fleet_is_complete();
}

TEST_F(DriverPooledFleet, SaysThatThePoolHasNoSessionForARun) {
  const Pooler small(cluster(), {{"default_pool_size", "1"}, {"query_wait_timeout", "1"}});
  control_conninfo_ = small.conninfo(database());
  add_migrations({"001"});
  add_schemas(2);
  DriverProcess driver = start({"upgrade"});
  EXPECT_EQ(driver.wait(), kTargetsFailed);
  EXPECT_THAT(driver.error(), AllOf(HasSubstr("no session is free to lead run 1"), HasSubstr("default_pool_size")));
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.runs"), "0");
  EXPECT_EQ(count_applied("001"), 0);
}

TEST_F(DriverPooledFleet, WorksBesideAnotherDriver) {
  add_migrations({"001", "002"});
  add_schemas(40);
  add_databases(5);
  DriverProcess one = start({"upgrade"});
  DriverProcess other = start({"upgrade", "--plain"});
  EXPECT_EQ(one.wait(), kDone) << one.output() << one.error();
  EXPECT_EQ(other.wait(), kDone) << other.output() << other.error();
  expect_fleet_is_complete();
}

/// Each run is led by a session, which together are all that the pool has.
TEST_F(DriverPooledFleet, EndsBesideAnotherDriverInAPoolOfTwoSessions) {
  const Pooler small(cluster(), {{"default_pool_size", "2"}});
  control_conninfo_ = small.conninfo(database());
  add_migrations({"001", "002"});
  add_schemas(20);
  DriverProcess one = start({"upgrade"});
  DriverProcess other = start({"upgrade"});
  EXPECT_EQ(one.wait(), kDone) << one.output() << one.error();
  EXPECT_EQ(other.wait(), kDone) << other.output() << other.error();
  expect_fleet_is_complete();
}

/// PgBouncer's sessions begin with the encoding of their database: whatever resets a session must not lead there.
TEST_F(DriverPooledFleet, SpeaksUtf8ToADatabaseOfAnotherEncoding) {
  const std::string name = database() + "_latin1";
  cluster().connect().exec("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'");
  const std::string text = "CREATE TABLE t (a text); INSERT INTO t VALUES ('äöü')";
  Connection control = connect();
  control.query("SELECT tenancy.add_migration('001', $1)", {text});
  control.query("SELECT tenancy.add_migration('002', 'INSERT INTO t VALUES (''äöü'')', description => 'grüße')");
  control.query("SELECT tenancy.add_migration('003', 'INSERT INTO t VALUES (''äöü'')', description => 'grüße')");
  for (const std::string schema : {"s1", "s2", "s3"}) {
    cluster().connect(name).exec("CREATE SCHEMA " + schema);
    control.query("SELECT tenancy.register_tenant($1, $1, database => $2)", {schema, name});
  }
  output_of({"upgrade", "-c", "1"});
  for (const std::string schema : {"s1", "s2", "s3"}) {
    Connection session = cluster().connect(name);
    session.exec("SET client_encoding = UTF8");
    EXPECT_EQ(session.value("SELECT string_agg(a, ',') FROM " + schema + ".t"), "äöü,äöü,äöü") << schema;
    EXPECT_EQ(session.value("SELECT count(*) FROM " + schema + ".schema_migrations WHERE description = 'grüße'"), "2")
        << schema;
  }
  cluster().drop_database(name);
}

}  // namespace
}  // namespace tenancy::test
