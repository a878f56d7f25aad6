// What the driver does over its own connections, as runs of the control database.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <csignal>

#include "tests/system/driver_fleet.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kRun =
    "SELECT id, operation, revision, state, reason, targets, unchanged, led_by FROM tenancy.runs";
constexpr const char* kTargets =
    "SELECT string_agg(concat_ws(' ', coalesce(tenant, '-'), server, state, array_to_string(versions, ',')), '; '"
    "                  ORDER BY ordinal) FROM tenancy.run_targets WHERE run = 1";

class DriverRuns : public FleetTest {
 protected:
  Value targets_of_run() { return connect().value(kTargets); }
  Value state_of_run() { return connect().value("SELECT state FROM tenancy.runs WHERE id = 1"); }
  void wait_for_state(const std::string& state) {
    connect().wait_until("SELECT count(*) = 1 FROM tenancy.progress WHERE run = 1 AND state = '" + state + "'");
  }
};

TEST_F(DriverRuns, RecordsWhatEachTargetCameTo) {
  add_migrations({"001", "002"});
  add_schemas(3);
  register_other(other_cluster().conninfo());
  add_databases_on_other(1);
  connect().exec("CREATE TABLE t2.t001 (id int)");
  DriverProcess driver = start({"upgrade", "--json", "--max-failures", "50%"});
  EXPECT_EQ(driver.wait(), kTargetsFailed) << driver.output() << driver.error();
  EXPECT_THAT(driver.output(), HasSubstr("\"run\":1,"));
  EXPECT_EQ(connect().query(kRun), (Rows{{"1", "upgrade", "heads", "failed", {}, "4", "0", "driver"}}));
  EXPECT_EQ(targets_of_run(), "t1 done 001,002; t2 failed ; t3 done 001,002; " + database() + "_eu1 eu done 001,002");
  EXPECT_EQ(connect().value("SELECT policy ->> 'max_failures' FROM tenancy.runs"), "50%");
  EXPECT_THAT(*connect().value("SELECT error FROM tenancy.run_report(1) WHERE state = 'failed'"),
              HasSubstr("relation \"t001\" already exists"));
  DriverProcess show = start({"run", "show", "1"});
  EXPECT_EQ(show.wait(), kDone);
  EXPECT_THAT(show.output(), HasSubstr("4: 0 had nothing to do, 3 done, 1 failed, 0 left"));

  connect().exec("DROP TABLE t2.t001");
  DriverProcess retry = start({"run", "retry", "1"});
  EXPECT_EQ(retry.wait(), kDone) << retry.output() << retry.error();
  EXPECT_EQ(state_of_run(), "done");
  EXPECT_EQ(targets_of_run(),
            "t1 done 001,002; t2 done 001,002; t3 done 001,002; " + database() + "_eu1 eu done 001,002");
  expect_fleet_is_complete();
}

TEST_F(DriverRuns, LeavesNoRunWithNothingToDo) {
  add_migrations({"001"});
  add_schemas(2);
  ASSERT_EQ(start({"upgrade"}).wait(), kDone);
  EXPECT_EQ(start({"upgrade"}).wait(), kDone);
  EXPECT_EQ(start({"upgrade", "--dry-run"}).wait(), kDone);
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.runs"), "1");
}

TEST_F(DriverRuns, KeepNobodyWaitingByTheirLeader) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(1);
  hold_gate();
  DriverProcess driver = start({"upgrade", "--lock-timeout", "0"});
  wait_at_gate(1);
  EXPECT_EQ(connect().value("SELECT count(*) || ' ' || count(backend_xmin) || ' ' || count(backend_xid)"
                            "  FROM pg_stat_activity JOIN pg_locks USING (pid)"
                            " WHERE state = 'idle in transaction' AND locktype = 'advisory'"),
            "1 0 0");
  open_gate();
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
}

TEST_F(DriverRuns, AreTakenBackByTheDatabase) {
  add_migrations({"001"});
  add_schemas(2);
  ASSERT_EQ(start({"upgrade"}).wait(), kDone);
  add_migrations({"002"});
  ASSERT_EQ(start({"upgrade"}).wait(), kDone);
  DriverProcess rollback = start({"run", "rollback", "2"});
  EXPECT_EQ(rollback.wait(), kDone) << rollback.output() << rollback.error();
  EXPECT_EQ(count_applied("002"), 0);
  EXPECT_EQ(count_applied("001"), 2);
}

TEST_F(DriverRuns, AreInterruptedWhenTheDriverIsKilled) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(8);
  hold_gate();
  DriverProcess driver = start({"upgrade", "-c", "3", "--lock-timeout", "0"});
  wait_at_gate(3);
  EXPECT_EQ(connect().value("SELECT state FROM tenancy.progress"), "running");
  driver.send(SIGKILL);
  EXPECT_EQ(driver.wait(), -SIGKILL);
  wait_for_state("interrupted");
  connect().exec("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'");
  open_gate();
  DriverProcess resume = start({"run", "resume", "1"});
  EXPECT_EQ(resume.wait(), kDone) << resume.output() << resume.error();
  EXPECT_EQ(state_of_run(), "done");
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.run_targets WHERE run = 1 AND state = 'done'"), "8");
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.runs"), "1");
  expect_fleet_is_complete();
}

TEST_F(DriverRuns, PauseGoOnAndAreAborted) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(8);
  hold_gate();
  DriverProcess driver = start({"upgrade", "-c", "2", "--lock-timeout", "0"});
  wait_at_gate(2);
  EXPECT_EQ(start({"run", "pause", "1"}).wait(), kDone);
  driver.wait_until_it_says("paused: no further target begins");
  open_gate();
  connect().wait_until("SELECT count(*) = 2 FROM tenancy.run_targets WHERE run = 1 AND state = 'done'");
  EXPECT_EQ(count_applied("002"), 2);
  hold_gate();
  DriverProcess resume = start({"run", "resume", "1"});
  EXPECT_EQ(resume.wait(), kDone) << resume.output() << resume.error();
  wait_at_gate(2);
  EXPECT_EQ(start({"run", "abort", "1"}).wait(), kDone);
  driver.wait_until_it_says("aborted by tenancy.abort");
  wait_for_state("aborting");
  open_gate();
  EXPECT_EQ(driver.wait(), kStopped) << driver.output() << driver.error();
  EXPECT_EQ(state_of_run(), "aborted");
  EXPECT_EQ(start({"run", "resume", "1"}).wait(), kDone);
  EXPECT_EQ(state_of_run(), "done");
  expect_fleet_is_complete();
}

TEST_F(DriverRuns, SettlesTargetsThatAreNotThereAnyMore) {
  add_migrations({"001"});
  add_schemas(3);
  connect().exec("CREATE TABLE t2.t001 (id int); CREATE TABLE t3.t001 (id int)");
  EXPECT_EQ(start({"upgrade"}).wait(), kTargetsFailed);
  connect().exec(
      "DROP TABLE t2.t001; DROP TABLE t3.t001; SELECT tenancy.migrate_schema('t2');"
      "SELECT tenancy.deregister_tenant('t3')");
  DriverProcess retry = start({"run", "retry", "1"});
  EXPECT_EQ(retry.wait(), kTargetsFailed) << "the run is not done";
  EXPECT_THAT(retry.output(), HasSubstr("1 of 3 targets failed"));
  EXPECT_EQ(targets_of_run(), "t1 done 001; t2 done ; t3 failed ");
  EXPECT_EQ(state_of_run(), "failed");
}

TEST_F(DriverRuns, AreTheDriversToGoOnWith) {
  add_migrations({"001"});
  add_schemas(1);
  connect().exec("CREATE TABLE t1.t001 (id int)");
  EXPECT_EQ(start({"upgrade"}).wait(), kTargetsFailed);
  try {
    connect().exec("CALL tenancy.retry_failed(1)");
    ADD_FAILURE() << "it was carried out";
  } catch (const PgError& error) {
    EXPECT_EQ(error.report().message, "run 1 is the driver's");
    EXPECT_THAT(error.report().hint, HasSubstr("tenancy run retry 1"));
  }
}

TEST_F(DriverRuns, NeedTheRightToRecordThem) {
  add_migrations({"001"});
  add_schemas(1);
  connect().exec(
      "CREATE ROLE no_record LOGIN; GRANT USAGE ON SCHEMA tenancy TO no_record;"
      "GRANT SELECT ON ALL TABLES IN SCHEMA tenancy TO no_record; ALTER SCHEMA t1 OWNER TO no_record");
  control_conninfo_ = cluster().conninfo(database()) + " user=no_record";
  DriverProcess driver = start({"upgrade"});
  EXPECT_NE(driver.wait(), kDone);
  EXPECT_THAT(driver.error(), HasSubstr("permission denied for table runs"));
  EXPECT_THAT(driver.error(), HasSubstr("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy"));
  EXPECT_EQ(count_applied("001"), 0);
  connect().exec("REASSIGN OWNED BY no_record TO CURRENT_USER; DROP OWNED BY no_record; DROP ROLE no_record");
}

TEST_F(DriverRuns, ShardsOfAnIndexedJobCoverTheFleetOnce) {
  add_migrations({"001"});
  add_schemas(20);
  for (const char* const index : {"0", "1", "2"}) {
    DriverProcess driver(words({"upgrade", "--shards", "3"}), {}, {std::string("JOB_COMPLETION_INDEX=") + index});
    EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  }
  EXPECT_EQ(connect().value("SELECT count(DISTINCT run) FROM tenancy.run_targets"), "3");
  EXPECT_EQ(connect().query("SELECT count(*), count(DISTINCT tenant) FROM tenancy.run_targets"), (Rows{{"20", "20"}}));
  EXPECT_EQ(connect().value("SELECT string_agg(DISTINCT filter ->> 'shard', ' ' ORDER BY filter ->> 'shard')"
                            "  FROM tenancy.runs"),
            "1/3 2/3 3/3");
  expect_fleet_is_complete();
  DriverProcess none(words({"upgrade", "--shards", "3"}));
  EXPECT_EQ(none.wait(), 2);
  EXPECT_THAT(none.error(), HasSubstr("JOB_COMPLETION_INDEX"));
}

}  // namespace
}  // namespace tenancy::test
