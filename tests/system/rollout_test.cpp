// Rollouts that other sessions watch, pause, abort and get in the way of, and that are interrupted and resumed.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kTenants = 10;

void create_fleet(Connection& session) {
  session.query(R"(
    SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int PRIMARY KEY); CREATE TABLE parts (id int)'))");
  session.query("SELECT tenancy.create_tenant(format('t%s', lpad(i::text, 2, '0'))) FROM generate_series(1, $1::int) i",
                {std::to_string(kTenants)});
  // In the sixth tenant it waits for a lock that the test may hold.
  session.query(R"(
    SELECT tenancy.add_migration('002', $$
      ALTER TABLE items ADD note text;
      DO 'BEGIN IF current_schema() = ''t06'' THEN PERFORM pg_advisory_xact_lock(6); END IF; END';
      ALTER TABLE parts ADD note text;
    $$))");
}

/// What holds however a run ends: the record and the targets agree, and each has its columns once.
void expect_record_is_true(Connection& session) {
  EXPECT_EQ(session.query(R"(
              SELECT t.tenant, t.state, s.revision, t.versions
                FROM tenancy.run_targets t JOIN tenancy.status() s USING (tenant)
               WHERE (t.state = 'done') <> (s.revision = '002') OR (t.state = 'done') <> (t.versions = '{002}'))"),
            Rows{});
}

void expect_all_done(Connection& session) {
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current'"), std::to_string(kTenants));
  EXPECT_EQ(session.query("SELECT state, finished_at IS NOT NULL FROM tenancy.runs WHERE id = 1"),
            (Rows{{"done", "t"}}));
  expect_record_is_true(session);
}

std::string message_of(Connection& runner) {
  try {
    runner.finish();
  } catch (const PgError& error) {
    return error.report().message;
  }
  return "no error";
}

/// A cluster that a test may break, with a rollout that waits in the sixth tenant.
class Rollout : public testing::Test {
 protected:
  Rollout() : database_(cluster_.create_database()), watcher_(connect()) { create_fleet(watcher_); }

  Connection connect() { return cluster_.connect(database_); }

  Connection start_and_wait(const std::string& sql) {
    gate_.emplace(connect());
    gate_->exec("SELECT pg_advisory_lock(6)");
    Connection runner = connect();
    runner.exec("SET tenancy.lock_timeout = 0; SET deadlock_timeout = '10ms'");
    runner.start(sql);
    watcher_.wait_until(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 6 AND NOT granted)");
    return runner;
  }

  void open_gate() { gate_.reset(); }

  /// Until the leader of workers has looked at its run's state, whose change is committed, and has obeyed: each look
  /// is a transaction. The one after the next began behind this call, and has ended when the third begins.
  void wait_until_obeyed(const Connection& runner) {
    const std::string start =
        "SELECT xact_start FROM pg_stat_activity WHERE pid = " + std::to_string(runner.backend_pid());
    for (int look = 0; look < 3; ++look) {
      const std::string before = *watcher_.value(start);
      watcher_.wait_until("SELECT (" + start + ") <> '" + before + "'");
    }
  }

  void wait_for_no_workers() {
    watcher_.wait_until("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'tenancy worker')");
  }

  Row progress() { return watcher_.query("SELECT state, done, failed, remaining, wave FROM tenancy.progress").at(0); }

  /// After an interruption with so many targets done at most.
  void expect_resume_does_the_rest(int most_done) {
    const Rows rows = watcher_.query("SELECT state, leader, done, remaining, workers FROM tenancy.progress");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0][0], "interrupted");
    EXPECT_EQ(rows[0][1], std::nullopt);
    EXPECT_LE(std::stoi(*rows[0][2]), most_done);
    EXPECT_EQ(rows[0][4], std::nullopt);
    expect_record_is_true(watcher_);
    (void)watcher_.take_notices();
    watcher_.exec("CALL tenancy.resume(1)");
    const std::vector<Report> notices = watcher_.take_notices();
    ASSERT_FALSE(notices.empty());
    EXPECT_EQ(notices.back().message, *rows[0][3] + " of " + *rows[0][3] + " targets migrated, 0 had nothing to do");
    EXPECT_EQ(watcher_.value("SELECT count(*) FROM tenancy.progress"), "0");
    expect_all_done(watcher_);
  }

  Cluster cluster_;
  std::string database_;
  Connection watcher_;
  std::optional<Connection> gate_;
};

TEST_F(Rollout, ShowsItsProgress) {
  Connection runner = start_and_wait("CALL tenancy.rollout(canary => 2, concurrency => 2)");
  watcher_.wait_until("SELECT done = 9 FROM tenancy.progress");
  EXPECT_THAT(progress(), ElementsAre("running", "9", "0", "1", "all"));
  const Rows rows = watcher_.query(R"(
    SELECT run, operation, revision, leader, targets, unchanged, retrying, per_second > 0, time_left >= '0',
           cardinality(workers), workers[1] FROM tenancy.progress)");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(Row(rows[0].begin(), rows[0].begin() + 10),
            (Row{"1", "upgrade", "heads", std::to_string(runner.backend_pid()), "10", "0", "0", "t", "t", "1"}));
  EXPECT_THAT(*rows[0][10], testing::MatchesRegex("[0-9]+: migrating tenant \"t06\": migration 002"));
  open_gate();
  runner.finish();
  EXPECT_EQ(watcher_.value("SELECT count(*) FROM tenancy.progress"), "0");
  expect_all_done(watcher_);
}

TEST_F(Rollout, PausesAndIsWokenByResume) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 1)");
  watcher_.exec("SELECT tenancy.pause(1)");
  wait_until_obeyed(runner);
  open_gate();
  watcher_.wait_until("SELECT state = 'done' FROM tenancy.run_targets WHERE tenant = 't06'");
  wait_until_obeyed(runner);
  EXPECT_THAT(progress(), ElementsAre("paused", "6", "0", "4", "all"));
  EXPECT_EQ(watcher_.value("SELECT workers FROM tenancy.progress"), std::nullopt);
  (void)watcher_.take_notices();
  watcher_.exec("CALL tenancy.resume(1)");
  const std::vector<Report> notices = watcher_.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].message, "run 1 goes on, in its own session");
  runner.finish();
  expect_all_done(watcher_);
}

TEST_F(Rollout, PausesInItsOwnSessionToo) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 0)");
  watcher_.exec("SELECT tenancy.pause(1)");
  // It looks between targets, when half a second has passed since it did.
  const std::string now = *watcher_.value("SELECT clock_timestamp()");
  watcher_.wait_until("SELECT clock_timestamp() > timestamptz '" + now + "' + interval '600 ms'");
  open_gate();
  // It waits only when it has nothing to work on.
  watcher_.wait_until("SELECT wait_event = 'Extension' FROM pg_stat_activity WHERE pid = " +
                      std::to_string(runner.backend_pid()));
  EXPECT_THAT(progress(), ElementsAre("paused", "6", "0", "4", "all"));
  expect_record_is_true(watcher_);
  watcher_.exec("CALL tenancy.resume(1)");
  runner.finish();
  expect_all_done(watcher_);
}

TEST_F(Rollout, AbortsAlsoWhenItIsPaused) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 1)");
  watcher_.exec("SELECT tenancy.pause(1)");
  wait_until_obeyed(runner);
  watcher_.exec("SELECT tenancy.abort(1)");
  EXPECT_EQ(progress()[0], "aborting");
  wait_until_obeyed(runner);
  EXPECT_THROW(watcher_.exec("SELECT tenancy.pause(1)"), PgError);
  open_gate();
  EXPECT_EQ(message_of(runner), "run 1 was aborted: another session aborted it; 4 of 10 targets are left");
  EXPECT_EQ(watcher_.query("SELECT state, reason, finished_at IS NOT NULL FROM tenancy.runs"),
            (Rows{{"aborted", "another session aborted it", "t"}}));
  EXPECT_EQ(watcher_.value("SELECT string_agg(tenant, ' ' ORDER BY tenant) FROM tenancy.run_targets"
                           " WHERE state = 'pending'"),
            "t07 t08 t09 t10");
  watcher_.exec("CALL tenancy.resume(1)");
  expect_all_done(watcher_);
}

TEST_F(Rollout, IsLedByOneSession) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 1)");
  for (const char* const sql :
       {"CALL tenancy.resume(1)", "CALL tenancy.retry_failed(1)", "CALL tenancy.rollback_run(1)"}) {
    try {
      watcher_.exec(sql);
      ADD_FAILURE() << sql;
    } catch (const PgError& error) {
      EXPECT_EQ(error.sqlstate(), "55006") << sql;
      EXPECT_EQ(error.report().message, "run 1 is going on in another session") << sql;
    }
  }
  open_gate();
  runner.finish();
  expect_all_done(watcher_);
}

TEST_F(Rollout, IsResumedAfterACancel) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 1)");
  runner.cancel();
  EXPECT_THROW(runner.finish(), PgError);
  open_gate();
  expect_resume_does_the_rest(5);
}

TEST_F(Rollout, IsResumedAfterTheEndOfItsSession) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 1)");
  watcher_.query("SELECT pg_terminate_backend($1::int)", {std::to_string(runner.backend_pid())});
  EXPECT_THROW(runner.finish(), PgError);
  wait_for_no_workers();
  open_gate();
  expect_resume_does_the_rest(5);
}

TEST_F(Rollout, CanBeGivenUpWhenItWasInterrupted) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 0)");
  runner.cancel();
  EXPECT_THROW(runner.finish(), PgError);
  open_gate();
  watcher_.exec("SELECT tenancy.abort(1)");
  EXPECT_EQ(watcher_.value("SELECT count(*) FROM tenancy.progress"), "0");
  EXPECT_EQ(watcher_.query("SELECT state, finished_at IS NOT NULL FROM tenancy.runs"), (Rows{{"aborted", "t"}}));
  watcher_.exec("CALL tenancy.resume(1)");
  expect_all_done(watcher_);
}

TEST_F(Rollout, IsResumedAfterItsLeaderWasKilled) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 3)");
  kill(runner.backend_pid(), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  // The postmaster ends all sessions and starts anew.
  gate_.reset();
  cluster_.restart();
  watcher_ = connect();
  expect_resume_does_the_rest(9);
}

TEST_F(Rollout, IsResumedAfterACrashOfTheServer) {
  Connection runner = start_and_wait("CALL tenancy.rollout(concurrency => 3, canary => 2)");
  cluster_.restart(StopMode::immediate);
  gate_.reset();
  watcher_ = connect();
  expect_resume_does_the_rest(9);
}

TEST_F(Rollout, DeadlockWithAnotherSessionIsTriedAgain) {
  Connection other = connect();
  other.exec("SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE t06.parts");
  Connection runner = start_and_wait("CALL tenancy.rollout()");
  other.start("LOCK TABLE t06.items");
  watcher_.wait_until("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 't06.items'::regclass AND NOT granted)");
  open_gate();
  other.finish();
  other.exec("COMMIT");
  runner.finish();
  EXPECT_EQ(watcher_.query("SELECT attempts, waited > '0', sqlstate FROM tenancy.run_targets WHERE tenant = 't06'"),
            (Rows{{"2", "t", std::nullopt}}));
  expect_all_done(watcher_);
}

/// The same whoever does the work: two workers, or the session alone.
class RolloutPastReader : public DatabaseTest, public testing::WithParamInterface<int> {
 protected:
  static std::string call() { return "CALL tenancy.rollout(concurrency => " + std::to_string(GetParam()) + ")"; }
};

/// A reader holds a table of the third tenant, and goes when all others are done.
void expect_others_do_not_wait(Connection session, Connection reader, Connection watcher, const std::string& call) {
  create_fleet(session);
  reader.exec("BEGIN; SELECT * FROM t03.items");
  session.exec("SET tenancy.lock_timeout = '20ms'; SET tenancy.retry_delay = '10ms'; SET tenancy.max_attempts = 1000");
  session.start(call);
  watcher.wait_until(
      "SELECT count(*) = 10 FROM tenancy.run_targets WHERE state = CASE tenant WHEN 't03' THEN 'retrying' ELSE 'done' "
      "END");
  EXPECT_EQ(watcher.query("SELECT tenant, sqlstate, attempts > 0 FROM tenancy.run_targets WHERE state <> 'done'"),
            (Rows{{"t03", "55P03", "t"}}));
  reader.exec("COMMIT");
  session.finish();
  EXPECT_EQ(watcher.query("SELECT attempts > 1, waited > '0', sqlstate FROM tenancy.run_targets WHERE tenant = 't03'"),
            (Rows{{"t", "t", std::nullopt}}));
  expect_all_done(watcher);
}

/// The same with a reader that stays for longer than the attempts do.
void expect_failure_after_all_attempts(Connection session, Connection reader, const std::string& call) {
  create_fleet(session);
  reader.exec("BEGIN; SELECT * FROM t03.items");
  session.exec("SET tenancy.lock_timeout = '20ms'; SET tenancy.retry_delay = '10ms'; SET tenancy.max_attempts = 3");
  session.start(call);
  EXPECT_EQ(message_of(session), "1 of 10 targets failed, 9 were migrated");
  EXPECT_EQ(session.query("SELECT tenant, state, attempts, waited > '0', sqlstate FROM tenancy.run_report(1) LIMIT 2"),
            (Rows{{"t03", "failed", "3", "t", "55P03"}, {"t01", "done", "1", "f", std::nullopt}}));
  expect_record_is_true(session);
  reader.exec("COMMIT");
  session.exec("CALL tenancy.retry_failed(1)");
  expect_all_done(session);
}

TEST_P(RolloutPastReader, TriesAgainAndOthersDoNotWait) {
  expect_others_do_not_wait(connect(), connect(), connect(), call());
}

TEST_P(RolloutPastReader, FailsWhenAllAttemptsDid) { expect_failure_after_all_attempts(connect(), connect(), call()); }

INSTANTIATE_TEST_SUITE_P(Workers, RolloutPastReader, testing::Values(0, 1, 2));

TEST(RolloutWithoutWorkers, HasTheSamePolicies) {
  Cluster cluster({{"max_worker_processes", "0"}});
  for (const bool stays : {false, true}) {
    const std::string database = cluster.create_database();
    const auto connect = [&] { return cluster.connect(database); };
    if (stays) {
      expect_failure_after_all_attempts(connect(), connect(), "CALL tenancy.rollout()");
    } else {
      expect_others_do_not_wait(connect(), connect(), connect(), "CALL tenancy.rollout()");
    }
  }
  Connection session = cluster.connect(cluster.create_database());
  create_fleet(session);
  session.exec(
      "ALTER TABLE t02.items ADD note int; ALTER TABLE t05.items ADD note int;"
      "UPDATE tenancy.tenants SET tier = CASE WHEN id < 't04' THEN 'a' ELSE 'b' END");
  session.start("CALL tenancy.rollout(wave_by => 'tier', max_wave_failures => '40%', max_failures => '1')");
  EXPECT_EQ(message_of(session),
            "run 1 was stopped: 2 of 10 targets failed, more than max_failures; 5 of 10 targets are left");
  expect_record_is_true(session);
}

}  // namespace
}  // namespace tenancy::test
