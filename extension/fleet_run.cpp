#include "extension/fleet_run.h"

#include "core/revision_walk.h"
#include "extension/parallel_executor.h"

namespace tenancy {

namespace {

using Mode = SessionExecutor::Mode;

std::string count_of_targets(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " target" : " targets");
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

void say_no_worker_is_free() {
  guarded([] {
    ereport(NOTICE, (errmsg("no background worker is free: this session does the work alone"),
                     errhint("max_worker_processes bounds the workers of all users of the server.")));
  });
}

/// Asked of targets without a history; a version need only be known in one of the sets.
void check_revision(Migrator& migrator, const RunPlan& plan) {
  for (const FleetTarget& target : plan.targets) {
    core::check_head(migrator.store().set(target.target.set), target.target.kind, plan.request.revision);
  }
  std::optional<core::Error> unknown;
  for (const FleetTarget& target : plan.targets) {
    try {
      migrator.check_request(target.target, plan.request);
      return;
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::unknown_revision) throw;
      if (!unknown) unknown = error;
    }
  }
  if (unknown) throw *unknown;
}

}  // namespace

void require_absolute(const core::Revision& revision) {
  if (!revision.is_relative()) return;
  throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "a fleet cannot go to a relative revision",
                "Its targets may stand at different revisions.", "Name a version, head or base.");
}

RunPlan plan_run(Migrator& migrator, const TenantFilter& filter, Request request, RunPolicy policy) {
  require_absolute(request.revision);
  request.in_fleet = true;
  bool const down = request.direction == core::Direction::down;
  migrator.store().require(filter.migration_set);
  TenantDetails const details{policy.wave_by, policy.waves.order == core::TargetOrder::oldest ||
                                                  policy.waves.order == core::TargetOrder::newest};
  RunPlan plan;
  plan.operation = down ? "downgrade" : "upgrade";
  plan.takes_shared_last = down;
  plan.targets = fleet_targets(filter, details, migrator.store(), migrator.settings());
  order_sets(plan.targets, request.direction, migrator.store());
  plan.request = std::move(request);
  plan.policy = std::move(policy);
  if (down) {
    // Behind the tenants; and what some of them leave, the others still need.
    auto const shared = std::stable_partition(plan.targets.begin(), plan.targets.end(),
                                              [](const FleetTarget& one) { return !one.shared; });
    if (filter.is_partial() || !selects_everybody(filter)) {
      plan.targets.erase(shared, plan.targets.end());
      std::erase_if(plan.targets, [](const FleetTarget& one) { return one.goes_with_shared(); });
    }
    for (FleetTarget& target : plan.targets) target.held_at.reset();
  }
  check_revision(migrator, plan);
  return plan;
}

void FleetRun::require_all() const {
  std::size_t impossible = 0;
  std::string which;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    constexpr std::size_t kMostNamed = 10;
    if (pending_[i] || outcomes_[i].success) continue;
    if (++impossible <= kMostNamed) which += (which.empty() ? "" : "\n") + outcomes_[i].error;
  }
  if (impossible == 0) return;
  throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                count_of_targets(impossible) + " of " + std::to_string(outcomes_.size()) + " cannot be taken back",
                which,
                "Nothing was changed. Mend what the detail names, or say skip_irreversible => true to take the others "
                "back.");
}

std::vector<RunTargetRecord> FleetRun::settled() const {
  std::vector<RunTargetRecord> rows;
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
    if (pending_[i]) continue;
    rows.push_back({&plan_.targets[i], {}, outcomes_[i].success ? nullptr : &outcomes_[i], outcomes_[i].from});
  }
  return rows;
}

RunOpening FleetRun::opening() const {
  if (plan_.resumes) return RunOpening::again(id_, settled());
  RunRecord const run{id_,
                      plan_.operation,
                      plan_.revision,
                      plan_.filter,
                      plan_.policy.recorded,
                      plan_.targets.size(),
                      plan_.targets.size() - work_,
                      plan_.rolls_back};
  std::vector<RunTargetRecord> rows;
  rows.reserve(work_);
  for (const core::Wave& wave : waves_) {
    for (std::size_t const i : wave.targets) {
      rows.push_back({&plan_.targets[i], wave.name, pending_[i] ? nullptr : &outcomes_[i], outcomes_[i].from});
    }
  }
  return {run, rows};
}

void FleetRun::give_variables() {
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
    FleetTarget& target = plan_.targets[i];
    if (pending_[i] && !target.target.database.empty()) target.variables = migrator_.stored_variables(target.target);
  }
}

std::unique_ptr<Executor> FleetRun::make_executor(const RunOpening& opening, Mode mode) {
  Task task{plan_.request, id_, &plan_.targets};
  std::vector<std::size_t> pending;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i]) pending.push_back(i);
  }
  if (workers_ > 0 && !pending.empty()) {
    auto parallel = std::make_unique<ParallelExecutor>(task, pending, workers_, opening, mode == Mode::committing);
    if (parallel->has_workers()) return parallel;
    if (outside_) {
      throw PgError(ERRCODE_INSUFFICIENT_RESOURCES, "no background worker is free",
                    "Migrations that run outside of a transaction can only run in one.",
                    "max_worker_processes bounds the workers of all users of the server. Nothing was changed.");
    }
    say_no_worker_is_free();
  }
  // For a target that was busy when the plans were made.
  task.request.outside = Outside::refuse;
  return std::make_unique<SessionExecutor>(task, migrator_, mode);
}

void FleetRun::finish(std::size_t index, Outcome outcome, const Progress& progress) {
  // Where it failed a target is as it was before, or as its last commit left it, when that is known.
  if (!outcome.success) {
    if (outcome.from.empty()) outcome.from = outcomes_[index].from;
    if (outcome.to.empty()) outcome.to = outcome.from;
    ++failed_;
  }
  outcomes_[index] = std::move(outcome);
  reported_[index] = true;
  progress(plan_.targets[index], outcomes_[index]);
}

void FleetRun::check_budgets(std::size_t wave_failed, const core::Wave& wave, Dispatcher& dispatcher) const {
  const RunPolicy& policy = plan_.policy;
  std::string const name = "wave \"" + wave.name + "\"";
  if (wave.is_canary && wave_failed > 0) {
    dispatcher.stop("stopped", "the canary failed");
  } else if (policy.most_wave_failures && !policy.most_wave_failures->allows(wave_failed, wave.targets.size())) {
    dispatcher.stop("stopped", std::to_string(wave_failed) + " of " + count_of_targets(wave.targets.size()) +
                                   " failed in " + name + ", more than max_wave_failures");
  } else if (policy.most_failures && !policy.most_failures->allows(failed_, work_)) {
    dispatcher.stop("stopped",
                    std::to_string(failed_) + " of " + count_of_targets(work_) + " failed, more than max_failures");
  }
}

void FleetRun::run_wave(const core::Wave& wave, Dispatcher& dispatcher, const Progress& progress) {
  std::size_t const failed_before = failed_;
  std::optional<PgError> shared_error;
  auto const done = [&](std::size_t index, Outcome outcome) {
    // A failure in what all tenants need is the run's.
    if (!outcome.success && plan_.targets[index].shared && !plan_.takes_shared_last) {
      if (!shared_error) shared_error = to_error(outcome);
      dispatcher.stop("failed", outcome.error);
      return;
    }
    finish(index, std::move(outcome), progress);
    if (outcomes_[index].success) return;
    const FleetTarget& target = plan_.targets[index];
    if (target.goes_with_shared()) broken_databases_.emplace(target.target.database, target.target.set);
    check_budgets(failed_ - failed_before, wave, dispatcher);
  };
  std::vector<std::size_t> todo;
  for (std::size_t const index : wave.targets) {
    const Target& target = plan_.targets[index].target;
    if (pending_[index] && broken_databases_.contains({target.database, target.set})) {
      done(index, failure(PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                                  target.label() + ": left as it is: the shared schema of its database failed")));
    } else if (pending_[index]) {
      todo.push_back(index);
    } else {
      done(index, outcomes_[index]);
    }
  }
  if (!dispatcher.is_stopped()) dispatcher.run(todo, done);
  if (shared_error) throw *shared_error;
}

void FleetRun::run_waves(Dispatcher& dispatcher, const Progress& progress, const WaveProgress& wave_progress) {
  // A canary that had nothing to do is done too: whoever repeats the call must not get the whole fleet.
  bool canary_done = !plan_.resumes;
  for (const core::Wave& wave : waves_) {
    const FleetTarget& first = plan_.targets[wave.targets.front()];
    bool const shared = first.goes_with_shared();
    // Downwards the shared schema comes last, and the tenants that failed still need it.
    if (shared && plan_.takes_shared_last && failed_ > 0) {
      dispatcher.stop("failed", count_of_targets(failed_) + " failed");
    }
    if (plan_.policy.stop_after_canary && canary_done && !shared && !wave.is_canary) {
      dispatcher.stop("stopped", "the canary is done");
    }
    if (dispatcher.is_stopped()) return;
    if (wave_progress && waves_.size() > 1) wave_progress(wave.name, wave.targets.size());
    run_wave(wave, dispatcher, progress);
    canary_done = canary_done || wave.is_canary;
  }
}

void FleetRun::settle_ending(const Dispatcher& dispatcher) {
  if (dispatcher.is_stopped()) {
    ending_ = {id_, dispatcher.state(), dispatcher.reason()};
  } else if (failed_ > 0) {
    ending_ = {id_, "failed", std::to_string(failed_) + " of " + count_of_targets(plan_.targets.size()) + " failed"};
  } else {
    ending_ = {id_, "done", {}};
  }
}

void FleetRun::settle_left() {
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
    if (reported_[i]) continue;
    ++left_;
    Outcome outcome = failure(PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                                      plan_.targets[i].target.label() + ": left as it is: " + ending_.reason));
    outcome.from = outcome.to = outcomes_[i].from;
    outcomes_[i] = std::move(outcome);
  }
}

std::vector<Outcome> FleetRun::run(Mode mode, int workers, const Progress& progress,
                                   const WaveProgress& wave_progress) {
  require_run_log_rights();
  bool const reaches = std::any_of(plan_.targets.begin(), plan_.targets.end(), [](const FleetTarget& target) {
    return !target.target.database.empty() && target.elsewhere.empty();
  });
  if (reaches) require_reach_of_databases();
  workers_ = workers;
  bool const by_workers = mode == Mode::committing && workers > 0;
  plan_.request.outside = by_workers ? Outside::stop_before : Outside::refuse;
  look_at_all();
  if (plan_.all_or_nothing) require_all();
  give_variables();
  plan_waves();
  id_ = plan_.resumes ? *plan_.resumes : next_run_id();
  RunLock const lock(id_);
  RunOpening beginning = opening();
  std::unique_ptr<Executor> const executor = make_executor(beginning, mode);
  Dispatcher dispatcher(*executor, migrator_.settings().retry, [this](std::size_t index) {
    auto const& [elsewhere, database, schema] = plan_.targets[index].place();
    return std::hash<std::string>()(elsewhere + '\0' + database + '\0' + schema);
  });
  executor->open(beginning);
  beginning = {};  // tens of megabytes for a great many targets
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
    if (!pending_[i] && outcomes_[i].success) finish(i, outcomes_[i], progress);
  }
  try {
    run_waves(dispatcher, progress, wave_progress);
  } catch (const PgError& error) {
    executor->flush();
    if (!error.stops_the_run() && dispatcher.is_stopped()) {
      settle_ending(dispatcher);
      executor->close(ending_);
    }
    throw;
  } catch (...) {
    executor->flush();
    throw;
  }
  settle_ending(dispatcher);
  executor->close(ending_);
  executor->flush();
  settle_left();
  warn_about_skipped(skipping_);
  return std::move(outcomes_);
}

}  // namespace tenancy
