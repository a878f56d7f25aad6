#include "tests/system/driver_fleet.h"

#include <utility>

#include "tests/system/target_state.h"

namespace tenancy::test {

namespace {

constexpr const char* kGate = "4711";

}  // namespace

Cluster& FleetTest::other_cluster() {
  static Cluster cluster;
  return cluster;
}

void FleetTest::add_migrations(const std::vector<std::string>& versions) {
  Connection session = connect();
  for (const std::string& version : versions) {
    const std::string table = versions_.empty() ? "CREATE TABLE applied (version text);" : "";
    const std::string drop = versions_.empty() ? "; DROP TABLE applied" : "";
    session.query("SELECT tenancy.add_migration($1, $2, $3, 'makes table t' || $1)",
                  {version,
                   table + "CREATE TABLE t" + version + " (id int PRIMARY KEY, note text NOT NULL);" +
                       "INSERT INTO applied VALUES ('" + version + "')",
                   "DROP TABLE t" + version + "; DELETE FROM applied WHERE version = '" + version + "'" + drop});
    versions_.push_back(version);
  }
}

void FleetTest::add_gated_migration(const std::string& version) {
  connect().query("SELECT tenancy.add_migration($1, $2, $3)",
                  {version,
                   "CREATE TABLE t" + version + " (id int);" + "INSERT INTO applied VALUES ('" + version + "');" +
                       "SELECT pg_advisory_xact_lock_shared(" + kGate + ")",
                   "DROP TABLE t" + version + "; DELETE FROM applied WHERE version = '" + version + "'"});
  versions_.push_back(version);
}

void FleetTest::hold_gate() {
  gate_.emplace(connect());
  gate_->exec(std::string("SELECT pg_advisory_lock(") + kGate + ")");
}

void FleetTest::wait_at_gate(int targets) {
  connect().wait_until("SELECT count(*) >= " + std::to_string(targets) + " FROM pg_locks WHERE NOT granted AND " +
                       "locktype = 'advisory' AND objid = " + kGate);
}

void FleetTest::add_schemas(int count) {
  Connection session = connect();
  for (int i = 0; i < count; ++i) {
    const std::string name = "t" + std::to_string(++schemas_);
    session.exec("CREATE SCHEMA " + name);
    session.query("SELECT tenancy.register_tenant($1)", {name});
  }
}

void FleetTest::make_database(Cluster& cluster, const std::string& name) {
  cluster.connect().exec("CREATE DATABASE " + name);
  databases_.push_back({&cluster, name});
}

void FleetTest::add_databases(int count) {
  Connection session = connect();
  for (int i = 1; i <= count; ++i) {
    const std::string name = database() + "_d" + std::to_string(i);
    make_database(cluster(), name);
    session.query("SELECT tenancy.register_tenant($1, isolation => 'database', database => $1)", {name});
  }
}

void FleetTest::register_other(const std::string& conninfo) {
  connect().query("SELECT tenancy.register_server('eu', $1)", {conninfo});
}

void FleetTest::add_databases_on_other(int count) {
  Connection session = connect();
  for (int i = 1; i <= count; ++i) {
    const std::string name = database() + "_eu" + std::to_string(i);
    make_database(other_cluster(), name);
    session.query("SELECT tenancy.register_tenant($1, isolation => 'database', database => $1, server => 'eu')",
                  {name});
  }
}

std::vector<Connection> FleetTest::connect_to_databases() const {
  std::vector<Connection> sessions;
  for (const Made& made : databases_) sessions.push_back(made.cluster->connect(made.database));
  return sessions;
}

std::vector<std::string> FleetTest::words(std::vector<std::string> arguments) const {
  arguments.push_back("--database");
  arguments.push_back(control_conninfo_.value_or(cluster().conninfo(database())));
  return arguments;
}

void FleetTest::expect_fleet_is_complete() {
  Connection control = connect();
  control.exec(
      "DROP SCHEMA IF EXISTS reference CASCADE;"
      "SELECT tenancy.deregister_tenant(id) FROM tenancy.tenants WHERE id = 'reference';"
      "SELECT tenancy.create_tenant('reference')");
  const std::string schema = state_of(control, "reference");
  for (int i = 1; i <= schemas_; ++i) {
    const std::string name = "t" + std::to_string(i);
    EXPECT_EQ(state_of(control, name), schema) << name;
  }
  if (databases_.empty()) return;
  const std::string name = database() + "_reference" + std::to_string(++references_);
  control.exec("CALL tenancy.create_tenant_database('" + name + "')");
  control.query("SELECT tenancy.deregister_tenant($1)", {name});
  Connection reference = cluster().connect(name);
  const std::string whole = state_of(reference, "public");
  for (const Made& made : databases_) {
    Connection session = made.cluster->connect(made.database);
    EXPECT_EQ(state_of(session, "public"), whole) << made.database;
  }
}

int FleetTest::count_applied(const std::string& version) {
  Connection session = connect();
  int count = 0;
  for (int i = 1; i <= schemas_; ++i) {
    const std::string table = "t" + std::to_string(i) + ".schema_migrations";
    if (!session.value("SELECT to_regclass($1)", {table})) continue;
    count += std::stoi(*session.value("SELECT count(*) FROM " + table + " WHERE version = $1", {version}));
  }
  return count;
}

}  // namespace tenancy::test
