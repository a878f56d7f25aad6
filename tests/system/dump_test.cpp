// What pg_dump and a restore keep: the extension's own data, and one tenant's schema with its history.
#include <gmock/gmock.h>

#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

class Dump : public DatabaseTest {
 protected:
  Dump() {
    Connection session = connect();
    session.exec(R"(
      SELECT tenancy.add_migration('001', 'CREATE TABLE plans (id int PRIMARY KEY)', 'DROP TABLE plans', 'plans',
                                   scope => 'public');
      SELECT tenancy.add_migration('002', 'CREATE TABLE users (id int PRIMARY KEY, plan int REFERENCES plans)',
                                   'DROP TABLE users', 'users');
      SELECT tenancy.migrate_public();
      SELECT tenancy.create_tenant('acme', labels => '{"region": "eu"}', seed_sql => 'INSERT INTO users VALUES (7)');
      SELECT tenancy.create_tenant('we"ird; x');
      SELECT tenancy.set_tenant_status('we"ird; x', 'suspended');
      SELECT tenancy.register_server('eu', 'host=eu.example.com', 20);
      SELECT tenancy.register_tenant('far', isolation => 'database', database => 'far', server => 'eu',
                                     status => 'suspended');
    )");
  }

  /// Restores a dump into a database that has nothing; returns its name.
  std::string restore(const std::string& options, const std::string& prepare = "") {
    const std::string name = database() + "_restored";
    cluster().connect().exec("CREATE DATABASE " + name);
    cluster().connect(name).exec(prepare);
    run_program("pg_dump", options + " -d " + shell_word(cluster().conninfo(database())) + " | " +
                               shell_word(std::string(std::getenv("TENANCY_PG_BINDIR")) + "/psql") +
                               " -X -q -v ON_ERROR_STOP=1 -d " + shell_word(cluster().conninfo(name)));
    return name;
  }
};

const char* const kStore =
    "SELECT migration_set, version, description, scope, up_sql, down_sql, checksum, created_at FROM tenancy.migrations"
    " ORDER BY version";
const char* const kTenants = "SELECT * FROM tenancy.tenants ORDER BY id";
const char* const kServers = "SELECT * FROM tenancy.servers ORDER BY name";
const char* const kStatus = "SELECT tenant, schema, status, revision, head, pending, state FROM tenancy.status()";

TEST_F(Dump, WholeDatabaseKeepsStoreTenantsAndHistories) {
  Connection before = connect();
  Connection after = cluster().connect(restore(""));
  EXPECT_EQ(before.query(kStore), after.query(kStore));
  EXPECT_EQ(before.query(kTenants), after.query(kTenants));
  EXPECT_EQ(before.query(kServers), after.query(kServers));
  EXPECT_EQ(before.query(kStatus), after.query(kStatus));
  EXPECT_EQ(before.query("SELECT * FROM tenancy.history('acme')"),
            after.query("SELECT * FROM tenancy.history('acme')"));

  after.exec("SELECT tenancy.add_migration('003', 'ALTER TABLE users ADD name text')");
  const Rows rows = after.query("SELECT tenant, steps, success FROM tenancy.migrate_all() WHERE tenant IS NOT NULL");
  EXPECT_EQ(rows, (Rows{{"acme", "1", "t"}}));
}

TEST_F(Dump, OneTenantMovesWithItsHistory) {
  const std::string name = restore("-n acme -n public", "DROP SCHEMA public");
  Connection there = cluster().connect(name);
  there.exec("CREATE EXTENSION tenancy");
  for (const Row& row : connect().query(
           "SELECT version, up_sql, down_sql, description, scope FROM tenancy.migrations ORDER BY version")) {
    there.query("SELECT tenancy.add_migration($1, $2, $3, $4, $5)", row);
  }
  there.exec("SELECT tenancy.register_tenant('acme')");
  EXPECT_EQ(there.value("SELECT state FROM tenancy.status() WHERE tenant = 'acme'"), "current");
  EXPECT_EQ(there.value("SELECT id FROM acme.users"), "7");
  EXPECT_EQ(there.query("SELECT version, direction FROM tenancy.downgrade_schema('acme')"), (Rows{{"002", "down"}}));
}

}  // namespace
}  // namespace tenancy::test
