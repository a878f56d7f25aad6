// The session that leads a run never waits for a worker that is not coming, and none outlives it.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr const char* kWorkerWaitsForLock =
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'tenancy worker' AND wait_event_type = 'Lock')";
constexpr const char* kNoWorkers =
    "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'tenancy worker')";
constexpr const char* kEndWorkerThatWaits =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'tenancy worker' AND wait_event_type = 'Lock'";
constexpr const char* kTargetsLeft = "SELECT FROM tenancy.run_targets WHERE state <> 'done'";

class Leader : public DatabaseTest {
 protected:
  /// A limit only so that a leader which hangs fails the test and not the machine.
  Connection start(const std::string& sql, const std::string& settings = "") {
    Connection runner = connect();
    runner.exec("SET statement_timeout = '60s'; SET tenancy.lock_timeout = 0;" + settings);
    runner.start(sql);
    return runner;
  }

  void make_tenants() {
    connect().exec(R"(
      SELECT tenancy.create_tenant(format('t%s', i)) FROM generate_series(1, 6) i;
      SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int)'))");
  }

  static std::string error_of(Connection& runner) {
    try {
      runner.finish();
      return "";
    } catch (const PgError& error) {
      return error.sqlstate() + " " + error.report().message;
    }
  }
};

TEST_F(Leader, CancelEndsWorkersInOtherDatabases) {
  Connection session = connect();
  std::string const other = cluster().create_database();
  session.query("SELECT tenancy.register_tenant('own', isolation => 'database', database => $1)", {other});
  session.exec("SELECT tenancy.add_migration('001', 'SELECT pg_advisory_xact_lock(1)')");
  Connection gate = cluster().connect(other);
  gate.exec("SELECT pg_advisory_lock(1)");
  Connection runner = start("CALL tenancy.rollout()");
  session.wait_until(kWorkerWaitsForLock);
  runner.cancel();
  session.wait_until(kNoWorkers);
  EXPECT_THAT(error_of(runner), HasSubstr("57014"));
  gate.exec("SELECT pg_advisory_unlock(1)");
  session.exec("CALL tenancy.rollout()");
}

TEST_F(Leader, WorkerThatDiesWhileItRecordsTheBeginningEndsTheRun) {
  make_tenants();
  Connection session = connect();
  Connection lock = connect();
  lock.exec("BEGIN; LOCK TABLE tenancy.runs IN SHARE MODE");
  Connection runner = start("CALL tenancy.rollout(concurrency => 3)");
  session.wait_until(kWorkerWaitsForLock);
  session.exec(kEndWorkerThatWaits);
  EXPECT_THAT(error_of(runner), HasSubstr("the background workers ended before they could record the run"));
  lock.exec("ROLLBACK");
  session.wait_until(kNoWorkers);
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.runs"), "0");
}

TEST_F(Leader, RecordsTheEndItselfWhenTheWorkerDiesThatWasTo) {
  make_tenants();
  Connection session = connect();
  session.exec("SELECT tenancy.add_migration('002', 'SELECT pg_advisory_xact_lock(2)')");
  session.exec("SELECT pg_advisory_lock(2)");
  Connection runner = start("CALL tenancy.rollout(concurrency => 3)");
  session.wait_until(kWorkerWaitsForLock);
  Connection lock = connect();
  lock.exec("BEGIN; LOCK TABLE tenancy.runs IN SHARE MODE");
  session.exec("SELECT pg_advisory_unlock(2)");
  session.wait_until(std::string(kWorkerWaitsForLock) + " AND NOT EXISTS (" + kTargetsLeft + ")");
  session.exec(kEndWorkerThatWaits);
  lock.exec("COMMIT");
  EXPECT_EQ(error_of(runner), "");
  EXPECT_EQ(session.value("SELECT state FROM tenancy.runs"), "done");
}

TEST_F(Leader, EndsWorkersWithoutRoomForTheirLastWords) {
  Connection session = connect();
  session.exec(R"(
    SELECT tenancy.create_tenant('t1');
    SELECT tenancy.add_migration('001', $$
      SELECT pg_advisory_xact_lock(3);
      DO 'BEGIN RAISE WARNING ''%'', repeat(''x'', 65300); END';
      SELECT pg_advisory_xact_lock(4);
    $$);
    SELECT pg_advisory_lock(3), pg_advisory_lock(4))");
  Connection runner = start("CALL tenancy.rollout(concurrency => 1)");
  session.wait_until(kWorkerWaitsForLock);
  // So that nothing is read from the queue between the message and the cancel.
  kill(runner.backend_pid(), SIGSTOP);
  session.exec("SELECT pg_advisory_unlock(3)");
  session.wait_until("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4 AND NOT granted)");
  session.query("SELECT pg_cancel_backend($1::int)", {std::to_string(runner.backend_pid())});
  kill(runner.backend_pid(), SIGCONT);
  session.wait_until(kNoWorkers);
  EXPECT_THAT(error_of(runner), HasSubstr("57014"));
}

TEST_F(Leader, CancelOfAnIdleWorkerDoesNotEndIt) {
  make_tenants();
  Connection session = connect();
  session.exec(R"(
    SELECT tenancy.add_migration('002', $$SELECT pg_advisory_xact_lock(5) WHERE current_schema() = 't6'$$);
    SELECT pg_advisory_lock(5))");
  Connection runner = start("CALL tenancy.rollout(concurrency => 2)");
  std::string const idle =
      "SELECT min(pid) FROM pg_stat_activity WHERE backend_type = 'tenancy worker' AND state = 'idle'";
  session.wait_until("SELECT 5 = (SELECT count(*) FROM tenancy.run_targets WHERE state = 'done') AND (" + idle +
                     ") IS NOT NULL");
  Value const pid = session.value(idle);
  session.query("SELECT pg_cancel_backend($1::int)", {pid});
  // It answers this behind the cancel.
  session.query("SELECT pg_log_backend_memory_contexts($1::int)", {pid});
  for (int i = 0; i < 300 && cluster().log().find("logging memory contexts of PID " + *pid) == std::string::npos; ++i) {
    usleep(100'000);
  }
  EXPECT_EQ(session.value("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::int", {pid}), "1");
  session.exec("SELECT pg_advisory_unlock(5)");
  EXPECT_EQ(error_of(runner), "");
}

TEST_F(Leader, PassesMessagesOnInTheEncodingOfItsClient) {
  Connection session = connect();
  session.exec(
      "SELECT tenancy.create_tenant('t1');"
      "SELECT tenancy.add_migration('001', $$ DO 'BEGIN RAISE WARNING ''k\u00e4se''; END' $$);"
      "SET client_encoding = 'LATIN1'");
  (void)session.take_notices();
  session.exec("CALL tenancy.rollout(concurrency => 1)");
  std::vector<std::string> messages;
  for (const Report& notice : session.take_notices()) messages.push_back(notice.message);
  EXPECT_THAT(messages, Contains("k\xe4se"));
}

TEST_F(Leader, RecordsWhatIsDoneInOtherDatabasesInRepeatableRead) {
  Connection session = connect();
  std::string const other = cluster().create_database();
  session.query("SELECT tenancy.register_tenant('own', isolation => 'database', database => $1)", {other});
  session.exec(
      "SELECT tenancy.add_migration('001', 'CREATE TABLE items ()');"
      "SET default_transaction_isolation = 'repeatable read'");
  session.exec("SELECT * FROM tenancy.migrate_all()");
  EXPECT_EQ(session.query("SELECT state, versions FROM tenancy.run_targets"), (Rows{{"done", "{001}"}}));
}

TEST_F(Leader, SerializableSessionsHaveNoConflictsOfTheirOwn) {
  Connection session = connect();
  session.exec(
      "SELECT tenancy.create_tenant('t' || i) FROM generate_series(1, 200) i;"
      "SELECT tenancy.add_migration('001', 'CREATE TABLE items ()');"
      "SET default_transaction_isolation = 'serializable'");
  EXPECT_EQ(session.query("SELECT success, max(attempts) FROM tenancy.migrate_all(concurrency => 4) GROUP BY 1"),
            (Rows{{"t", "1"}}));
  session.exec("SELECT tenancy.add_migration('002', 'CREATE TABLE more ()')");
  session.exec("CALL tenancy.rollout(concurrency => 4)");
  EXPECT_EQ(session.query("SELECT DISTINCT state, attempts FROM tenancy.run_targets"), (Rows{{"done", "1"}}));
}

}  // namespace
}  // namespace tenancy::test
