// Non-transactional migrations that are interrupted: CREATE INDEX CONCURRENTLY waits for other transactions, and so a
// test stops it where it likes.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;

class OutsideRun : public testing::Test {
 protected:
  OutsideRun() : database_(cluster_.create_database()), gate_(connect()), watcher_(connect()) {
    watcher_.exec(R"(
      SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int, n int)', 'DROP TABLE items');
      SELECT tenancy.create_tenant('t' || i) FROM generate_series(1, 3) i;
      SELECT tenancy.add_migration('002', 'CREATE INDEX CONCURRENTLY items_n ON items (n)',
                                   'DROP INDEX CONCURRENTLY items_n', transactional => false);
    )");
  }

  Connection connect() { return cluster_.connect(database_); }

  /// A transaction that has written to t2's table: its index cannot even begin to be built.
  void close_gate_to_writers() { gate_.exec("BEGIN; INSERT INTO t2.items VALUES (1, 1)"); }
  /// A transaction with a snapshot alone: indexes are built, and wait before they become valid.
  void close_gate_to_snapshots() { gate_.exec("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1"); }
  void open_gate() { gate_.exec("COMMIT"); }

  /// Starts `call` and returns when a worker waits for the gate's transaction.
  Connection start_and_wait(const std::string& call = "CALL tenancy.rollout(concurrency => 1)",
                            const std::string& settings = "") {
    Connection runner = connect();
    runner.exec(settings);
    runner.start(call);
    watcher_.wait_until("SELECT EXISTS (" + waiting_ + ")");
    return runner;
  }

  std::string worker() { return *watcher_.value(waiting_); }

  /// The run fails; its error, or an empty report when the connection was lost.
  static Report failure_of(Connection& runner) {
    try {
      runner.finish();
    } catch (const PgError& error) {
      return error.report();
    }
    ADD_FAILURE() << "the run did not fail";
    return {};
  }

  /// The warning for a target that failed.
  static Report warning_of(Connection& runner, const std::string& tenant) {
    for (const Report& notice : runner.take_notices()) {
      if (notice.message.starts_with("tenant \"" + tenant + "\": ")) return notice;
    }
    ADD_FAILURE() << "no warning about " << tenant;
    return {};
  }

  /// "applied t": the state in the tracking table, and whether the index is valid; "-": there is none.
  std::string standing_of(const std::string& tenant) {
    Connection session = connect();
    return *session.value(
        "SELECT coalesce((SELECT state FROM tenancy.history($1) WHERE version = '002'), '-') || ' ' || "
        "coalesce((SELECT indisvalid::text FROM pg_index "
        "WHERE indexrelid = to_regclass(format('%I.items_n', $1))), '-')",
        {tenant});
  }

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

  void expect_next_run_finishes() {
    Connection session = connect();
    session.exec("CALL tenancy.rollout()");
    for (const char* tenant : {"t1", "t2", "t3"}) EXPECT_EQ(standing_of(tenant), "applied true") << tenant;
    EXPECT_EQ(session.value("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
                            "WHERE c.relname = 'items'"),
              "3")
        << "something was left";
    EXPECT_EQ(session.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
  }

  Cluster cluster_;
  std::string database_;
  Connection gate_;
  Connection watcher_;
  /// Who waits for the gate: for a moment an index waits for the watcher's own queries too.
  std::string waiting_ =
      "SELECT waiting.pid FROM pg_locks waiting JOIN pg_locks gate USING (virtualxid) "
      "WHERE NOT waiting.granted AND gate.granted AND gate.pid = " +
      *gate_.value("SELECT pg_backend_pid()");
};

TEST_F(OutsideRun, OthersGoOnWhileOneWaits) {
  close_gate_to_writers();
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 2)");
  watcher_.wait_until("SELECT count(*) = 1 FROM tenancy.history('t3') WHERE version = '002' AND state = 'applied'");
  EXPECT_EQ(standing_of("t2"), "running false");
  open_gate();
  runner.finish();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, NobodyElseTouchesTheTargetMeanwhile) {
  close_gate_to_writers();
  Connection runner = start_and_wait();
  for (const char* call :
       {"SELECT tenancy.migrate_schema('t2')", "SELECT tenancy.downgrade_schema('t2')",
        "SELECT tenancy.resolve('t2', '002', 'applied')", "SELECT tenancy.resolve('t2', '002', 'pending')"}) {
    try {
      watcher_.exec(call);
      ADD_FAILURE() << call;
    } catch (const PgError& error) {
      EXPECT_EQ(error.sqlstate(), "55P03") << call;
      EXPECT_THAT(error.report().message, HasSubstr("is running there, in another session")) << call;
    }
  }
  EXPECT_EQ(watcher_.value("SELECT state FROM tenancy.status('t2')"), "running");
  Connection second = connect();
  second.start("CALL tenancy.rollout(pattern => 't2')");
  failure_of(second);
  EXPECT_EQ(warning_of(second, "t2").sqlstate, "55P03");
  open_gate();
  runner.finish();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, TerminatedWorkerLeavesADoubtThatIsSettled) {
  close_gate_to_writers();
  Connection runner = start_and_wait();
  watcher_.query("SELECT pg_terminate_backend($1::int)", {worker()});
  failure_of(runner);
  EXPECT_THAT(warning_of(runner, "t2").message, HasSubstr("terminating"));
  EXPECT_EQ(standing_of("t2"), "running false");
  EXPECT_EQ(watcher_.value("SELECT state FROM tenancy.status('t2')"), "in doubt");
  open_gate();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, KilledWorkerLeavesADoubtThatIsSettled) {
  close_gate_to_writers();
  Connection runner = start_and_wait();
  kill(std::stoi(worker()), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  wait_for_recovery();
  EXPECT_EQ(standing_of("t1"), "applied true");
  EXPECT_EQ(standing_of("t2"), "running false");
  EXPECT_EQ(standing_of("t3"), "- -");
  expect_next_run_finishes();
}

TEST_F(OutsideRun, KilledAfterTheBuildIsBuiltAgain) {
  close_gate_to_snapshots();
  Connection runner = start_and_wait();
  kill(std::stoi(worker()), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  wait_for_recovery();
  EXPECT_EQ(standing_of("t1"), "running false");
  expect_next_run_finishes();
}

TEST_F(OutsideRun, CrashOfTheServerLeavesADoubtThatIsSettled) {
  close_gate_to_writers();
  Connection runner = start_and_wait();
  cluster_.stop(StopMode::immediate);
  cluster_.start();
  EXPECT_EQ(standing_of("t1"), "applied true");
  EXPECT_EQ(standing_of("t2"), "running false");
  expect_next_run_finishes();
}

TEST_F(OutsideRun, CancelOfTheCallerEndsTheWorker) {
  close_gate_to_writers();
  Connection runner = start_and_wait();
  runner.cancel();
  EXPECT_EQ(failure_of(runner).sqlstate, "57014");
  EXPECT_EQ(watcher_.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'tenancy worker'"), "0");
  EXPECT_EQ(standing_of("t2"), "running false");
  open_gate();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, CancelOfTheWorkerIsTakenBack) {
  close_gate_to_snapshots();
  Connection runner = start_and_wait("CALL tenancy.rollout(pattern => 't2', concurrency => 1)");
  watcher_.query("SELECT pg_cancel_backend($1::int)", {worker()});
  failure_of(runner);
  EXPECT_EQ(warning_of(runner, "t2").sqlstate, "57014");
  EXPECT_EQ(standing_of("t2"), "- -");
  open_gate();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, WhatCannotBeTakenBackStaysInDoubt) {
  close_gate_to_writers();
  Connection runner = start_and_wait();
  watcher_.query("SELECT pg_cancel_backend($1::int)", {worker()});
  failure_of(runner);
  const Report warning = warning_of(runner, "t2");
  EXPECT_EQ(warning.sqlstate, "57014");
  EXPECT_THAT(warning.detail, HasSubstr("Taking it back failed: canceling statement due to lock timeout"));
  EXPECT_EQ(warning.hint, "Mend the cause and migrate again: it goes on where it was interrupted.");
  EXPECT_EQ(standing_of("t1"), "applied true");
  EXPECT_EQ(standing_of("t2"), "running false");
  EXPECT_EQ(standing_of("t3"), "applied true");
  open_gate();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, WaitsForTransactionsWithoutLimitUnlessTheMigrationHasOne) {
  close_gate_to_snapshots();
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 1)", "SET tenancy.lock_timeout = '10ms'");
  // Longer than the setting allows for a lock.
  watcher_.wait_until("SELECT EXISTS (" + waiting_ + " AND clock_timestamp() > waiting.waitstart + interval '50 ms')");
  open_gate();
  runner.finish();
  watcher_.exec("CALL tenancy.downgrade_rollout('001')");
  watcher_.exec(
      "SELECT tenancy.add_migration('002', 'CREATE INDEX CONCURRENTLY items_n ON items (n)', "
      "'DROP INDEX CONCURRENTLY items_n', transactional => false, lock_timeout => '10ms')");
  close_gate_to_snapshots();
  runner.start("CALL tenancy.rollout(concurrency => 1)");
  failure_of(runner);
  EXPECT_EQ(warning_of(runner, "t2").sqlstate, "55P03");
  EXPECT_EQ(standing_of("t2"), "- -");
  open_gate();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, StatementTimeoutHolds) {
  close_gate_to_snapshots();
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 1)", "SET tenancy.statement_timeout = '1s'");
  failure_of(runner);
  EXPECT_THAT(
      warning_of(runner, "t2").message,
      HasSubstr("migration 002: statement 1 (line 1): canceling statement due to statement timeout of 1000 ms"));
  EXPECT_EQ(standing_of("t2"), "- -");
  open_gate();
  expect_next_run_finishes();
}

TEST_F(OutsideRun, DowngradeIsRetriedToo) {
  watcher_.exec("CALL tenancy.rollout()");
  close_gate_to_writers();
  Connection runner = start_and_wait("CALL tenancy.downgrade_rollout('001', concurrency => 1)");
  watcher_.query("SELECT pg_terminate_backend($1::int)", {worker()});
  failure_of(runner);
  EXPECT_EQ(standing_of("t1"), "- -");
  EXPECT_THAT(standing_of("t2"), HasSubstr("running"));
  open_gate();
  watcher_.exec("CALL tenancy.downgrade_rollout('001')");
  for (const char* tenant : {"t1", "t2", "t3"}) EXPECT_EQ(standing_of(tenant), "- -") << tenant;
  expect_next_run_finishes();
}

TEST_F(OutsideRun, UpgradeSettlesAnInterruptedDowngrade) {
  watcher_.exec("CALL tenancy.rollout()");
  close_gate_to_writers();
  Connection runner = start_and_wait("CALL tenancy.downgrade_rollout('001', concurrency => 1)");
  kill(std::stoi(worker()), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  wait_for_recovery();
  expect_next_run_finishes();
}

TEST(OutsideWithoutWorkers, IsRefusedBeforeAnythingRuns) {
  Cluster cluster{{"max_worker_processes", "0"}};
  Connection session = cluster.connect(cluster.create_database());
  session.exec(R"(
    SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int)', 'DROP TABLE items');
    SELECT tenancy.create_tenant('t1');
    SELECT tenancy.add_migration('002', 'ALTER TABLE items ADD n int');
    SELECT tenancy.add_migration('003', 'CREATE INDEX CONCURRENTLY ON items (n)', transactional => false);
  )");
  try {
    session.exec("CALL tenancy.rollout()");
    FAIL() << "it ran";
  } catch (const PgError& error) {
    EXPECT_EQ(error.report().message, "no background worker is free");
  }
  EXPECT_EQ(session.value("SELECT revision FROM tenancy.status()"), "001");
  // A new tenant needs none.
  session.exec("SELECT tenancy.create_tenant('t2')");
  EXPECT_EQ(session.value("SELECT revision FROM tenancy.status('t2')"), "003");
}

}  // namespace
}  // namespace tenancy::test
