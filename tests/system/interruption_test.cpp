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

  /// Until the server has ended the gate's session, half a minute at most: then it has heard of a killed process.
  void wait_for_crash() {
    try {
      for (int attempt = 0; attempt < 300; ++attempt) {
        gate_->exec("SELECT 1");
        usleep(100'000);
      }
    } catch (const PgError&) {
    }
    gate_.reset();
  }

  /// Until the server takes connections again, half a minute at most.
  void wait_for_recovery() {
    for (int attempt = 0; attempt < 300; ++attempt) {
      try {
        connect().exec("SELECT 1");
        return;
      } catch (const PgError&) {
        usleep(100'000);
      }
    }
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
  Connection runner = start_and_wait("SELECT * FROM tenancy.migrate_all()", "BEGIN");
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
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 0)");
  runner.cancel();
  EXPECT_THROW(runner.finish(), PgError);
  open_gate();
  EXPECT_THAT(migrated(), ElementsAre("t01", "t02", "t03", "t04", "t05"));
  // The session is good for more.
  EXPECT_EQ(runner.value("SELECT count(*) FROM tenancy.status()"), "10");
  expect_next_run_finishes();
}

TEST_F(Interruption, StatementTimeoutOfTheCallerStopsTheRun) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 0)", "SET statement_timeout = '4s'");
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
  Connection runner =
      start_and_wait("SELECT * FROM tenancy.migrate_all(concurrency => 0)", "SET tenancy.statement_timeout = '2s'");
  const Rows rows = runner.finish();
  ASSERT_EQ(rows.size(), 10U);
  for (const Row& row : rows) EXPECT_EQ(row[2], row[0] == "t06" ? "f" : "t") << *row[0];
  EXPECT_EQ(rows[5][9], "57014");
  EXPECT_THAT(*rows[5][10], HasSubstr("statement timeout of 2000 ms"));
  open_gate();
  EXPECT_EQ(migrated().size(), 9U);
  expect_next_run_finishes();
}

TEST_F(Interruption, TerminatedBackendLosesOnlyItsTarget) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 0)");
  connect().query("SELECT pg_terminate_backend($1::int)", {std::to_string(runner.backend_pid())});
  EXPECT_THROW(runner.finish(), PgError);
  open_gate();
  EXPECT_EQ(migrated().size(), 5U);
  expect_next_run_finishes();
}

TEST_F(Interruption, KilledBackendLosesOnlyItsTarget) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 0)");
  kill(runner.backend_pid(), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  wait_for_crash();
  wait_for_recovery();
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
  EXPECT_LE(migrated().size(), 9U);
  expect_next_run_finishes();
}

/// The same with three background workers: two go on while one waits in the sixth tenant.
class ParallelInterruption : public Interruption {
 protected:
  static constexpr const char* kRun = "SELECT * FROM tenancy.migrate_all(concurrency => 3)";

  /// The worker that waits for the test's lock.
  std::string waiting_worker() {
    return *gate_->value("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 6 AND NOT granted");
  }

  void expect_no_workers() {
    EXPECT_EQ(connect().value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'tenancy worker'"), "0");
  }

  void expect_sixth_untouched() {
    EXPECT_THAT(migrated(), testing::Not(testing::Contains("t06")));
    open_gate();
    expect_next_run_finishes();
  }

  /// All rows succeed but that of the sixth tenant, which is returned.
  Row expect_only_sixth_failed(const Rows& rows) {
    EXPECT_EQ(rows.size(), 10U);
    Row sixth;
    for (const Row& row : rows) {
      EXPECT_EQ(row[2], row[0] == "t06" ? "f" : "t") << *row[0];
      if (row[0] == "t06") sixth = row;
    }
    return sixth;
  }
};

TEST_F(ParallelInterruption, WorkersShowWhatTheyDo) {
  Connection runner = start_and_wait(kRun);
  EXPECT_EQ(gate_->value("SELECT query FROM pg_stat_activity WHERE pid = " + waiting_worker()),
            "tenancy run 1: migrating tenant \"t06\": migration 002");
  open_gate();
  EXPECT_EQ(runner.finish().size(), 10U);
  expect_no_workers();
  EXPECT_EQ(migrated().size(), 10U);
}

TEST_F(ParallelInterruption, CancelEndsTheWorkers) {
  Connection runner = start_and_wait(kRun);
  runner.cancel();
  try {
    runner.finish();
    FAIL() << "the run was not cancelled";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "57014");
  }
  expect_no_workers();
  expect_sixth_untouched();
}

TEST_F(ParallelInterruption, WorkersEndWithATerminatedLeader) {
  Connection runner = start_and_wait(kRun);
  gate_->query("SELECT pg_terminate_backend($1::int)", {std::to_string(runner.backend_pid())});
  EXPECT_THROW(runner.finish(), PgError);
  gate_->wait_until("SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'tenancy worker'");
  expect_sixth_untouched();
}

TEST_F(ParallelInterruption, TerminatedWorkerCostsItsTargetOnly) {
  Connection runner = start_and_wait(kRun);
  gate_->query("SELECT pg_terminate_backend($1::int)", {waiting_worker()});
  const Row sixth = expect_only_sixth_failed(runner.finish());
  EXPECT_THAT(*sixth[10], HasSubstr("tenant \"t06\": the worker that migrated it ended: terminating"));
  EXPECT_EQ(migrated().size(), 9U);
  open_gate();
  expect_next_run_finishes();
}

TEST_F(ParallelInterruption, WhatADeadWorkerReportedSurvivesACrash) {
  Connection runner = start_and_wait("SELECT * FROM tenancy.migrate_all(concurrency => 1)");
  gate_->query("SELECT pg_terminate_backend($1::int)", {waiting_worker()});
  const Rows rows = runner.finish();
  cluster_.crash();
  gate_.reset();
  cluster_.start();
  std::vector<std::string> reported;
  for (const Row& row : rows) {
    if (row[2] == "t") reported.push_back(*row[0]);
  }
  EXPECT_THAT(reported, ElementsAre("t01", "t02", "t03", "t04", "t05"));
  EXPECT_EQ(migrated(), reported);
  expect_next_run_finishes();
}

TEST_F(ParallelInterruption, CancelOfAWorkerIsAFailureOfItsTarget) {
  Connection runner = start_and_wait(kRun);
  gate_->query("SELECT pg_cancel_backend($1::int)", {waiting_worker()});
  const Row sixth = expect_only_sixth_failed(runner.finish());
  EXPECT_EQ(sixth[9], "57014");
  open_gate();
  expect_next_run_finishes();
}

TEST_F(ParallelInterruption, KilledWorkerLosesNothing) {
  Connection runner = start_and_wait(kRun);
  kill(std::stoi(waiting_worker()), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  gate_.reset();
  wait_for_recovery();
  EXPECT_THAT(migrated(), testing::Not(testing::Contains("t06")));
  expect_next_run_finishes();
}

}  // namespace
}  // namespace tenancy::test
