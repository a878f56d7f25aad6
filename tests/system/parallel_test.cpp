// What background workers take over from their leader, and what happens when there are none.
#include <gmock/gmock.h>

#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void create_fleet(Connection& session) {
  session.exec(R"(
    SELECT tenancy.add_migration('001', 'CREATE TABLE shared_items (id int PRIMARY KEY)', scope => 'public');
    SELECT tenancy.add_migration('002', 'CREATE TABLE items (id int PRIMARY KEY REFERENCES shared_items)');
    SELECT tenancy.create_tenant(format('t%s', i), revision => 'base') FROM generate_series(1, 8) i;
  )");
  (void)session.take_notices();
}

const char* const kSummary = "SELECT count(*), count(*) FILTER (WHERE success), sum(steps) FROM tenancy.migrate_all()";

class Parallel : public DatabaseTest {};

TEST_F(Parallel, SharedSchemaIsCommittedBeforeTheTenants) {
  Connection session = connect();
  create_fleet(session);
  EXPECT_EQ(session.query(kSummary), (Rows{{"9", "9", "9"}}));
  EXPECT_THAT(session.take_notices(), testing::IsEmpty());
}

TEST_F(Parallel, FailingSharedSchemaStopsTheRun) {
  Connection session = connect();
  create_fleet(session);
  session.exec("CREATE TABLE shared_items ()");
  try {
    session.query(kSummary);
    FAIL() << "the shared schema cannot be migrated";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "42P07");
    EXPECT_THAT(error.report().message, HasSubstr("schema \"public\": migration 001: statement 1"));
  }
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current'"), "0");
}

TEST_F(Parallel, WorkersAreTheCallerWithItsSettings) {
  Connection session = connect();
  create_fleet(session);
  session.exec(R"(
    DROP ROLE IF EXISTS parallel_deploy;
    CREATE ROLE parallel_deploy;
    GRANT USAGE ON SCHEMA tenancy TO parallel_deploy;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy TO parallel_deploy;
    GRANT CREATE, USAGE ON SCHEMA public TO parallel_deploy;
    DO 'BEGIN FOR i IN 1 .. 7 LOOP EXECUTE format(''GRANT ALL ON SCHEMA t%s TO parallel_deploy'', i); END LOOP; END';
    SELECT tenancy.add_migration('003', 'CREATE TABLE seen AS SELECT current_setting(''work_mem'') AS work_mem');
    SET tenancy.tracking_table = 'history';
    SET work_mem = '3MB';
    SET ROLE parallel_deploy;
  )");
  const Rows rows =
      session.query("SELECT tenant, success, sqlstate FROM tenancy.migrate_all() ORDER BY tenant NULLS FIRST");
  ASSERT_EQ(rows.size(), 9U);
  EXPECT_THAT(rows[0], ElementsAre(std::nullopt, "t", std::nullopt));
  EXPECT_THAT(rows[7], ElementsAre("t7", "t", std::nullopt));
  // A schema that the role has no right to fails alone.
  EXPECT_THAT(rows[8], ElementsAre("t8", "f", "42501"));
  session.exec("RESET ROLE");
  EXPECT_EQ(
      session.query("SELECT tableowner FROM pg_tables WHERE schemaname = 't1' AND tablename IN ('items', 'history')"),
      (Rows{{"parallel_deploy"}, {"parallel_deploy"}}));
  EXPECT_EQ(session.value("SELECT work_mem FROM t1.seen"), "3MB");
  session.exec("DROP OWNED BY parallel_deploy CASCADE; DROP ROLE parallel_deploy");
}

TEST(ParallelCluster, CommitsOfWorkersWaitForTheDiskWhenAskedTo) {
  Cluster cluster{{"fsync", "on"}};
  Connection session = cluster.connect(cluster.create_database());
  create_fleet(session);
  const auto syncs_of = [&](const std::string& version, const std::string& setting) {
    session.exec("SELECT tenancy.add_migration('" + version + "', 'CREATE TABLE m" + version + " (id int)')");
    session.exec("SET tenancy.asynchronous_commit = " + setting + "; SELECT pg_stat_reset_shared('wal')");
    session.exec("SELECT * FROM tenancy.migrate_all(concurrency => 1)");
    return std::stoi(*session.value("SELECT wal_sync FROM pg_stat_wal"));
  };
  const int waiting = syncs_of("003", "off");
  EXPECT_GE(waiting, 9);
  EXPECT_LT(syncs_of("004", "on"), waiting);
}

TEST_F(Parallel, WorkersAreTheOwnerOfAFunctionWithDefinerRights) {
  Connection session = connect();
  create_fleet(session);
  session.exec(R"(
    SELECT tenancy.add_migration('003', 'CREATE TABLE made (id int)');
    DROP ROLE IF EXISTS parallel_app;
    CREATE ROLE parallel_app;
    CREATE FUNCTION deploy() RETURNS bigint LANGUAGE sql SECURITY DEFINER
      AS 'SELECT count(*) FROM tenancy.migrate_all() WHERE success';
    SET SESSION AUTHORIZATION parallel_app;
  )");
  EXPECT_EQ(session.value("SELECT deploy()"), "9");
  session.exec("RESET SESSION AUTHORIZATION");
  EXPECT_EQ(session.query("SELECT DISTINCT tableowner = current_user FROM pg_tables WHERE tablename = 'made'"),
            (Rows{{"t"}}));
}

TEST_F(Parallel, TransactionThatHasWrittenWorksAlone) {
  Connection session = connect();
  create_fleet(session);
  // In one statement, so in no transaction block.
  const Rows rows = session.query(
      "WITH written AS (SELECT tenancy.set_tenant_status('t8', 'suspended') AS tenant)"
      " SELECT count(*) FROM written, LATERAL tenancy.migrate_all(statuses => ARRAY['active', (tenant).status])");
  EXPECT_EQ(rows, (Rows{{"9"}}));
  const std::vector<Report> notices = session.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_THAT(notices[0].message, HasSubstr("this transaction has written"));
}

TEST_F(Parallel, TransactionBlockCanRollAllBack) {
  Connection session = connect();
  create_fleet(session);
  session.exec("BEGIN");
  EXPECT_EQ(session.query(kSummary), (Rows{{"9", "9", "9"}}));
  session.exec("ROLLBACK");
  EXPECT_EQ(session.value("SELECT sum(pending) FROM tenancy.status()"), "9");
}

TEST(ParallelWithoutWorkers, GoesOnAloneAndSaysSo) {
  Cluster cluster({{"max_worker_processes", "0"}});
  Connection session = cluster.connect(cluster.create_database());
  create_fleet(session);
  EXPECT_EQ(session.query(kSummary), (Rows{{"9", "9", "9"}}));
  for (const Report& notice : session.take_notices()) {
    EXPECT_THAT(notice.message, HasSubstr("no background worker is free"));
  }
  session.exec("SELECT tenancy.add_migration('003', 'ALTER TABLE items ADD note text'); ");
  session.exec("CALL tenancy.rollout()");
  EXPECT_EQ(session.value("SELECT sum(pending) FROM tenancy.status()"), "0");
}

}  // namespace
}  // namespace tenancy::test
