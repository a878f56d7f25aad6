// SQL functions and the procedure that work on the whole fleet.
#include "extension/fleet.h"
#include "extension/sql_call.h"
#include "extension/status.h"
#include "extension/worker_channel.h"

namespace tenancy {

namespace {

using core::Direction;

/// Arguments from `first` on: pattern, tier, labels, statuses, migration_set.
TenantFilter filter_arguments(const Arguments& arguments, int first) {
  return {arguments.optional_text(first), arguments.optional_text(first + 1), arguments.jsonb(first + 2),
          arguments.array(first + 3), arguments.optional_text(first + 4)};
}

/// Arguments of fleet operations: revision, then the filter, then run_as.
Request request_arguments(const Arguments& arguments, Direction direction) {
  Value const run_as = arguments.optional_text(6);
  return {direction, core::parse_revision(arguments.required_text(0, "revision")),
          run_as ? parse_run_as(*run_as) : current_settings().run_as};
}

void warn_about_failures(std::size_t failed, std::size_t all) {
  if (failed == 0) return;
  guarded([=] {
    ereport(WARNING,
            (errmsg("%zu of %zu targets failed", failed, all), errhint("The rows with success = false say why.")));
  });
}

/// A word in the filter that no tenant has must not look like success.
void warn_about_nobody(const TenantFilter& filter, const FleetRun& run) {
  bool const anybody =
      std::any_of(run.targets().begin(), run.targets().end(), [](const FleetTarget& one) { return !one.shared; });
  if (anybody || !filter.is_partial()) return;
  guarded([] {
    ereport(WARNING, (errmsg("no tenant matches"),
                      errhint("pattern is a LIKE pattern on the id; tier, labels and statuses narrow it further. See "
                              "tenancy.tenants.")));
  });
}

/// The argument `concurrency`, or the setting.
int concurrency_argument(const Arguments& arguments) {
  int const workers = arguments.integer(7).value_or(current_settings().concurrency);
  if (workers >= 0 && workers <= kMaxWorkers) return workers;
  throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "concurrency " + std::to_string(workers) + " is out of range", {},
                "It is the number of background workers, from 0 (none) to " + std::to_string(kMaxWorkers) + ".");
}

/// Workers see and keep only what is committed: they are for a call that is a transaction of its own.
bool is_own_transaction() {
  if (IsTransactionBlock() || IsSubTransaction()) return false;
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
    TenantFilter const filter = filter_arguments(arguments, 1);
    FleetRun run(memory.get(), filter, request_arguments(arguments, direction));
    warn_about_nobody(filter, run);
    int const workers = concurrency_argument(arguments);
    std::vector<Outcome> const outcomes =
        run.run(FleetRun::Alone::in_transaction, workers > 0 && is_own_transaction() ? workers : 0,
                [](const FleetTarget&, const Outcome&) {});
    std::size_t failed = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Target& target = run.targets()[i].target;
      const Outcome& outcome = outcomes[i];
      failed += outcome.success ? 0 : 1;
      rows.add({cell_or_null(target.tenant), to_cell(target.schema), outcome.success, cell_or_null(outcome.from),
                cell_or_null(outcome.to), static_cast<std::int64_t>(outcome.steps), outcome.duration,
                cell_or_null(outcome.sqlstate), cell_or_null(outcome.error), cell_or_null(outcome.detail),
                cell_or_null(outcome.hint)});
    }
    warn_about_failures(failed, outcomes.size());
    return Datum(0);
  });
}

/// What a rollout tells the client while it goes on.
class RolloutProgress {
 public:
  explicit RolloutProgress(std::size_t all) : all_(all) {}

  void target_done(const Outcome& outcome) {
    ++done_;
    migrated_ += outcome.success && outcome.steps > 0 ? 1 : 0;
    if (!outcome.success) {
      ++failed_;
      int const sqlerrcode = to_error(outcome).sqlerrcode();
      guarded([&] {
        ereport(WARNING, (errcode(sqlerrcode), errmsg_internal("%s", outcome.error.c_str()),
                          outcome.detail.empty() ? 0 : errdetail_internal("%s", outcome.detail.c_str()),
                          outcome.hint.empty() ? 0 : errhint("%s", outcome.hint.c_str())));
      });
    }
    TimestampTz const now = GetCurrentTimestamp();
    if (done_ == all_ || now - last_notice_ < kNoticeInterval) return;
    last_notice_ = now;
    guarded([this] { ereport(NOTICE, (errmsg("%zu of %zu targets done, %zu failed", done_, all_, failed_))); });
  }

  void finish() const {
    if (failed_ > 0) {
      throw PgError(ERRCODE_RAISE_EXCEPTION,
                    std::to_string(failed_) + " of " + std::to_string(all_) + " targets failed, " +
                        std::to_string(migrated_) + " were migrated",
                    "The warnings above say why.",
                    "What was migrated stays so. Mend the failed targets and call tenancy.rollout() again.");
    }
    guarded([this] {
      ereport(NOTICE,
              (errmsg("%zu of %zu targets migrated, %zu had nothing to do", migrated_, all_, all_ - migrated_)));
    });
  }

 private:
  static constexpr TimestampTz kNoticeInterval = 5 * USECS_PER_SEC;
  std::size_t all_;
  std::size_t done_ = 0;
  std::size_t migrated_ = 0;
  std::size_t failed_ = 0;
  TimestampTz last_notice_ = GetCurrentTimestamp();
};

void require_own_transaction(FunctionCallInfo fcinfo) {
  auto* const context = fcinfo->context;
  if (context != nullptr && IsA(context, CallContext) && !castNode(CallContext, context)->atomic) return;
  throw PgError(ERRCODE_INVALID_TRANSACTION_STATE,
                "tenancy.rollout() commits after each target and cannot run inside a transaction", {},
                "Call it by itself, outside BEGIN … COMMIT and not from a function. tenancy.migrate_all() works in a "
                "transaction.");
}

/// rollout and downgrade_rollout.
Datum roll_out(FunctionCallInfo fcinfo, Direction direction) {
  return sql_entry([=] {
    require_own_transaction(fcinfo);
    Arguments const arguments(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    TenantFilter const filter = filter_arguments(arguments, 1);
    FleetRun run(memory.get(), filter, request_arguments(arguments, direction));
    warn_about_nobody(filter, run);
    int const workers = concurrency_argument(arguments);
    RolloutProgress progress(run.targets().size());
    guarded([] { SPI_connect_ext(SPI_OPT_NONATOMIC); });
    run.run(FleetRun::Alone::committing, workers,
            [&](const FleetTarget&, const Outcome& outcome) { progress.target_done(outcome); });
    guarded([] { SPI_finish(); });
    progress.finish();
    return Datum(0);
  });
}

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_migrate_all) { return run_fleet(fcinfo, Direction::up); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_all) { return run_fleet(fcinfo, Direction::down); }

TENANCY_SQL_FUNCTION(tenancy_rollout) { return roll_out(fcinfo, Direction::up); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_rollout) { return roll_out(fcinfo, Direction::down); }

TENANCY_SQL_FUNCTION(tenancy_status) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    report_status(filter_arguments(arguments, 0), memory.get(), [&](const TenantStatus& status) {
      rows.add({to_cell(status.tenant), to_cell(status.isolation), to_cell(status.schema), to_cell(status.status),
                to_cell(status.tier), to_cell(status.migration_set), to_cell(status.revision), to_cell(status.head),
                status.pending ? Cell(static_cast<std::int64_t>(*status.pending)) : Cell(), to_cell(status.state),
                status.last_applied_at == 0 ? Cell() : Cell(Moment{status.last_applied_at}), to_cell(status.detail)});
    });
    return Datum(0);
  });
}

}  // namespace tenancy
