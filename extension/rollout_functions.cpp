// The procedures that commit as they go: rollout, migrate_targets, resume, retry_failed, rollback_run.
#include "extension/fleet_call.h"
#include "extension/procedure.h"
#include "extension/saved_run.h"

namespace tenancy {

namespace {

using core::Direction;

/// What a rollout tells the client while it goes on.
class RolloutProgress {
 public:
  explicit RolloutProgress(std::size_t all) : all_(all) {}

  void wave_begins(const std::string& wave, std::size_t targets) const {
    guarded([&] {
      ereport(NOTICE,
              (errmsg_plural("wave \"%s\": %zu target", "wave \"%s\": %zu targets", targets, wave.c_str(), targets)));
    });
  }

  void target_done(const Outcome& outcome) {
    ++done_;
    migrated_ += outcome.success && !outcome.versions.empty() ? 1 : 0;
    if (!outcome.success) {
      ++failed_;
      warn(outcome);
    }
    TimestampTz const now = GetCurrentTimestamp();
    if (done_ == all_ || now - last_notice_ < kNoticeInterval) return;
    last_notice_ = now;
    guarded([this] { ereport(NOTICE, (errmsg("%zu of %zu targets done, %zu failed", done_, all_, failed_))); });
  }

  /// Throws PgError when the run did not do all of it.
  void finish(const FleetRun& run) const {
    std::string const id = std::to_string(run.id());
    if (run.state() == "stopped" && failed_ == 0) {
      guarded([&] {
        ereport(NOTICE, (errmsg("run %s was stopped: %s; %zu of %zu targets are left", id.c_str(), run.reason().c_str(),
                                run.left(), all_),
                         errhint("CALL tenancy.resume(%s) goes on.", id.c_str())));
      });
      return;
    }
    if (run.state() == "stopped" || run.state() == "aborted") {
      throw PgError(
          ERRCODE_RAISE_EXCEPTION,
          "run " + id + " was " + run.state() + ": " + run.reason() + "; " + std::to_string(run.left()) + " of " +
              std::to_string(all_) + " targets are left",
          failed_ > 0 ? "The warnings above say why." : "",
          "CALL tenancy.resume(" + id + ") does what is left, CALL tenancy.retry_failed(" + id + ") what failed too.");
    }
    if (failed_ > 0) {
      throw PgError(ERRCODE_RAISE_EXCEPTION,
                    std::to_string(failed_) + " of " + std::to_string(all_) + " targets failed, " +
                        std::to_string(migrated_) + " were migrated",
                    "The warnings above say why, and tenancy.run_report(" + id + ") does.",
                    "What was migrated stays so. Mend the failed targets and CALL tenancy.retry_failed(" + id + ").");
    }
    guarded([&] {
      ereport(NOTICE,
              (errmsg("%zu of %zu targets migrated, %zu had nothing to do", migrated_, all_, all_ - migrated_),
               run.held() == 0 ? 0
                               : errdetail_plural("%zu target is held back by its pin.",
                                                  "%zu targets are held back by their pins.", run.held(), run.held())));
    });
  }

 private:
  static constexpr TimestampTz kNoticeInterval = 5 * USECS_PER_SEC;
  static constexpr std::size_t kMostWarnings = 100;

  void warn(const Outcome& outcome) const {
    if (failed_ > kMostWarnings) return;
    int const sqlerrcode = to_error(outcome).sqlerrcode();
    guarded([&] {
      ereport(WARNING, (errcode(sqlerrcode), errmsg_internal("%s", outcome.error.c_str()),
                        outcome.detail.empty() ? 0 : errdetail_internal("%s", outcome.detail.c_str()),
                        outcome.hint.empty() ? 0 : errhint("%s", outcome.hint.c_str())));
      if (failed_ == kMostWarnings) {
        ereport(WARNING, (errmsg("targets that fail from here on are not shown"),
                          errhint("tenancy.run_targets has all of them.")));
      }
    });
  }

  std::size_t all_;
  std::size_t done_ = 0;
  std::size_t migrated_ = 0;
  std::size_t failed_ = 0;
  TimestampTz last_notice_ = GetCurrentTimestamp();
};

/// A run as a procedure: commits as it goes, tells how far it is, and fails when the run did not do all of it.
template <typename MakePlan>
Datum run_procedure(FunctionCallInfo fcinfo, const char* name, int concurrency_position, MakePlan make_plan) {
  return sql_entry([=] {
    require_own_transaction(fcinfo, name);
    Arguments const arguments(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    int const workers = concurrency_or_default(arguments.integer(concurrency_position));
    std::optional<RunPlan> plan = make_plan(migrator, arguments);
    if (!plan) return Datum(0);
    FleetRun run(migrator, std::move(*plan));
    RolloutProgress progress(run.targets().size());
    guarded([] { SPI_connect_ext(SPI_OPT_NONATOMIC); });
    run.run(
        SessionExecutor::Mode::committing, workers,
        [&](const FleetTarget&, const Outcome& outcome) { progress.target_done(outcome); },
        [&](const std::string& wave, std::size_t targets) { progress.wave_begins(wave, targets); });
    guarded([] { SPI_finish(); });
    progress.finish(run);
    return Datum(0);
  });
}

Query build_policy(
    "SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('run_as', $1, 'canary', $2::pg_catalog.int4,"
    " 'canary_tenants', $3::pg_catalog.text[], 'stop_after_canary', $4::pg_catalog.bool, 'waves',"
    " $5::pg_catalog.text[], 'wave_by', $6, 'target_order', $7, 'max_failures', $8, 'max_wave_failures', $9))");

std::optional<core::FailureBudget> budget(const Value& text) {
  if (!text) return std::nullopt;
  return core::parse_failure_budget(*text);
}

/// Arguments of rollout behind concurrency: canary, canary_tenants, stop_after_canary, waves, wave_by, target_order,
/// max_failures, max_wave_failures.
RunPolicy policy_arguments(const Arguments& arguments) {
  RunPolicy policy;
  std::optional<int> const canary = arguments.integer(8);
  if (canary && *canary < 0) throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "canary must not be negative");
  Value const wave_by = arguments.optional_text(12);
  Value const order = arguments.optional_text(13);
  policy.waves.canary = static_cast<std::size_t>(canary.value_or(0));
  policy.waves.canary_tenants = arguments.texts(9, "canary_tenants");
  policy.stop_after_canary = arguments.boolean(10, false);
  policy.waves.waves = arguments.texts(11, "waves");
  policy.waves.by_waves = !policy.waves.waves.empty() || wave_by;
  if (policy.waves.by_waves) policy.wave_by = wave_by.value_or("tier");
  if (order) policy.waves.order = core::parse_target_order(*order);
  policy.most_failures = budget(arguments.optional_text(14));
  policy.most_wave_failures = budget(arguments.optional_text(15));
  if (policy.stop_after_canary && policy.waves.canary == 0 && policy.waves.canary_tenants.empty()) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "stop_after_canary needs a canary", {},
                  "Say how many targets go first, canary => 2, or which: canary_tenants => '{acme}'.");
  }
  auto const number = [](std::optional<int> value) { return value ? Value(std::to_string(*value)) : Value(); };
  policy.recorded = build_policy
                        .run({arguments.optional_text(6), number(canary), arguments.array(9),
                              policy.stop_after_canary ? Value("true") : Value(), arguments.array(11), policy.wave_by,
                              order, arguments.optional_text(14), arguments.optional_text(15)})
                        .front()[0];
  return policy;
}

/// rollout and downgrade_rollout.
Datum roll_out(FunctionCallInfo fcinfo, const char* name, Direction direction) {
  return run_procedure(fcinfo, name, 7, [=](Migrator& migrator, const Arguments& arguments) {
    TenantFilter const filter = filter_arguments(arguments, 1);
    std::string const revision = arguments.required_text(0, "revision");
    RunPlan plan = plan_run(migrator, filter, make_request(direction, revision, arguments.optional_text(6)),
                            policy_arguments(arguments));
    plan.revision = revision;
    plan.filter = recorded_filter(filter);
    warn_about_nobody(filter, plan.targets);
    return std::optional(std::move(plan));
  });
}

}  // namespace

/// Kept as it was written: so it is recorded with the run.
TENANCY_SQL_FUNCTION(tenancy_failure_budget_in) {
  return sql_entry([=] {
    const char* const text = PG_GETARG_CSTRING(0);
    (void)core::parse_failure_budget(text);
    return text_datum(text);
  });
}

TENANCY_SQL_FUNCTION(tenancy_rollout) { return roll_out(fcinfo, "rollout", Direction::up); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_rollout) { return roll_out(fcinfo, "downgrade_rollout", Direction::down); }

TENANCY_SQL_FUNCTION(tenancy_migrate_targets) {
  return run_procedure(fcinfo, "migrate_targets", 3, [](Migrator& migrator, const Arguments& arguments) {
    TenantFilter filter;
    filter.ids = arguments.array(0);
    if (!filter.ids) throw PgError(ERRCODE_NULL_VALUE_NOT_ALLOWED, "tenants must not be NULL");
    std::vector<std::string> const ids = arguments.texts(0, "tenants");
    for (const std::string& id : ids) {
      if (find_tenant(id)) continue;
      throw PgError(ERRCODE_UNDEFINED_OBJECT, "tenant \"" + id + "\" is not registered", {}, "See tenancy.tenants.");
    }
    std::string const revision = arguments.required_text(1, "revision");
    RunPlan plan = plan_run(migrator, filter, make_request(Direction::up, revision, arguments.optional_text(2)), {});
    plan.revision = revision;
    plan.filter = recorded_filter(filter);
    // These alone: the shared schema only where they live in it.
    std::erase_if(plan.targets, [](const FleetTarget& target) {
      return target.shared && target.target.kind == core::TargetKind::shared;
    });
    return std::optional(std::move(plan));
  });
}

TENANCY_SQL_FUNCTION(tenancy_resume) {
  return run_procedure(fcinfo, "resume", 1, [](Migrator& migrator, const Arguments& arguments) {
    std::int64_t const run = arguments.required_bigint(0, "run");
    if (wake_paused_run(run)) return std::optional<RunPlan>();
    return std::optional(plan_resumption(migrator, run, RetryFailed::no, arguments.optional_text(2)));
  });
}

TENANCY_SQL_FUNCTION(tenancy_retry_failed) {
  return run_procedure(fcinfo, "retry_failed", 1, [](Migrator& migrator, const Arguments& arguments) {
    return std::optional(
        plan_resumption(migrator, arguments.required_bigint(0, "run"), RetryFailed::yes, arguments.optional_text(2)));
  });
}

TENANCY_SQL_FUNCTION(tenancy_rollback_run) {
  return run_procedure(fcinfo, "rollback_run", 1, [](Migrator& migrator, const Arguments& arguments) {
    return std::optional(plan_rollback_run(migrator, arguments.required_bigint(0, "run"), arguments.boolean(2, false),
                                           arguments.optional_text(3)));
  });
}

}  // namespace tenancy
