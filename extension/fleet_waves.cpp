// In which waves a run takes its targets.
#include "extension/fleet_run.h"

namespace tenancy {

namespace {

constexpr const char* kSharedWave = "shared";

std::uint64_t random_below(std::uint64_t bound) { return pg_prng_uint64_range(&pg_global_prng_state, 0, bound - 1); }

}  // namespace

void FleetRun::add_wave(std::string name, bool is_canary, std::vector<std::size_t> targets) {
  std::erase_if(targets, [this](std::size_t i) { return !has_work(i); });
  if (!targets.empty()) waves_.push_back({std::move(name), is_canary, std::move(targets)});
}

std::vector<std::string> FleetRun::name_targets(std::vector<std::string>& canary_tenants) {
  std::vector<std::string> names;
  for (const FleetTarget& target : plan_.targets) names.push_back(target.target.tenant);
  std::erase_if(canary_tenants, [&](const std::string& id) {
    if (std::find(names.begin(), names.end(), id) != names.end()) return false;
    std::optional<Tenant> const tenant = find_tenant(id);
    if (!tenant || !tenant->is_here) return false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Target& target = plan_.targets[i].target;
      if (!target.tenant.empty() || !target.database.empty() || target.schema != tenant->schema ||
          target.set != tenant->migration_set)
        continue;
      // The shared schema comes before any canary, and a target that has a name already is in it.
      if (plan_.targets[i].shared || !names[i].empty()) return true;
      names[i] = id;
    }
    return false;
  });
  return names;
}

core::RolloutPolicy FleetRun::wave_policy(const std::vector<std::string>& names) const {
  core::RolloutPolicy policy = plan_.policy.waves;
  // A canary is one that has something to do.
  std::erase_if(policy.canary_tenants, [&](const std::string& id) {
    auto const known = std::find(names.begin(), names.end(), id);
    return known != names.end() && !has_work(known - names.begin());
  });
  std::erase_if(policy.waves, [&](const std::string& value) {
    bool any = false;
    bool work = false;
    for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
      if (plan_.targets[i].shared || plan_.targets[i].wave_value != value) continue;
      any = true;
      work = work || has_work(i);
    }
    return any && !work;
  });
  return policy;
}

void FleetRun::plan_waves() {
  if (plan_.resumes) {
    for (core::Wave& wave : plan_.waves) add_wave(std::move(wave.name), wave.is_canary, std::move(wave.targets));
    return;
  }
  std::vector<std::string> const names = name_targets(plan_.policy.waves.canary_tenants);
  std::vector<std::size_t> shared, tenants;
  std::vector<core::RolloutTarget> candidates;
  for (std::size_t i = 0; i < plan_.targets.size(); ++i) {
    const FleetTarget& target = plan_.targets[i];
    if (target.goes_with_shared()) {
      shared.push_back(i);
    } else if (has_work(i)) {
      tenants.push_back(i);
      candidates.push_back(
          {names[i], target.wave_value.value_or(""), target.wave_value.has_value(), target.created_at});
    }
  }
  std::vector<core::Wave> const waves = core::plan_waves(candidates, wave_policy(names), random_below);
  if (!plan_.takes_shared_last) add_wave(kSharedWave, false, shared);
  for (const core::Wave& wave : waves) {
    std::vector<std::size_t> targets;
    for (std::size_t const i : wave.targets) targets.push_back(tenants[i]);
    add_wave(wave.name, wave.is_canary, std::move(targets));
  }
  if (plan_.takes_shared_last) add_wave(kSharedWave, false, shared);
  std::uint32_t ordinal = 0;
  for (const core::Wave& wave : waves_) {
    for (std::size_t const i : wave.targets) plan_.targets[i].ordinal = ++ordinal;
  }
}

}  // namespace tenancy
