#include "extension/fleet.h"

#include "extension/lock_budget.h"

namespace tenancy {

namespace {

Outcome unreachable(const FleetTarget& target) {
  return failure(PgError(ERRCODE_FEATURE_NOT_SUPPORTED, target.target.label() + ": it lives in " + target.elsewhere,
                         {}, "Connect to that database and migrate it there."));
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

/// What was committed is on disk, and on the synchronous standbys, when this returns.
void flush_commits() {
  guarded([] {
    if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF || XactLastCommitEnd == InvalidXLogRecPtr) return;
    XLogFlush(XactLastCommitEnd);
    HOLD_INTERRUPTS();  // as at a commit: the wait handles a cancel itself
    SyncRepWaitForLSN(XactLastCommitEnd, true);
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
  request_.quiet = true;
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

FleetRun::Look FleetRun::look_at(const FleetTarget& target) {
  Look look;
  if (!target.elsewhere.empty()) {
    look.outcome = unreachable(target);
    return look;
  }
  core::Plan plan;
  try {
    plan = migrator_.plan(target.target, request_);
  } catch (const PgError& error) {
    if (target.shared || error.stops_the_run()) throw;
    look.outcome = failure(error);
    return look;
  }
  migrator_.require_transactional(target.target, plan);
  look.pending = !plan.steps.empty();
  skipping_ += plan.skipped.empty() ? 0 : 1;
  look.outcome.success = true;
  look.outcome.from = plan.from;
  look.outcome.to = plan.to;
  return look;
}

Outcome FleetRun::work_on(const FleetTarget& target, Commit commit) {
  TimestampTz const begin = GetCurrentTimestamp();
  Outcome outcome;
  Subtransaction subtransaction;
  try {
    TargetResult const result = migrator_.migrate(target.target, request_);
    subtransaction.commit();
    outcome.success = true;
    outcome.from = result.from;
    outcome.to = result.to;
    outcome.steps = result.steps.size();
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (target.shared || error.stops_the_run()) throw;
    outcome = failure(error);
  }
  if (commit == Commit::each_target) commit_without_waiting();
  outcome.duration = std::chrono::microseconds(GetCurrentTimestamp() - begin);
  return outcome;
}

void FleetRun::run(Commit commit, const Report& report) {
  CacheTrimmer trimmer;
  ScopedContext const target_context(CurrentMemoryContext, "tenancy target");
  std::vector<Look> looks;
  looks.reserve(targets_.size());
  for (const FleetTarget& target : targets_) {
    TemporaryContext const memory(target_context.get());
    looks.push_back(look_at(target));
    trimmer.target_done();
  }
  std::size_t const pending = std::count_if(looks.begin(), looks.end(), [](const Look& look) { return look.pending; });
  std::optional<LockBudget> budget;
  if (commit == Commit::with_caller && pending > 0) budget.emplace(pending);

  std::size_t failed = 0;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    TemporaryContext const memory(target_context.get());
    if (looks[i].pending && targets_[i].shared && failed > 0) {
      // Downwards the shared schema comes last, and the tenants that failed still need it.
      looks[i].outcome = left_alone(targets_[i], failed);
    } else if (looks[i].pending) {
      looks[i].outcome = work_on(targets_[i], commit);
      if (budget) budget->check_after_first();
      budget.reset();
      trimmer.target_done();
    }
    failed += looks[i].outcome.success ? 0 : 1;
    report(targets_[i], looks[i].outcome);
  }
  if (commit == Commit::each_target) flush_commits();
  warn_about_skipped(skipping_);
}

}  // namespace tenancy
