// A run that meets another run, or a tenant's own sessions.
#include <gmock/gmock.h>

#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;

class Contention : public DatabaseTest {};

TEST_F(Contention, TwoRunsMigrateEachTenantOnce) {
  Connection gate = connect();
  // The first run waits in the shared schema, the second one for that; by then both have planned all tenants.
  gate.exec(R"(
    SELECT tenancy.add_migration('001', 'CREATE TABLE items (n int)');
    SELECT tenancy.create_tenant(format('t%s', i)) FROM generate_series(1, 30) i;
    SELECT tenancy.add_migration('002', 'DO ''BEGIN PERFORM pg_advisory_xact_lock(6); END''', scope => 'public');
    SELECT tenancy.add_migration('003', 'INSERT INTO items VALUES (1); SELECT pg_sleep(0.01)');
    SELECT pg_advisory_lock(6);
  )");
  Connection first = connect();
  Connection second = connect();
  for (Connection* session : {&first, &second}) {
    session->exec("SET tenancy.lock_timeout = 0; SET tenancy.concurrency = 2");
  }
  first.start("CALL tenancy.rollout()");
  gate.wait_until("SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  second.start("SELECT tenant, success, sqlstate FROM tenancy.migrate_all()");
  gate.wait_until("SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  gate.exec("SELECT pg_advisory_unlock(6)");

  first.finish();
  const Rows rows = second.finish();
  EXPECT_EQ(rows.size(), 31U);
  for (const Row& row : rows) EXPECT_EQ(row[1], "t") << row[0].value_or("the shared schema") << *row[2];
  for (int i = 1; i <= 30; ++i) {
    const std::string schema = "t" + std::to_string(i);
    EXPECT_EQ(gate.value("SELECT count(*) FROM " + schema + ".items"), "1") << schema;
    EXPECT_EQ(gate.value("SELECT count(*) FROM " + schema + ".schema_migrations WHERE version = '003'"), "1") << schema;
  }
}

TEST_F(Contention, LongReaderCostsItsTenantOnly) {
  Connection session = connect();
  session.exec(R"(
    SELECT tenancy.add_migration('001', 'CREATE TABLE items (n int)');
    SELECT tenancy.create_tenant(format('t%s', i)) FROM generate_series(1, 5) i;
    SELECT tenancy.add_migration('002', 'ALTER TABLE items ADD note text');
    SET tenancy.lock_timeout = '50ms';
  )");
  Connection reader = connect();
  reader.exec("BEGIN; SELECT * FROM t3.items");
  const char* const failed = "SELECT tenant, sqlstate FROM tenancy.migrate_all() WHERE NOT success";
  EXPECT_THAT(session.query(failed), ElementsAre(ElementsAre("t3", "55P03")));
  EXPECT_EQ(session.value("SELECT string_agg(tenant, ' ') FROM tenancy.status() WHERE state = 'current'"),
            "t1 t2 t4 t5");
  reader.exec("COMMIT");
  EXPECT_THAT(session.query(failed), ElementsAre());
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current'"), "5");
}

}  // namespace
}  // namespace tenancy::test
