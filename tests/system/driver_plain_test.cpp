// Targets migrated by plain SQL: the same result, tracking rows and errors as the extension's.
#include <gmock/gmock.h>

#include "tests/system/driver_plain.h"

namespace tenancy::test {
namespace {

using core::Direction;
using driver::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::vector<File> kFiles{
    {"001_users.sql",
     "CREATE TABLE users (id int PRIMARY KEY, name text);\nINSERT INTO users VALUES (1, 'ä;');\n"
     "-- DOWNGRADE\nDROP TABLE users;\n"},
    {"002_notes.sql",
     "-- MIGRATION_DESCRIPTION: notes of users\nCREATE TABLE notes (id int REFERENCES users DEFERRABLE INITIALLY "
     "DEFERRED);\nALTER TABLE notes ADD body text;\nINSERT INTO notes VALUES (1);\n-- DOWNGRADE\nDROP TABLE notes;\n"},
    {"R_names.sql",
     "-- MIGRATION_REPEATABLE: on\nCREATE OR REPLACE VIEW names AS SELECT name FROM users;\n"
     "-- DOWNGRADE\nDROP VIEW names;\n"}};

class DriverPlain : public PlainTest {
 protected:
  void expect_same_tracking(const std::string& name) { EXPECT_EQ(tracked(plain(), name), tracked(control(), name)); }

  static std::vector<std::string> versions(const Outcome& outcome) {
    std::vector<std::string> result;
    for (const driver::StepOutcome& step : outcome.steps) result.push_back(step.version);
    return result;
  }

  static std::string failure_of(const Outcome& outcome) {
    if (!outcome.failure) return "";
    const driver::ServerReport& report = *outcome.failure;
    return report.sqlstate + "|" + report.message + "|" + report.detail + "|" + report.hint;
  }

  std::string extension_failure(const std::string& call) {
    try {
      control().query(call);
    } catch (const PgError& error) {
      const Report& report = error.report();
      return report.sqlstate + "|" + report.message + "|" + report.detail + "|" + report.hint;
    }
    return "";
  }
};

TEST_F(DriverPlain, GoesUpAndDownAsTheExtensionDoes) {
  load(kFiles);
  both("CREATE SCHEMA t");
  const Outcome up = migrate(schema("t"));
  ASSERT_EQ(failure_of(up), "");
  control().query("SELECT tenancy.migrate_schema('t')");
  EXPECT_THAT(versions(up), ElementsAre("001", "002", "R_names"));
  EXPECT_EQ(up.from_revision, "base");
  EXPECT_EQ(up.to_revision, "002");
  expect_same_tracking("t");

  const Outcome again = migrate(schema("t"));
  EXPECT_EQ(again.state, Outcome::State::done);
  EXPECT_THAT(again.steps, IsEmpty());
  EXPECT_EQ(again.from_revision, "002");

  const Outcome down = migrate(schema("t"), request(Direction::down, "-1"));
  ASSERT_EQ(failure_of(down), "");
  control().query("SELECT tenancy.downgrade_schema('t', '-1')");
  EXPECT_EQ(down.to_revision, "001");
  expect_same_tracking("t");
}

TEST_F(DriverPlain, LeavesTablesThatTheExtensionGoesOnWith) {
  load(kFiles);
  control().exec("CREATE SCHEMA a");
  driver::PlainRunner runner(store(), request(Direction::up, "001"));
  driver::Connection session =
      loop().run(driver::Connection::open(driver::Conninfo::parse(cluster().conninfo(database())), soon()));
  ASSERT_EQ(failure_of(loop().run(runner.run(session, schema("a"), soon()))), "");
  EXPECT_EQ(control().query("SELECT version FROM tenancy.migrate_schema('a')").size(), 2U);
  const Outcome down =
      loop().run(driver::PlainRunner(store(), request(Direction::down, "base")).run(session, schema("a"), soon()));
  EXPECT_EQ(failure_of(down), "");
  EXPECT_EQ(control().query("SELECT version FROM tenancy.migrate_schema('a')").size(), 3U);
}

TEST_F(DriverPlain, RunsAsTheOwnerWhoIsNoSuperuser) {
  load(kFiles);
  control().exec("DROP ROLE IF EXISTS plain_owner; CREATE ROLE plain_owner");
  both("CREATE SCHEMA t AUTHORIZATION plain_owner");
  ASSERT_EQ(failure_of(migrate(schema("t"))), "");
  control().query("SELECT tenancy.migrate_schema('t')");
  EXPECT_THAT(tracked(plain(), "t"), HasSubstr("plain_owner"));
  expect_same_tracking("t");
  const std::string owners =
      "SELECT string_agg(relname || ' ' || relowner::regrole, ',' ORDER BY relname) FROM pg_class"
      " WHERE relnamespace = 't'::regnamespace";
  EXPECT_EQ(plain().value(owners), control().value(owners));
  both("DROP SCHEMA t CASCADE");
  control().exec("DROP ROLE plain_owner");
}

/// Each of these fails, alike in both ways and without a trace.
TEST_F(DriverPlain, FailsInTheWordsOfTheExtension) {
  const std::vector<std::string> scripts{
      "CREATE TABLE a (id int);\n\nSELECT 1 /\n  0;",
      "CREATE TABLE a (id int);\nINSERT INTO a VALUES ('ä', x);",
      "DO $$BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'd', HINT = 'h', ERRCODE = 'P0042'; END$$",
      "CREATE TABLE public.stray (id int)",
      "CREATE TABLE a (id int);\nSET search_path = public;\nCREATE TABLE stray (id int)",
      "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "CREATE TYPE public.e AS ENUM ('a')",
      "ALTER TABLE shared ADD x int",
      "CREATE INDEX stray ON shared (id)",
      "ALTER SCHEMA t RENAME TO u",
      "LISTEN x",
      "SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1",
      "INSERT INTO schema_migrations SELECT 'default', 'x', '', '', 'applied', now(), 'me', '0'",
      "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n"
      "INSERT INTO b VALUES (1)",
      "-- MIGRATION_STATEMENT_TIMEOUT: 50ms\nSELECT pg_sleep(100)",
      "CREATE EXTENSION hstore",
      "ALTER TABLE nowhere ADD a int",
      "SELECT $1",
  };
  both("CREATE TABLE public.shared (id int)");
  for (const std::string& script : scripts) {
    control().query("DELETE FROM tenancy.migrations");
    load({{"001_a.sql", "-- MIGRATION_DESCRIPTION: a\n" + script + ";\n"}});
    both("CREATE SCHEMA t");
    const Outcome outcome = migrate(schema("t"));
    EXPECT_EQ(outcome.state, Outcome::State::failed);
    EXPECT_EQ(failure_of(outcome), extension_failure("SELECT tenancy.migrate_schema('t')")) << script;
    EXPECT_EQ(plain().value("SELECT count(*) FROM pg_class WHERE relnamespace = 't'::regnamespace"), "0") << script;
    both("DROP SCHEMA t CASCADE");
  }
}

TEST_F(DriverPlain, RefusesPlacesInTheWordsOfTheExtension) {
  load(kFiles);
  both(
      "CREATE SCHEMA a; CREATE TABLE a.schema_migrations (version text);"
      "CREATE SCHEMA b; CREATE VIEW b.schema_migrations AS SELECT 1 AS version");
  for (const std::string& name : {std::string("missing"), std::string("pg_catalog"), std::string("information_schema"),
                                  std::string(64, 'x'), std::string("a"), std::string("b")}) {
    const Outcome outcome = migrate(schema(name));
    EXPECT_EQ(failure_of(outcome), extension_failure("SELECT tenancy.migrate_schema('" + name + "')")) << name;
  }
  both("CREATE SCHEMA c; CREATE TABLE c.schema_migrations (LIKE a.schema_migrations)");
}

TEST_F(DriverPlain, RefusesPlansInTheWordsOfTheExtension) {
  load(kFiles);
  both("CREATE SCHEMA t");
  ASSERT_EQ(failure_of(migrate(schema("t"))), "");
  control().query("SELECT tenancy.migrate_schema('t')");
  for (const std::string revision : {"+3", "nope"}) {
    EXPECT_EQ(failure_of(migrate(schema("t"), request(Direction::up, revision))),
              extension_failure("SELECT tenancy.migrate_schema('t', '" + revision + "')"));
  }
  both("UPDATE t.schema_migrations SET checksum = 'x' WHERE version = '001'");
  EXPECT_EQ(failure_of(migrate(schema("t"))), extension_failure("SELECT tenancy.migrate_schema('t')"));
  both("UPDATE t.schema_migrations SET version = 'zzz' WHERE version = '001'");
  EXPECT_EQ(failure_of(migrate(schema("t"))), extension_failure("SELECT tenancy.migrate_schema('t')"));
}

TEST_F(DriverPlain, RunsNoCodeThatStandsOnTheTrackingTable) {
  load(kFiles);
  plain().exec("CREATE SCHEMA t");
  ASSERT_EQ(failure_of(migrate(schema("t"), request(Direction::up, "001"))), "");
  const std::vector<std::pair<std::string, std::string>> traps{
      {"CREATE RULE r AS ON INSERT TO t.schema_migrations DO ALSO SELECT 1", "DROP RULE r ON t.schema_migrations"},
      {"CREATE FUNCTION t.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
       "CREATE TRIGGER g BEFORE INSERT ON t.schema_migrations FOR EACH ROW EXECUTE FUNCTION t.f()",
       "DROP TRIGGER g ON t.schema_migrations"},
      {"ALTER TABLE t.schema_migrations ADD CONSTRAINT c CHECK (version <> 'x')",
       "ALTER TABLE t.schema_migrations DROP CONSTRAINT c"},
      {"ALTER TABLE t.schema_migrations ADD extra int DEFAULT 1", "ALTER TABLE t.schema_migrations DROP extra"},
      {"CREATE INDEX x ON t.schema_migrations (lower(version))", "DROP INDEX t.x"},
      {"ALTER TABLE t.schema_migrations ENABLE ROW LEVEL SECURITY",
       "ALTER TABLE t.schema_migrations DISABLE ROW LEVEL SECURITY"}};
  for (const auto& [set, remove] : traps) {
    plain().exec(set);
    EXPECT_THAT(failure_of(migrate(schema("t"))), HasSubstr("has expressions of its own")) << set;
    plain().exec(remove);
  }
  EXPECT_EQ(failure_of(migrate(schema("t"))), "");
}

TEST_F(DriverPlain, LeavesTheSessionAsItWas) {
  load({{"001_a.sql",
         "SET work_mem = '1MB';\nSET ROLE pg_monitor;\nRESET ROLE;\nSET application_name = 'x';\n"
         "CREATE TEMP TABLE tmp (a int);\nPREPARE p AS SELECT 1;\nSELECT pg_advisory_lock(7);\n"
         "CREATE SEQUENCE s;\nSELECT nextval('s');\nSET SESSION AUTHORIZATION DEFAULT;\n"},
        {"002_b.sql", "CREATE TABLE b (a int);\nSELECT current_setting('work_mem') = '1MB' OR 1 / 0 = 1;\n"}});
  plain().exec("CREATE SCHEMA t");
  driver::Connection session = open();
  const std::string state =
      "SELECT jsonb_build_object('settings', (SELECT jsonb_object_agg(name, setting) FROM pg_settings WHERE name <> "
      "'transaction_isolation'), 'role', current_user, 'temp', (SELECT count(*) FROM pg_class WHERE relnamespace = "
      "pg_my_temp_schema()), 'prepared', (SELECT count(*) FROM pg_prepared_statements), 'locks', (SELECT count(*) FROM "
      "pg_locks WHERE locktype = 'advisory'))::text";
  const auto look = [&] { return std::string(loop().run(session.query(state, {}, soon())).text(0, 0)); };
  const std::string before = look();
  EXPECT_THAT(failure_of(migrate(session, schema("t"))), HasSubstr("migration 002: statement 2 (002_b.sql line 2)"));
  EXPECT_FALSE(session.in_transaction());
  EXPECT_EQ(look(), before);
  ASSERT_EQ(failure_of(migrate(session, schema("t"), request(Direction::up, "001"))), "");
  EXPECT_FALSE(session.in_transaction());
  EXPECT_EQ(look(), before);
}

TEST_F(DriverPlain, KeepsItsStatementsWhereOnlyTheCallersOwnCodeRuns) {
  load({{"001_a.sql", "CREATE TABLE a (id int);"},
        {"002_b.sql", "ALTER TABLE a ADD COLUMN b int DEFAULT public.take_away();"},
        {"003_c.sql", "INSERT INTO a VALUES (1);"}});
  // A function that nobody would write takes away what the session has prepared.
  plain().exec(
      "CREATE FUNCTION public.take_away() RETURNS int LANGUAGE plpgsql AS $$"
      " BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN 1; END $$");
  for (const char* name : {"t1", "t2", "t3"}) plain().exec(std::string("CREATE SCHEMA ") + name);
  plain().exec("CREATE ROLE " + plain_name() + "; GRANT USAGE ON SCHEMA public TO " + plain_name());
  plain().exec("CREATE SCHEMA owned AUTHORIZATION " + plain_name());
  driver::Connection session = open();
  const auto kept = [&] {
    const std::string sql = "SELECT count(*) > 0 FROM pg_prepared_statements";
    return loop().run(session.query(sql, {}, soon())).text(0, 0) == "t";
  };
  const auto to = [&](const char* name, const char* revision) {
    return failure_of(migrate(session, schema(name), request(Direction::up, revision)));
  };
  EXPECT_EQ(to("t1", "001"), "");
  EXPECT_FALSE(kept());  // the session was not known yet
  EXPECT_EQ(to("t2", "001"), "");
  EXPECT_TRUE(kept());
  plain().exec("INSERT INTO t2.a VALUES (1)");
  EXPECT_EQ(to("t2", "002"), "");
  EXPECT_EQ(plain().value("SELECT b FROM t2.a"), "1");
  EXPECT_EQ(to("t3", "002"), "");
  EXPECT_EQ(to("t1", "001"), "");
  EXPECT_TRUE(kept());
  EXPECT_EQ(to("owned", "001"), "");
  EXPECT_FALSE(kept());
  EXPECT_EQ(to("t3", "head"), "");
  EXPECT_FALSE(kept());
  plain().exec("DROP OWNED BY " + plain_name() + "; DROP ROLE " + plain_name());
}

TEST_F(DriverPlain, CommitsBehindMigrationsThatAddEnumValues) {
  load({{"001_a.sql", "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE a (m mood PRIMARY KEY);\n"},
        {"002_b.sql", "ALTER TYPE mood ADD VALUE 'glad';\n"},
        {"003_c.sql", "-- MIGRATION_TRANSACTION: off\nALTER TYPE mood ADD VALUE 'calm';\n"},
        {"004_d.sql", "INSERT INTO a VALUES ('glad'), ('calm');\n"}});
  plain().exec("CREATE SCHEMA t");
  const Outcome outcome = migrate(schema("t"));
  ASSERT_EQ(failure_of(outcome), "");
  EXPECT_THAT(versions(outcome), ElementsAre("001", "002", "003", "004"));
  EXPECT_EQ(outcome.from_revision, "base");
  EXPECT_EQ(outcome.to_revision, "004");
  EXPECT_EQ(plain().value("SELECT string_agg(m::text, ' ' ORDER BY m) FROM t.a"), "glad calm");
}

TEST_F(DriverPlain, WaitsForOtherRunnersAndThenPlansAnew) {
  load(kFiles);
  plain().exec("CREATE SCHEMA t");
  Connection other = cluster().connect(plain_name());
  other.exec("BEGIN; SELECT pg_advisory_xact_lock(" + std::to_string(0x746e6379) + ", 't'::regnamespace::oid::int)");
  const Outcome refused = migrate(schema("t"), [] {
    driver::Request request;
    request.lock_timeout = std::chrono::milliseconds(100);
    return request;
  }());
  EXPECT_EQ(refused.failure.value().sqlstate, "55P03");

  driver::Connection session = open();
  driver::Request patient;
  patient.lock_timeout = std::chrono::milliseconds(0);
  driver::PlainRunner runner(store(), patient);
  std::optional<Outcome> outcome;
  loop().start([](driver::PlainRunner& runner, driver::Connection& session, driver::Target target,
                  std::optional<Outcome>& outcome) -> boost::asio::awaitable<void> {
    outcome = co_await runner.run(session, target, soon());
  }(runner, session, schema("t"), outcome));
  loop().context().restart();
  const auto limit = soon();
  while (control().value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'") == "0") {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
    loop().context().poll();
  }
  // The other runner is done with it when the lock is free.
  other.exec("COMMIT");
  loop().run_rest();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(failure_of(*outcome), "");
}

}  // namespace
}  // namespace tenancy::test
