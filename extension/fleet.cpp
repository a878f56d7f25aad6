#include "extension/fleet.h"

#include "extension/lock_budget.h"
#include "extension/worker_pool.h"

namespace tenancy {

namespace {

Outcome unreachable(const FleetTarget& target) {
  return failure(PgError(ERRCODE_FEATURE_NOT_SUPPORTED, target.target.label() + ": it lives in " + target.elsewhere, {},
                         "Connect to that database and migrate it there."));
}

/// Commits without waiting for the disk: the tracking row commits with the change, so a crash loses both or none,
/// and flush_commits() waits once for all.
void commit_without_waiting() {
  guarded([] {
    if (synchronous_commit > SYNCHRONOUS_COMMIT_OFF) {
      set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
    }
    SPI_commit();
  });
}

/// What this backend or its workers committed up to there is on disk, and on the synchronous standbys, when this
/// returns.
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

Outcome left_alone(const FleetTarget& target, std::size_t failed) {
  return failure(PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                         target.target.label() + ": left as it is, because " +
                             (failed == 1 ? "a target that uses it" : std::to_string(failed) + " targets that use it") +
                             " failed"));
}

/// Is every tenant with a target here among the selected ones? A suspended tenant needs the shared schema too.
bool selects_everybody(TenantFilter filter) {
  std::size_t const selected = select_tenants(filter).size();
  filter.statuses.reset();
  return select_tenants(filter).size() == selected;
}

void warn_about_skipped(std::size_t targets) {
  if (targets == 0) return;
  guarded([=] {
    ereport(WARNING,
            (errmsg_plural("%zu target has pending migrations that are older than its newest applied one: skipped",
                           "%zu targets have pending migrations that are older than their newest applied one: skipped",
                           targets, targets),
             errhint("tenancy.out_of_order is skip. See tenancy.status() and tenancy.plan_upgrade().")));
  });
}

}  // namespace

Outcome failure(const PgError& error) {
  Outcome outcome;
  outcome.sqlstate = error.sqlstate();
  outcome.error = error.report().message;
  outcome.detail = error.report().detail;
  outcome.hint = error.report().hint;
  return outcome;
}

Outcome success(const TargetResult& result) {
  Outcome outcome;
  outcome.success = true;
  outcome.from = result.from;
  outcome.to = result.to;
  outcome.steps = result.steps.size();
  return outcome;
}

PgError to_error(const Outcome& outcome) {
  const std::string& state = outcome.sqlstate;
  return {MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]), outcome.error, outcome.detail, outcome.hint};
}

Target shared_target(const Settings& settings, const std::string& set) {
  const std::string& schema = settings.shared_schemas.front();
  bool const holds_tenants = !tenants_in_schema(schema).empty();
  return {{}, schema, holds_tenants ? core::TargetKind::combined : core::TargetKind::shared, set};
}

Target schema_target(const std::string& schema, const Value& set) {
  Settings const settings = current_settings();
  if (schema == settings.shared_schemas.front()) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "\"" + schema + "\" is the shared schema, not a tenant's", {},
                  "Use tenancy.migrate_public() or tenancy.downgrade_public().");
  }
  std::vector<Tenant> const tenants = tenants_in_schema(schema);
  Target target{{}, schema, core::TargetKind::tenant, set.value_or(std::string(core::kDefaultSet))};
  if (tenants.size() == 1) target.tenant = tenants.front().id;
  if (!set && !tenants.empty()) {
    target.set = tenants.front().migration_set;
    for (const Tenant& tenant : tenants) {
      if (tenant.migration_set == target.set) continue;
      throw PgError(ERRCODE_AMBIGUOUS_PARAMETER,
                    "the tenants in schema \"" + schema + "\" use different migration sets", {},
                    "Say which one: migration_set => '" + target.set + "'.");
    }
  }
  return target;
}

std::vector<FleetTarget> fleet_targets(const TenantFilter& filter, const Settings& settings) {
  std::vector<FleetTarget> targets;
  for (const std::string& set : Store::shared_sets()) {
    if (filter.migration_set && *filter.migration_set != set) continue;
    targets.push_back({shared_target(settings, set), true, {}});
  }
  for (const Tenant& tenant : select_tenants(filter)) {
    // Migrations of every scope reach rls tenants in the shared schema with the shared target.
    bool const in_shared = tenant.is_here && tenant.schema == settings.shared_schemas.front();
    if (in_shared) {
      bool const known = std::any_of(targets.begin(), targets.end(), [&](const FleetTarget& one) {
        return one.shared && one.target.set == tenant.migration_set;
      });
      if (!known) targets.push_back({shared_target(settings, tenant.migration_set), true, {}});
      continue;
    }
    FleetTarget next{{tenant.id, tenant.schema, core::TargetKind::tenant, tenant.migration_set}, false, {}};
    if (!tenant.is_here) next.elsewhere = tenant.place();
    // Ordered by place and schema: tenants that share a target follow each other.
    if (!targets.empty() && !targets.back().shared) {
      FleetTarget& last = targets.back();
      if (last.target.schema == next.target.schema && last.target.set == next.target.set &&
          last.elsewhere == next.elsewhere) {
        last.target.tenant.clear();
        continue;
      }
    }
    targets.push_back(std::move(next));
  }
  return targets;
}

void CacheTrimmer::target_done() {
  constexpr int kTargetsPerTrim = 500;
  if (++since_last_ < kTargetsPerTrim) return;
  since_last_ = 0;
  guarded([] { InvalidateSystemCaches(); });
}

FleetRun::FleetRun(MemoryContext context, const TenantFilter& filter, Request request)
    : migrator_(context), request_(std::move(request)) {
  if (request_.revision.kind == core::Revision::Kind::forward || request_.revision.kind == core::Revision::Kind::back) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "a fleet cannot go to a relative revision",
                  "Its targets may stand at different revisions.", "Name a version, head or base.");
  }
  request_.in_fleet = true;
  migrator_.store().require(filter.migration_set);
  targets_ = fleet_targets(filter, migrator_.settings());
  if (request_.direction == core::Direction::down) {
    // Behind the tenants; and what some of them leave, the others still need.
    auto const shared =
        std::stable_partition(targets_.begin(), targets_.end(), [](const FleetTarget& one) { return !one.shared; });
    if (filter.is_partial() || !selects_everybody(filter)) targets_.erase(shared, targets_.end());
  }
  check_revision();
}

void FleetRun::check_revision() {
  // Asked of targets without a history; a version need only be known in one of the sets.
  std::optional<core::Error> unknown;
  for (const FleetTarget& target : targets_) {
    try {
      migrator_.check_request(target.target, request_);
      return;
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::unknown_revision) throw;
      if (!unknown) unknown = error;
    }
  }
  if (unknown) throw *unknown;
}

void FleetRun::look_at(std::size_t index) {
  const FleetTarget& target = targets_[index];
  Outcome& outcome = outcomes_[index];
  if (!target.elsewhere.empty()) {
    outcome = unreachable(target);
    return;
  }
  core::Plan plan;
  Subtransaction subtransaction;
  try {
    plan = migrator_.plan(target.target, request_);
    subtransaction.commit();
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (target.shared || error.stops_the_run()) throw;
    outcome = failure(error);
    return;
  }
  if (request_.outside == Outside::refuse) migrator_.require_transactional(target.target, plan);
  pending_[index] = !plan.steps.empty();
  skipping_ += plan.skipped.empty() ? 0 : 1;
  outcome.success = true;
  outcome.from = plan.from;
  outcome.to = plan.to;
}

void FleetRun::look_at_all() {
  ScopedContext const target_context(CurrentMemoryContext, "tenancy target");
  pending_.assign(targets_.size(), false);
  outcomes_.assign(targets_.size(), {});
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    TemporaryContext const memory(target_context.get());
    look_at(i);
    trimmer_.target_done();
  }
}

Outcome FleetRun::work_on(const FleetTarget& target, Alone alone) {
  TimestampTz const begin = GetCurrentTimestamp();
  Outcome outcome;
  Subtransaction subtransaction;
  try {
    guarded([] { PushActiveSnapshot(GetTransactionSnapshot()); });  // the one that a portal would have
    outcome = success(migrator_.migrate(target.target, request_));
    guarded([] { PopActiveSnapshot(); });
    subtransaction.commit();
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (error.stops_the_run()) throw;
    outcome = failure(error);
  }
  if (alone == Alone::committing) {
    try {
      commit_without_waiting();
      last_commit_ = XactLastCommitEnd;
    } catch (PgError& error) {
      // The transaction is rolled back, and the next one has begun.
      if (error.stops_the_run()) throw;
      error.prefix(target.target.label() + ": at commit");
      outcome = failure(error);
    }
  }
  outcome.duration = std::chrono::microseconds(GetCurrentTimestamp() - begin);
  return outcome;
}

void FleetRun::finish(std::size_t index, Outcome outcome, const Progress& progress) {
  // Where it failed a target is as it was before, when that is known.
  if (!outcome.success) outcome.from = outcome.to = outcomes_[index].from;
  outcomes_[index] = std::move(outcome);
  if (!outcomes_[index].success) {
    if (targets_[index].shared && request_.direction == core::Direction::up) throw to_error(outcomes_[index]);
    ++failed_;
  }
  progress(targets_[index], outcomes_[index]);
}

void FleetRun::run_alone(const std::vector<std::size_t>& pending, Alone alone, const Progress& progress) {
  ScopedContext const target_context(CurrentMemoryContext, "tenancy target");
  std::optional<LockBudget> budget;
  if (alone == Alone::in_transaction) budget.emplace(pending.size());
  for (std::size_t const index : pending) {
    TemporaryContext const memory(target_context.get());
    Outcome outcome = work_on(targets_[index], alone);
    if (budget) budget->check_after_first();
    budget.reset();
    trimmer_.target_done();
    finish(index, std::move(outcome), progress);
  }
}

bool FleetRun::run_in_parallel(const std::vector<std::size_t>& pending, int workers, const Progress& progress) {
  std::vector<const FleetTarget*> targets;
  targets.reserve(pending.size());
  for (std::size_t const index : pending) targets.push_back(&targets_[index]);
  // A snapshot of ours would keep CREATE INDEX CONCURRENTLY waiting.
  if (request_.outside != Outside::refuse) commit_without_waiting();
  WorkerPool pool(request_, targets, workers);
  if (pool.started() == 0) {
    guarded([] {
      ereport(NOTICE, (errmsg("no background worker is free: this session does the work alone"),
                       errhint("max_worker_processes bounds the workers of all users of the server.")));
    });
    return false;
  }
  pool.run([&](std::size_t i, Outcome outcome) {
    last_commit_ = std::max(last_commit_, pool.last_commit());
    finish(pending[i], std::move(outcome), progress);
  });
  return true;
}

void FleetRun::run_phase(std::size_t first, std::size_t last, Alone alone, int workers, const Progress& progress) {
  std::vector<std::size_t> pending;
  for (std::size_t i = first; i < last; ++i) {
    if (!pending_[i]) {
      finish(i, std::move(outcomes_[i]), progress);
    } else if (targets_[i].shared && failed_ > 0) {
      // Downwards the shared schema comes last, and the tenants that failed still need it.
      finish(i, left_alone(targets_[i], failed_), progress);
    } else {
      pending.push_back(i);
    }
  }
  if (pending.empty() || (workers > 0 && run_in_parallel(pending, workers, progress))) return;
  request_.outside = Outside::refuse;
  run_alone(pending, alone, progress);
}

std::vector<Outcome> FleetRun::run(Alone alone, int workers, const Progress& progress) {
  if (alone == Alone::committing && workers > 0) request_.outside = Outside::stop_before;
  look_at_all();
  auto const boundary = std::adjacent_find(targets_.begin(), targets_.end(),
                                           [](const auto& one, const auto& next) { return one.shared != next.shared; });
  std::size_t const split = boundary == targets_.end() ? targets_.size() : boundary - targets_.begin() + 1;
  try {
    run_phase(0, split, alone, workers, progress);
    run_phase(split, targets_.size(), alone, workers, progress);
  } catch (...) {
    flush_commits(last_commit_);
    throw;
  }
  flush_commits(last_commit_);
  warn_about_skipped(skipping_);
  return std::move(outcomes_);
}

}  // namespace tenancy
