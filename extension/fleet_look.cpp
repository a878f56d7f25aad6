// What there is to do for the targets of a run, before it begins.
#include "extension/fleet_run.h"

namespace tenancy {

namespace {

/// So many targets are looked at in any case. When nine in ten of them have something to do, the others are not:
/// whoever takes such a target looks at it anyway, and workers do so side by side.
constexpr std::size_t kSample = 50;

bool is_ordinary(const FleetTarget& target) {
  return target.target.kind == core::TargetKind::tenant && target.target.database.empty() && target.elsewhere.empty() &&
         target.is_registered && !target.held_at;
}

Outcome on_other_server(const FleetTarget& target) {
  return failure(PgError(ERRCODE_FEATURE_NOT_SUPPORTED, target.target.label() + ": it lives on " + target.elsewhere, {},
                         "Connect to that server and migrate it there."));
}

Outcome without_worker(const FleetTarget& target) {
  return failure(PgError(ERRCODE_FEATURE_NOT_SUPPORTED,
                         target.target.label() + ": only a background worker reaches another database", {},
                         "Migrate outside of a transaction, with a concurrency of 1 or more."));
}

Outcome forgotten(const FleetTarget& target) {
  return failure(PgError(ERRCODE_UNDEFINED_OBJECT, target.target.label() + ": it is no longer registered there", {},
                         "See tenancy.tenants. A new run reaches the tenants as they are registered now."));
}

}  // namespace

bool FleetRun::is_held_back(const FleetTarget& target, std::size_t steps) {
  if (!target.held_at) return false;
  Subtransaction subtransaction;
  try {
    core::Plan const plan = migrator_.plan(target.target, plan_.request);
    subtransaction.commit();
    return plan.steps.size() > steps;
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (error.stops_the_run()) throw;
    return true;
  }
}

bool FleetRun::has_other_sets(const FleetTarget& target) {
  if (places_.empty()) {
    for (const FleetTarget& one : plan_.targets) ++places_[one.place()];
  }
  return places_.at(target.place()) > 1;
}

void FleetRun::look_at(std::size_t index) {
  const FleetTarget& target = plan_.targets[index];
  Outcome& outcome = outcomes_[index];
  if (!target.is_registered) {
    outcome = forgotten(target);
    return;
  }
  if (!target.elsewhere.empty()) {
    outcome = on_other_server(target);
    return;
  }
  if (!target.target.database.empty()) {
    // What is to be done there, its worker finds out.
    pending_[index] = workers_ > 0;
    if (!pending_[index]) outcome = without_worker(target);
    return;
  }
  core::Plan plan;
  Subtransaction subtransaction;
  try {
    plan = migrator_.plan(target.target, request_for(plan_.request, target));
    subtransaction.commit();
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (error.stops_the_run()) throw;
    // What is busy now may be free when its turn comes, and another set of the schema be taken back.
    bool const is_required = error.sqlerrcode() == ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST;
    if (core::is_retryable(error.sqlstate()) || (is_required && has_other_sets(target))) {
      pending_[index] = true;
      return;
    }
    // A rollback that is refused names all that refuse it.
    if (target.shared && plan_.operation != "rollback") throw;
    outcome = failure(error);
    return;
  }
  if (plan_.request.outside == Outside::refuse) {
    migrator_.require_transactional(target.target, plan);
  } else {
    outside_ = outside_ || !migrator_.is_transactional(target.target, plan);
  }
  pending_[index] = !plan.steps.empty();
  held_ += is_held_back(target, plan.steps.size()) ? 1 : 0;
  skipping_ += plan.skipped.empty() ? 0 : 1;
  outcome.success = true;
  outcome.from = plan.from;
  outcome.to = plan.to;
}

bool FleetRun::may_presume() {
  const RunPolicy& policy = plan_.policy;
  bool const plain =
      policy.waves.canary == 0 && policy.waves.canary_tenants.empty() && !policy.waves.by_waves &&
      !policy.stop_after_canary && !policy.most_failures && !policy.most_wave_failures &&
      std::none_of(plan_.waves.begin(), plan_.waves.end(), [](const auto& wave) { return wave.is_canary; });
  if (!plain || workers_ == 0 || plan_.operation != "upgrade") return false;
  if (migrator_.settings().out_of_order == core::OutOfOrder::skip) return false;
  if (plan_.request.outside != Outside::refuse) return true;
  // Where a migration that needs to run outside of transactions is pending, the whole run is refused.
  std::set<std::string> sets;
  for (const FleetTarget& target : plan_.targets) {
    if (sets.contains(target.target.set)) continue;
    for (std::string& set : migrator_.store().with_required(target.target.set)) sets.insert(std::move(set));
  }
  return std::all_of(sets.begin(), sets.end(),
                     [this](const std::string& name) { return migrator_.store().set(name).is_transactional(); });
}

void FleetRun::look_at_all() {
  ScopedContext const target_context(CurrentMemoryContext, "tenancy target");
  CacheTrimmer trimmer;
  std::size_t const count = plan_.targets.size();
  pending_.assign(count, false);
  reported_.assign(count, false);
  outcomes_.assign(count, {});
  bool const presumes = may_presume();
  std::size_t seen = 0;
  std::size_t behind = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bool const alike = presumes && is_ordinary(plan_.targets[i]);
    if (alike && seen >= kSample && behind >= seen - seen / 10) {
      pending_[i] = true;
    } else {
      TemporaryContext const memory(target_context.get());
      look_at(i);
      trimmer.target_done();
      seen += alike ? 1 : 0;
      behind += alike && pending_[i] ? 1 : 0;
    }
    if (has_work(i)) ++work_;
  }
}

}  // namespace tenancy
