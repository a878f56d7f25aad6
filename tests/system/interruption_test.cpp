// Whatever ends a run in the middle, each target is done or untouched, and the next run finishes.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Ten tenants, and a migration that waits in the sixth for an advisory lock which the test holds.
class Interruption : public testing::Test {
 protected:
  Interruption() : database_(cluster_.create_database()) {
    Connection session = connect();
    session.exec(R"(
      SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int PRIMARY KEY)', 'DROP TABLE items');
      SELECT tenancy.create_tenant(format('t%s', lpad(i::text, 2, '0'))) FROM generate_series(1, 10) i;
      SELECT tenancy.add_migration('002', $$
        ALTER TABLE items ADD note text;
        DO 'BEGIN IF current_schema() = ''t06'' THEN PERFORM pg_advisory_xact_lock(6); END IF; END';
      $$, 'ALTER TABLE items DROP note');
    )");
  }

  Connection connect() { return cluster_.connect(database_); }

  /// Starts `sql` in a session of its own, with settings, and returns when it waits in the sixth tenant.
  Connection start_and_wait(const std::string& sql, const std::string& settings = "") {
    gate_.emplace(connect());
    gate_->exec("SELECT pg_advisory_lock(6)");
    Connection runner = connect();
    runner.exec("SET tenancy.lock_timeout = 0;" + settings);
    runner.start(sql);
    gate_->wait_until("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 6 AND NOT granted)");
    return runner;
  }

  void open_gate() { gate_->exec("SELECT pg_advisory_unlock(6)"); }

  /// The tenants whose tracking row and column agree that 002 is applied; fails the test where they disagree.
  std::vector<std::string> migrated() {
    Connection session = connect();
    std::vector<std::string> done;
    for (const Row& row : session.query(R"(
           SELECT s.tenant, s.revision = '002',
                  EXISTS (SELECT FROM information_schema.columns c
                           WHERE c.table_schema = s.schema AND c.table_name = 'items' AND c.column_name = 'note')
             FROM tenancy.status() s WHERE tenant IS NOT NULL ORDER BY tenant)")) {
      EXPECT_EQ(row[1], row[2]) << *row[0];
      if (row[1] == "t") done.push_back(*row[0]);
    }
    return done;
  }

  void expect_next_run_finishes() {
    Connection session = connect();
    session.exec("CALL tenancy.rollout()");
    EXPECT_EQ(migrated().size(), 10U);
  }

  Cluster cluster_;
  std::string database_;
  std::optional<Connection> gate_;
};

TEST_F(Interruption, CancelOfMigrateAllIsACancelAndUndoesAll) {
  Connection runner = start_and_wait("SELECT * FROM tenancy.migrate_all()");
  runner.cancel();
  try {
    runner.finish();
    FAIL() << "the run was not cancelled";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "57014");
    EXPECT_THAT(error.report().message, HasSubstr("tenant \"t06\": migration 002: statement 2 (line 3): "));
  }
  open_gate();
  EXPECT_THAT(migrated(), ElementsAre());
  expect_next_run_finishes();
}

TEST_F(Interruption, CancelOfRolloutKeepsWhatIsDone) {
  Connection runner = start_and_wait("CALL tenancy.rollout()");
  runner.cancel();
  EXPECT_THROW(runner.finish(), PgError);
  open_gate();
  EXPECT_THAT(migrated(), ElementsAre("t01", "t02", "t03", "t04", "t05"));
  // The session is good for more.
  EXPECT_EQ(runner.value("SELECT count(*) FROM tenancy.status()"), "10");
  expect_next_run_finishes();
}

TEST_F(Interruption, StatementTimeoutOfTheCallerStopsTheRun) {
  Connection runner = start_and_wait("CALL tenancy.rollout()", "SET statement_timeout = '4s'");
  try {
    runner.finish();
    FAIL() << "the run was not stopped";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "57014");
  }
  open_gate();
  EXPECT_EQ(migrated().size(), 5U);
  expect_next_run_finishes();
}

TEST_F(Interruption, OwnStatementTimeoutFailsItsTargetOnly) {
  Connection runner = start_and_wait("SELECT * FROM tenancy.migrate_all()", "SET tenancy.statement_timeout = '2s'");
  const Rows rows = runner.finish();
  ASSERT_EQ(rows.size(), 10U);
  for (const Row& row : rows) EXPECT_EQ(row[2], row[0] == "t06" ? "f" : "t") << *row[0];
  EXPECT_EQ(rows[5][7], "57014");
  EXPECT_THAT(*rows[5][8], HasSubstr("statement timeout of 2000 ms"));
  open_gate();
  EXPECT_EQ(migrated().size(), 9U);
  expect_next_run_finishes();
}

TEST_F(Interruption, TerminatedBackendLosesOnlyItsTarget) {
  Connection runner = start_and_wait("CALL tenancy.rollout()");
  connect().query("SELECT pg_terminate_backend($1::int)", {std::to_string(runner.backend_pid())});
  EXPECT_THROW(runner.finish(), PgError);
  open_gate();
  EXPECT_EQ(migrated().size(), 5U);
  expect_next_run_finishes();
}

TEST_F(Interruption, KilledBackendLosesOnlyItsTarget) {
  Connection runner = start_and_wait("CALL tenancy.rollout()");
  kill(runner.backend_pid(), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  // The postmaster restarts all, which ends the gate's session too.
  gate_.reset();
  for (int attempt = 0; attempt < 300; ++attempt) {
    try {
      connect().exec("SELECT 1");
      break;
    } catch (const PgError&) {
      usleep(100'000);
    }
  }
  // Commits that were not yet flushed may be lost, each with its tracking row.
  EXPECT_LE(migrated().size(), 5U);
  expect_next_run_finishes();
}

TEST_F(Interruption, WhatWasReportedSurvivesACrash) {
  Connection runner = connect();
  runner.exec("CALL tenancy.rollout()");
  cluster_.crash();
  cluster_.start();
  EXPECT_EQ(migrated().size(), 10U);
}

TEST_F(Interruption, CrashInTheMiddleLeavesTargetsWhole) {
  Connection runner = start_and_wait("CALL tenancy.rollout()");
  cluster_.crash();
  gate_.reset();
  cluster_.start();
  EXPECT_LE(migrated().size(), 5U);
  expect_next_run_finishes();
}

}  // namespace
}  // namespace tenancy::test
