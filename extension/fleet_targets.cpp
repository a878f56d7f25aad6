#include "extension/fleet_targets.h"

#include "core/set_order.h"
#include "extension/pins.h"

namespace tenancy {

namespace {

/// What the tenants share that have schemas of another database of this cluster, before the first of them.
void add_shared_of_databases(std::vector<FleetTarget>& targets, const std::vector<std::string>& shared_sets,
                             const std::string& shared_schema) {
  std::vector<FleetTarget> all;
  all.reserve(targets.size());
  using Place = std::pair<std::string, std::string>;  // database and set
  std::vector<Place> known;
  for (const FleetTarget& target : targets) {
    if (!target.target.database.empty() && target.elsewhere.empty() && target.target.schema == shared_schema) {
      known.emplace_back(target.target.database, target.target.set);
    }
  }
  for (FleetTarget& target : targets) {
    Place const place{target.target.database, target.target.set};
    bool const needs = !place.first.empty() && target.elsewhere.empty() &&
                       std::find(shared_sets.begin(), shared_sets.end(), place.second) != shared_sets.end() &&
                       std::find(known.begin(), known.end(), place) == known.end();
    if (needs) {
      known.push_back(place);
      FleetTarget& shared = all.emplace_back();
      shared.target = {{}, shared_schema, core::TargetKind::shared, place.second, place.first};
    }
    all.push_back(std::move(target));
  }
  targets = std::move(all);
}

FleetTarget tenant_target(const Tenant& tenant, const std::string& shared_schema) {
  FleetTarget target;
  target.target = {tenant.id, tenant.schema, core::TargetKind::tenant, tenant.migration_set};
  if (!tenant.is_here) {
    target.target.database = tenant.database.value_or("");
    if (tenant.server) target.elsewhere = on_server(*tenant.server);
    // A database of its own has in its shared schema what other tenants share, too.
    if (tenant.schema == shared_schema) target.target.kind = core::TargetKind::combined;
  }
  target.wave_value = tenant.wave_value;
  target.created_at = tenant.created_at;
  return target;
}

/// Tenants are ordered by place and schema: those that share a target follow each other.
void add_tenant(std::vector<FleetTarget>& targets, const Tenant& tenant, const Pins& pins,
                const std::string& shared_schema) {
  FleetTarget next = tenant_target(tenant, shared_schema);
  if (!targets.empty() && !targets.back().shared && targets.back().place() == next.place() &&
      targets.back().target.set == next.target.set) {
    targets.back().target.tenant.clear();
    return;
  }
  hold(next, pins.at(tenant));
  targets.push_back(std::move(next));
}

}  // namespace

std::string on_server(const std::string& server) { return "server \"" + server + "\""; }

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

std::vector<FleetTarget> fleet_targets(const TenantFilter& filter, const TenantDetails& details, Store& store,
                                       const Settings& settings) {
  std::vector<FleetTarget> targets;
  Pins const pins(store);
  auto const add_shared = [&](const std::string& set) {
    FleetTarget& shared = targets.emplace_back();
    shared.target = shared_target(settings, set);
    shared.shared = true;
    hold(shared, pins.at(shared.target.schema));
  };
  for (const std::string& set : Store::shared_sets()) {
    if (!filter.migration_set || *filter.migration_set == set) add_shared(set);
  }
  for (const Tenant& tenant : select_tenants(filter, details)) {
    // Migrations of every scope reach rls tenants in the shared schema with the shared target.
    if (tenant.is_here && tenant.schema == settings.shared_schemas.front()) {
      auto const is_shared = [&](const FleetTarget& one) {
        return one.shared && one.target.set == tenant.migration_set;
      };
      if (std::none_of(targets.begin(), targets.end(), is_shared)) add_shared(tenant.migration_set);
      continue;
    }
    add_tenant(targets, tenant, pins, settings.shared_schemas.front());
  }
  add_shared_of_databases(targets, Store::shared_sets(), settings.shared_schemas.front());
  // A shared set that only rls tenants brought in stands behind some tenants.
  std::stable_partition(targets.begin(), targets.end(), [](const FleetTarget& one) { return one.shared; });
  return targets;
}

void order_sets(std::vector<FleetTarget>& targets, core::Direction direction, Store& store) {
  core::order_sets(
      targets, direction, [](const FleetTarget& one, const FleetTarget& other) { return one.place() == other.place(); },
      [&](const FleetTarget& target) { return store.depth(target.target.set); });
}

std::vector<FleetTarget> database_targets(const std::vector<Tenant>& tenants, const Pins& pins,
                                          const Settings& settings) {
  std::vector<FleetTarget> targets;
  for (const Tenant& tenant : tenants) {
    if (!tenant.is_here && !tenant.server) add_tenant(targets, tenant, pins, settings.shared_schemas.front());
  }
  if (!targets.empty()) add_shared_of_databases(targets, Store::shared_sets(), settings.shared_schemas.front());
  return targets;
}

bool selects_everybody(TenantFilter filter) {
  std::size_t const selected = select_tenants(filter).size();
  filter.statuses.reset();
  return select_tenants(filter).size() == selected;
}

void CacheTrimmer::target_done() {
  constexpr int kTargetsPerTrim = 500;
  if (++since_last_ < kTargetsPerTrim) return;
  since_last_ = 0;
  guarded([] { InvalidateSystemCaches(); });
}

}  // namespace tenancy
