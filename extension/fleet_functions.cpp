// SQL functions that work on the whole fleet: migrate_all, downgrade_all, status.
#include "extension/fleet_call.h"
#include "extension/status.h"

namespace tenancy {

namespace {

using core::Direction;

void warn_about_failures(std::size_t failed, std::size_t all) {
  if (failed == 0) return;
  guarded([=] {
    ereport(WARNING,
            (errmsg("%zu of %zu targets failed", failed, all), errhint("The rows with success = false say why.")));
  });
}

/// Workers see and keep only what is committed: they are for a call that is a transaction of its own.
bool is_own_transaction() {
  if (IsTransactionBlock() || IsSubTransaction()) return false;
  if (InSecurityRestrictedOperation()) return false;
  if (!TransactionIdIsValid(GetTopTransactionIdIfAny())) return true;
  guarded([] {
    ereport(NOTICE, (errmsg("this transaction has written: it migrates alone, without background workers"),
                     errhint("Workers could not see what it wrote. Call it in a statement of its own.")));
  });
  return false;
}

/// migrate_all and downgrade_all: a row per target.
Datum run_fleet(FunctionCallInfo fcinfo, Direction direction) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    TenantFilter const filter = filter_arguments(arguments, 1);
    std::string const revision = arguments.required_text(0, "revision");
    int const workers = concurrency_or_default(arguments.integer(7));
    RunPlan plan = plan_run(migrator, filter, make_request(direction, revision, arguments.optional_text(6)), {});
    plan.revision = revision;
    plan.filter = recorded_filter(filter);
    warn_about_nobody(filter, plan.targets);
    FleetRun run(migrator, std::move(plan));
    std::vector<Outcome> const outcomes =
        run.run(SessionExecutor::Mode::in_transaction, workers > 0 && is_own_transaction() ? workers : 0,
                [](const FleetTarget&, const Outcome&) {});
    std::size_t failed = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Target& target = run.targets()[i].target;
      const Outcome& outcome = outcomes[i];
      failed += outcome.success ? 0 : 1;
      rows.add({cell_or_null(target.tenant), to_cell(target.schema), outcome.success, cell_or_null(outcome.from),
                cell_or_null(outcome.to), static_cast<std::int64_t>(outcome.versions.size()), outcome.duration,
                static_cast<std::int64_t>(outcome.attempts), outcome.waited, cell_or_null(outcome.sqlstate),
                cell_or_null(outcome.error), cell_or_null(outcome.detail), cell_or_null(outcome.hint),
                to_cell(run.targets()[i].held_at)});
    }
    warn_about_failures(failed, outcomes.size());
    return Datum(0);
  });
}

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_migrate_all) { return run_fleet(fcinfo, Direction::up); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_all) { return run_fleet(fcinfo, Direction::down); }

TENANCY_SQL_FUNCTION(tenancy_status) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    report_status(filter_arguments(arguments, 0), memory.get(), [&](const TenantStatus& status) {
      rows.add({to_cell(status.tenant), to_cell(status.isolation), to_cell(status.schema), to_cell(status.status),
                to_cell(status.tier), to_cell(status.migration_set), to_cell(status.revision), to_cell(status.head),
                status.pending ? Cell(static_cast<std::int64_t>(*status.pending)) : Cell(), to_cell(status.state),
                status.last_applied_at == 0 ? Cell() : Cell(Moment{status.last_applied_at}), to_cell(status.detail),
                to_cell(status.server), to_cell(status.database)});
    });
    return Datum(0);
  });
}

}  // namespace tenancy
