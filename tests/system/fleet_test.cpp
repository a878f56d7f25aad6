// Fleets that are large for their server, and a fleet against what psql makes of the same files.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;

void create_schemas(Connection& session, int count) {
  // In portions: each schema is a lock until the end of its transaction.
  for (int first = 1; first <= count; first += 100) {
    session.exec("DO $$ BEGIN FOR i IN " + std::to_string(first) + " .. " +
                 std::to_string(std::min(first + 99, count)) +
                 " LOOP EXECUTE format('CREATE SCHEMA tenant_%s', lpad(i::text, 5, '0')); END LOOP; END $$");
  }
  session.exec("SELECT count(*) FROM tenancy.discover('tenant\\_%')");
}

TEST(LargeFleet, IsRefusedInOneTransactionAndRolledOutInMany) {
  Cluster cluster({{"max_connections", "10"}, {"max_locks_per_transaction", "10"}});
  Connection session = cluster.connect(cluster.create_database());
  create_schemas(session, 1000);
  session.exec("SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int PRIMARY KEY)')");
  try {
    session.exec("BEGIN; SELECT * FROM tenancy.migrate_all()");
    FAIL() << "the lock table cannot hold this";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "54000");
    EXPECT_THAT(error.report().hint, HasSubstr("CALL tenancy.rollout()"));
  }
  session.exec("ROLLBACK");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'behind'"), "1000");
  session.exec("CALL tenancy.rollout()");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current'"), "1000");
  // Nothing to do takes no locks, so it is no matter how many targets there are.
  EXPECT_EQ(session.value("SELECT sum(steps) FROM tenancy.migrate_all()"), "0");
}

TEST(LargeFleet, MigrationWithManyLocksIsMeasuredAtTheFirstTarget) {
  Cluster cluster({{"max_connections", "10"}, {"max_locks_per_transaction", "20"}});
  Connection session = cluster.connect(cluster.create_database());
  create_schemas(session, 20);
  std::string sql;
  for (int i = 0; i < 30; ++i) sql += "CREATE TABLE items_" + std::to_string(i) + " (id int PRIMARY KEY);\n";
  session.query("SELECT tenancy.add_migration('001', $1)", {sql});
  try {
    session.exec("BEGIN; SELECT * FROM tenancy.migrate_all()");
    FAIL() << "the lock table cannot hold this";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "54000");
  }
  session.exec("ROLLBACK");
  session.exec("CALL tenancy.rollout(concurrency => 0)");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current'"), "20");
}

/// The demo's migrations in ten tenants, up and down, against psql with the same SQL in the same order.
TEST(ApplicationSet, IsWhatPsqlMakesOfIt) {
  Cluster cluster;
  const std::string database = cluster.create_database();
  const std::string conninfo = cluster.conninfo(database);
  Connection session = cluster.connect(database);
  const std::filesystem::path copy = cluster.data().parent_path() / "migrations";
  std::filesystem::copy(TENANCY_EXAMPLE_MIGRATIONS, copy);
  session.query("SELECT count(*) FROM tenancy.load_directory($1)", {copy.string()});
  session.exec("SELECT tenancy.migrate_public()");
  for (int i = 1; i <= 10; ++i) session.query("SELECT tenancy.create_tenant($1)", {"tenant_" + std::to_string(i)});

  session.exec("CREATE SCHEMA reference; SET search_path = reference, public");
  for (const Row& row : session.query("SELECT up_sql FROM tenancy.migrations WHERE scope <> 'public'"
                                      " ORDER BY repeatable, tenancy.version_key(version) COLLATE \"C\"")) {
    session.exec(*row[0]);
  }
  const std::string expected = schema_definition(conninfo, "reference");
  EXPECT_THAT(expected, HasSubstr("CREATE TABLE"));
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(schema_definition(conninfo, "tenant_" + std::to_string(i)), expected);

  session.exec("RESET search_path; DROP SCHEMA reference CASCADE; CREATE SCHEMA empty");
  const Rows rows = session.query("SELECT tenant, success, error FROM tenancy.downgrade_all('base')");
  for (const Row& row : rows) EXPECT_EQ(row[1], "t") << row[2].value_or("");
  EXPECT_EQ(schema_definition(conninfo, "tenant_1"), schema_definition(conninfo, "empty"));
}

}  // namespace
}  // namespace tenancy::test
