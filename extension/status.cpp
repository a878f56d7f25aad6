#include "extension/status.h"

#include "extension/pins.h"
#include "extension/target_session.h"
#include "extension/tracking.h"

namespace tenancy {

namespace {

constexpr const char* kByAnother = " by a tenant in the same schema";

const char* to_string(core::Standing::State state) {
  switch (state) {
    case core::Standing::State::current:
      return "current";
    case core::Standing::State::behind:
      return "behind";
    case core::Standing::State::diverged:
      return "diverged";
    case core::Standing::State::in_doubt:
      return "in doubt";
  }
  return "";
}

/// A target that is behind for its pin alone, where a fleet operation to head has nothing to do, is pinned.
void consider_pin(TenantStatus& status, const std::string& held_at, const core::MigrationSet& set,
                  core::TargetKind kind, const Tracking& tracking, core::OutOfOrder out_of_order) {
  try {
    core::Plan const plan =
        core::plan_pinned_upgrade(set, kind, tracking.applied, {}, core::parse_revision(held_at), out_of_order);
    if (!plan.steps.empty() || !plan.skipped.empty()) return;
    status.state = "pinned";
    status.detail = "pinned to " + held_at;
  } catch (const core::Error& error) {
    // A fleet operation would fail.
    status.detail = error.what();
  }
}

/// What is read once for a target, however many tenants share it; nothing of a tenant.
TenantStatus read_target(const Target& target, const Value& held_at, Migrator& migrator) {
  const std::string& table = migrator.settings().tracking_table;
  TenantStatus result;
  result.schema = target.schema;
  result.migration_set = target.set;
  const core::MigrationSet& set = migrator.store().set(target.set);
  if (auto const head = set.head(target.kind)) result.head = set[*head].version;
  Oid const schema = guarded([&] { return get_namespace_oid(target.schema.c_str(), true); });
  if (!OidIsValid(schema)) {
    result.state = "missing";
    result.detail = "schema does not exist";
    return result;
  }
  Tracking const tracking = read_tracking(schema, table, target.set, WhenLocked::tell);
  auto const unreadable = [&](const char* state, const char* why) {
    result.state = state;
    result.detail = "tracking table \"" + table + "\" " + why;
    return result;
  };
  if (tracking.shape == TrackingShape::foreign) return unreadable("foreign", "is another tool's");
  if (tracking.shape == TrackingShape::denied) return unreadable("denied", "may not be read");
  if (tracking.shape == TrackingShape::locked) return unreadable("locked", "is locked by another session");
  core::Standing const standing = core::standing(set, target.kind, tracking.applied);
  result.revision = standing.revision;
  result.pending = standing.pending;
  result.state = to_string(standing.state);
  result.last_applied_at = tracking.last_applied_at;
  if (!standing.detail.empty()) result.detail = standing.detail;
  if (standing.state == core::Standing::State::in_doubt && OutsideLock::is_held(schema)) {
    result.state = "running";
    result.detail = "a non-transactional migration is running there";
  }
  if (held_at && standing.state == core::Standing::State::behind) {
    consider_pin(result, *held_at, set, target.kind, tracking, migrator.settings().out_of_order);
  }
  return result;
}

}  // namespace

void report_status(const TenantFilter& filter, MemoryContext context,
                   const std::function<void(const TenantStatus&)>& report) {
  Migrator migrator(context);
  migrator.store().require(filter.migration_set);
  const std::string& shared_schema = migrator.settings().shared_schemas.front();
  Pins const pins(migrator.store());
  for (const std::string& set : Store::shared_sets()) {
    if (filter.migration_set && *filter.migration_set != set) continue;
    Target const target = shared_target(migrator.settings(), set);
    TenantStatus row = read_target(target, pins.of(target.schema, set), migrator);
    row.isolation = "shared";
    if (row.state == "pinned") *row.detail += kByAnother;
    report(row);
  }
  CacheTrimmer trimmer;
  ScopedContext const target_context(CurrentMemoryContext, "tenancy target");
  TenantStatus last;
  for (const Tenant& tenant : select_tenants(filter)) {
    TemporaryContext const memory(target_context.get());
    if (!tenant.is_here) {
      last = TenantStatus{};
      last.state = "elsewhere";
      last.detail = "in " + tenant.place();
    } else if (last.schema != tenant.schema || last.migration_set != tenant.migration_set) {
      Target const target = tenant.schema == shared_schema
                                ? shared_target(migrator.settings(), tenant.migration_set)
                                : Target{tenant.id, tenant.schema, core::TargetKind::tenant, tenant.migration_set};
      last = read_target(target, pins.of(tenant), migrator);
      trimmer.target_done();
    }
    TenantStatus row = last;
    row.tenant = tenant.id;
    row.isolation = tenant.isolation;
    row.schema = tenant.schema;
    row.migration_set = tenant.migration_set;
    row.status = tenant.status;
    row.tier = tenant.tier;
    if (row.state == "pinned" && tenant.pinned_revision != pins.of(tenant)) *row.detail += kByAnother;
    report(row);
  }
}

}  // namespace tenancy
