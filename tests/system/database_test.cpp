// One operation on a fleet in many databases: what is done where, in which order, and what another run makes of it.
#include <gmock/gmock.h>

#include "tests/system/databases.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// "tenant schema from to", or what went wrong.
const char* const kOutcome =
    "SELECT coalesce(tenant, '-') || ' ' || schema || ' ' ||"
    "       CASE WHEN success THEN from_revision || ' ' || to_revision ELSE error END";

/// "tenant schema revision state", or the detail.
const char* const kStanding =
    "SELECT coalesce(tenant, '-') || ' ' || schema || ' ' || coalesce(revision, '-') || ' ' || state FROM "
    "tenancy.status()";

void call_on_last_run(Connection& session, const std::string& procedure) {
  session.exec("CALL tenancy." + procedure + "(" + *session.value("SELECT max(id) FROM tenancy.runs") + ")");
}

/// Schemas here, tenants that share one, a database, and a database with two tenants' schemas.
class HybridFleet : public Databases {
 protected:
  HybridFleet() {
    make("own");
    make("pool");
    cluster().connect("pool").exec("CREATE SCHEMA p1; CREATE SCHEMA p2");
    Connection session = connect();
    session.exec(R"(
      SELECT tenancy.add_migration('001', 'CREATE TABLE plans (id int PRIMARY KEY)', 'DROP TABLE plans',
                                   scope => 'public');
      SELECT tenancy.add_migration('002', 'CREATE TABLE users (id int PRIMARY KEY, plan int REFERENCES plans)',
                                   'DROP TABLE users');
      SELECT tenancy.create_tenant('here', revision => 'base');
      CREATE SCHEMA rows;
      SELECT tenancy.register_tenant('r1', 'rows', 'rls');
      SELECT tenancy.register_tenant('r2', 'rows', 'rls');
      SELECT tenancy.register_tenant('p1', 'p1', database => 'pool');
      SELECT tenancy.register_tenant('p2', 'p2', database => 'pool');
    )");
    add(session, {"own"});
  }
};

TEST_F(HybridFleet, WhatSomeTenantsLeaveTheOthersStillNeed) {
  Connection session = connect();
  session.exec("SELECT FROM tenancy.migrate_all()");
  EXPECT_THAT(column(session.query(std::string(kOutcome) + " FROM tenancy.downgrade_all('base', pattern => '%1')")),
              ElementsAre("r1 rows 002 base", "p1 p1 002 base"));
  EXPECT_EQ(cluster().connect("pool").value("SELECT count(*) FROM schema_migrations"), "1");
}

TEST_F(HybridFleet, MigrateAllReachesEveryPlace) {
  Connection session = connect();
  // What tenants refer to is made first, or their own tables could not be.
  EXPECT_THAT(column(session.query(std::string(kOutcome) + " FROM tenancy.migrate_all()")),
              ElementsAre("- public base 001", "here here base 002", "- rows base 002", "own public base 002",
                          "- public base 001", "p1 p1 base 002", "p2 p2 base 002"));
  EXPECT_THAT(session.take_notices(), IsEmpty());
  EXPECT_THAT(column(session.query(kStanding)),
              ElementsAre("- public 001 current", "here here 002 current", "r1 rows 002 current", "r2 rows 002 current",
                          "own public 002 current", "- public 001 current", "p1 p1 002 current", "p2 p2 002 current"));
  // There is nothing of ours there but the tracking tables.
  Connection pool = cluster().connect("pool");
  EXPECT_EQ(pool.value("SELECT string_agg(oid::regclass::text, ' ' ORDER BY oid::regclass::text) FROM pg_class"
                       " WHERE relkind = 'r' AND oid >= 16384"),
            "p1.schema_migrations p1.users p2.schema_migrations p2.users plans schema_migrations");
  EXPECT_EQ(pool.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'tenancy'"), "0");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.migrate_all() WHERE steps > 0"), "0");
}

TEST_F(HybridFleet, RolloutAndItsWayBackKeepTheOrder) {
  Connection session = connect();
  session.exec("CALL tenancy.rollout()");
  const std::string order =
      "SELECT string_agg(coalesce(database, 'home') || '.' || schema, ' ' ORDER BY ordinal) FROM tenancy.run_targets"
      " WHERE run = (SELECT max(id) FROM tenancy.runs)";
  EXPECT_EQ(session.value(order), "home.public pool.public home.here home.rows own.public pool.p1 pool.p2");
  EXPECT_EQ(session.query("SELECT state, targets, unchanged FROM tenancy.runs"), (Rows{{"done", "7", "0"}}));
  EXPECT_EQ(session.value("SELECT string_agg(DISTINCT versions::text, ' ') FROM tenancy.run_targets WHERE kind <> "
                          "'shared'"),
            "{001,002} {002}");

  call_on_last_run(session, "rollback_run");
  EXPECT_THAT(column(session.query(kStanding)), Each(HasSubstr(" base behind")));
  EXPECT_THAT(*session.value(order), testing::EndsWith(" pool.public home.public"));
  for (const char* database : {"own", "pool"}) {
    EXPECT_EQ(cluster().connect(database).value("SELECT count(*) FROM pg_class WHERE relname IN ('users', 'plans')"),
              "0")
        << database;
  }
}

TEST_F(HybridFleet, DowngradesLeaveWhatIsSharedForTheEnd) {
  Connection session = connect();
  session.exec("CALL tenancy.rollout()");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.downgrade_all('base') WHERE success"), "7");
  EXPECT_THAT(column(session.query(kStanding)), Each(HasSubstr(" base behind")));
}

TEST_F(HybridFleet, SharedSchemaThatFailsCostsTheTenantsOfItsDatabase) {
  cluster().connect("pool").exec("CREATE VIEW plans AS SELECT 1 AS id");
  Connection session = connect();
  const std::vector<std::string> rows = column(session.query(std::string(kOutcome) + " FROM tenancy.migrate_all()"));
  ASSERT_EQ(rows.size(), 7U);
  EXPECT_THAT(rows[2], "- rows base 002");
  EXPECT_THAT(rows[3], "own public base 002");
  EXPECT_THAT(rows[4], HasSubstr("database \"pool\", schema \"public\": migration 001: statement 1"));
  EXPECT_THAT(rows[5], HasSubstr("\"p1\" (database \"pool\", schema \"p1\"): left as it is: the shared schema"));
  EXPECT_THAT(rows[6], HasSubstr("left as it is: the shared schema of its database failed"));
  EXPECT_EQ(cluster().connect("pool").value("SELECT count(*) FROM pg_class WHERE relname = 'users'"), "0");

  cluster().connect("pool").exec("DROP VIEW plans");
  call_on_last_run(session, "retry_failed");
  EXPECT_THAT(column(session.query(kStanding)), Each(HasSubstr(" current")));
}

TEST_F(HybridFleet, RunGoesOnWhereACanaryStoppedIt) {
  Connection session = connect();
  session.exec("CALL tenancy.rollout(canary_tenants => '{own}', stop_after_canary => true)");
  EXPECT_THAT(column(session.query(kStanding)),
              ElementsAre("- public 001 current", "here here base behind", "r1 rows base behind", "r2 rows base behind",
                          "own public 002 current", "- public 001 current", "p1 p1 base behind", "p2 p2 base behind"));
  call_on_last_run(session, "resume");
  EXPECT_THAT(column(session.query(kStanding)), Each(HasSubstr(" current")));
  EXPECT_EQ(session.query("SELECT state, count(*) FROM tenancy.run_targets GROUP BY 1"), (Rows{{"done", "7"}}));
}

TEST_F(HybridFleet, PinHoldsInAnotherDatabaseToo) {
  Connection session = connect();
  session.exec("SELECT tenancy.pin_tenant('own', '001')");
  session.exec("CALL tenancy.rollout()");
  EXPECT_EQ(session.query("SELECT revision, pending, state, detail FROM tenancy.status('own') WHERE tenant = 'own'"),
            (Rows{{"001", "1", "pinned", "pinned to 001"}}));
}

TEST_F(HybridFleet, OtherServersAreOnlyNamed) {
  Connection session = connect();
  session.exec("SELECT tenancy.register_server('eu1', 'service=eu1')");
  session.exec("SELECT tenancy.register_tenant('far', isolation => 'database', database => 'own', server => 'eu1')");
  EXPECT_EQ(session.query("SELECT success, error FROM tenancy.migrate_all() WHERE tenant = 'far'"),
            (Rows{{"f", "tenant \"far\" (database \"own\", schema \"public\"): it lives on server \"eu1\""}}));
  EXPECT_EQ(session.query("SELECT revision, pending, state, detail FROM tenancy.status('far') WHERE tenant = 'far'"),
            (Rows{{std::nullopt, std::nullopt, "elsewhere", "in database \"own\" on server \"eu1\""}}));
}

TEST_F(HybridFleet, RunIsTheSameAtAnyIsolationLevel) {
  Connection session = connect();
  session.exec("SET default_transaction_isolation = 'serializable'");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.migrate_all() WHERE success"), "7");
  EXPECT_EQ(session.query("SELECT state, count(*) FROM tenancy.run_targets GROUP BY 1"), (Rows{{"done", "7"}}));
}

class DatabaseRun : public Databases {};

TEST_F(DatabaseRun, DatabaseIsWhatPsqlWouldHaveMade) {
  const std::vector<std::string> scripts{
      "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY "
      "KEY, name text NOT NULL, feels mood DEFAULT 'glad')",
      "CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper($1); CREATE INDEX ON people "
      "(shout(name)); COMMENT ON TABLE people IS 'Everybody — also Zoë'",
      "CREATE INDEX CONCURRENTLY people_feels ON people (feels)",
      "CREATE VIEW glad AS SELECT id, shout(name) AS name FROM people WHERE feels = 'glad';"
      " ALTER TABLE people ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON people USING (name = current_user)"};
  make("by_psql");
  make("by_us");
  Connection session = connect();
  add(session, {"by_us"});
  Connection plain = cluster().connect("by_psql");
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    session.query("SELECT tenancy.add_migration($1, $2, transactional => $3::bool)",
                  {std::to_string(i + 1), scripts[i], i == 2 ? "f" : "t"});
    plain.exec(scripts[i]);
  }
  session.exec("CALL tenancy.rollout()");
  EXPECT_EQ(schema_definition(cluster().conninfo("by_us"), "public"),
            schema_definition(cluster().conninfo("by_psql"), "public"));
  EXPECT_EQ(session.value("SELECT versions FROM tenancy.run_targets"), "{1,2,3,4}");
  EXPECT_EQ(cluster().connect("by_us").value("SELECT bool_and(indisvalid) FROM pg_index"), "t");
}

TEST_F(DatabaseRun, MigrateAllNamesAMigrationThatTakesAProcedure) {
  make("concurrent");
  Connection session = connect();
  add(session, {"concurrent"});
  session.exec(R"(
    SELECT tenancy.add_migration('1', 'CREATE TABLE a (n int)');
    SELECT tenancy.add_migration('2', 'CREATE INDEX CONCURRENTLY a_n ON a (n)', transactional => false);
  )");
  const Rows rows = session.query("SELECT sqlstate, error, hint FROM tenancy.migrate_all()");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][0], "0A000");
  EXPECT_THAT(*rows[0][1], HasSubstr("migration 2 runs outside of a transaction"));
  EXPECT_THAT(*rows[0][2], HasSubstr("CALL tenancy.rollout()"));
  EXPECT_EQ(session.value("SELECT revision FROM tenancy.status()"), "base");
}

TEST_F(DatabaseRun, WhatAFailedTargetAppliedOfAnotherSetIsTakenBack) {
  make("visited");
  Connection session = connect();
  session.exec(R"(
    SELECT tenancy.add_migration('001', 'CREATE TABLE people (id int)', 'DROP TABLE people', migration_set => 'users');
    SELECT tenancy.add_migration('002', 'CREATE INDEX CONCURRENTLY people_id ON people (id)',
                                 'DROP INDEX CONCURRENTLY people_id', migration_set => 'users', transactional => false);
    SELECT tenancy.add_migration('001', 'CREATE INDEX CONCURRENTLY ON nowhere (id)', migration_set => 'analytics',
                                 transactional => false, requires => '{users@002}');
    SELECT tenancy.register_tenant('visited', isolation => 'database', database => 'visited',
                                   migration_set => 'analytics', further_sets => '{users}');
  )");
  EXPECT_THROW(session.exec("CALL tenancy.rollout(migration_set => 'analytics')"), PgError);
  EXPECT_EQ(session.query("SELECT state, versions FROM tenancy.run_targets"),
            (Rows{{"failed", "{users@001,users@002}"}}));
  call_on_last_run(session, "rollback_run");
  EXPECT_EQ(session.query("SELECT migration_set, revision FROM tenancy.status()"),
            (Rows{{"analytics", "base"}, {"users", "base"}}));
  EXPECT_EQ(cluster().connect("visited").value("SELECT to_regclass('people')"), std::nullopt);
}

TEST_F(DatabaseRun, OtherEncodingIsRefused) {
  make("latin", "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  Connection session = connect();
  add(session, {"latin"});
  session.exec("SELECT tenancy.add_migration('1', 'CREATE TABLE a (n int)')");
  const std::string reason = "its database has encoding LATIN1, and this one UTF8";
  EXPECT_THAT(*session.value("SELECT error FROM tenancy.migrate_all()"), HasSubstr(reason));
  EXPECT_EQ(session.query("SELECT state, detail FROM tenancy.status()"),
            (Rows{{"unreachable", "in database \"latin\": " + reason}}));
}

}  // namespace
}  // namespace tenancy::test
