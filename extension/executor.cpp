#include "extension/executor.h"

namespace tenancy {

namespace {

Query select_reach("SELECT pg_catalog.has_function_privilege('tenancy.reachable_databases()', 'EXECUTE')");

/// Two targets changed one catalogue row at a time: CREATE EXTENSION IF NOT EXISTS or GRANT, say, on what they share.
/// PostgreSQL has no SQLSTATE of its own for that.
bool is_collision(const ErrorReport& report) {
  if (report.sqlerrcode == ERRCODE_UNIQUE_VIOLATION) return report.schema_name == "pg_catalog";
  return report.sqlerrcode == ERRCODE_INTERNAL_ERROR && (report.message.ends_with("tuple concurrently updated") ||
                                                         report.message.ends_with("tuple concurrently deleted"));
}

}  // namespace

bool may_reach_databases() { return select_reach.run().front()[0] == "t"; }

void require_reach_of_databases() {
  if (may_reach_databases()) return;
  throw PgError(ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied to migrate other databases of the cluster",
                "Background workers connect to them without a password, and pg_hba.conf is not asked.",
                "GRANT EXECUTE ON FUNCTION tenancy.reachable_databases() to the role that may, or choose tenants of "
                "this database.");
}

Request request_for(const Request& request, const FleetTarget& target) {
  Request own = request;
  own.held_at = target.held_at;
  own.pins = target.pins;
  own.versions = target.versions;
  own.variables = target.variables;
  return own;
}

Outcome failed_attempt(const PgError& error, const WorkItem& item, const core::RetryPolicy& policy) {
  Outcome outcome = failure(error);
  bool const may_help = core::is_retryable(outcome.sqlstate) || is_collision(error.report());
  outcome.retry = may_help && static_cast<int>(item.attempt) < policy.max_attempts;
  return outcome;
}

void wait_for_latch(std::chrono::milliseconds most) {
  guarded([=] {
    InvalidateCatalogSnapshot();  // a worker's CREATE INDEX CONCURRENTLY would wait for it
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, static_cast<long>(most.count()),
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  });
}

void do_not_wait_at_commit() {
  if (synchronous_commit <= SYNCHRONOUS_COMMIT_OFF) return;
  set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

void flush_commits(XLogRecPtr last_commit) {
  if (last_commit == InvalidXLogRecPtr) return;
  guarded([=] {
    if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF) return;
    XLogFlush(last_commit);
    HOLD_INTERRUPTS();  // as at a commit: the wait handles a cancel itself
    SyncRepWaitForLSN(last_commit, true);
    RESUME_INTERRUPTS();
  });
}

}  // namespace tenancy
