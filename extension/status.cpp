#include "extension/status.h"

#include "extension/tracking.h"

namespace tenancy {

namespace {

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

/// What is read once for a target, however many tenants share it.
struct TargetStatus {
  std::string schema, set;
  Value revision, head, detail;
  std::optional<std::size_t> pending;
  std::string state;
  TimestampTz last_applied_at = 0;
};

TargetStatus read_target(const Target& target, Migrator& migrator) {
  const std::string& table = migrator.settings().tracking_table;
  TargetStatus result;
  result.schema = target.schema;
  result.set = target.set;
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
  return result;
}

TenantStatus row_of(const TargetStatus& target) {
  TenantStatus row;
  row.schema = target.schema;
  row.migration_set = target.set;
  row.revision = target.revision;
  row.head = target.head;
  row.pending = target.pending;
  row.state = target.state;
  row.last_applied_at = target.last_applied_at;
  row.detail = target.detail;
  return row;
}

}  // namespace

void report_status(const TenantFilter& filter, MemoryContext context,
                   const std::function<void(const TenantStatus&)>& report) {
  Migrator migrator(context);
  migrator.store().require(filter.migration_set);
  const std::string& shared_schema = migrator.settings().shared_schemas.front();
  for (const std::string& set : Store::shared_sets()) {
    if (filter.migration_set && *filter.migration_set != set) continue;
    TenantStatus row = row_of(read_target(shared_target(migrator.settings(), set), migrator));
    row.isolation = "shared";
    report(row);
  }
  CacheTrimmer trimmer;
  ScopedContext const target_context(CurrentMemoryContext, "tenancy target");
  TargetStatus last;
  for (const Tenant& tenant : select_tenants(filter)) {
    TemporaryContext const memory(target_context.get());
    if (!tenant.is_here) {
      last = TargetStatus{};
      last.state = "elsewhere";
      last.detail = "in " + tenant.place();
    } else if (last.schema != tenant.schema || last.set != tenant.migration_set) {
      Target const target = tenant.schema == shared_schema
                                ? shared_target(migrator.settings(), tenant.migration_set)
                                : Target{tenant.id, tenant.schema, core::TargetKind::tenant, tenant.migration_set};
      last = read_target(target, migrator);
      trimmer.target_done();
    }
    TenantStatus row = row_of(last);
    row.tenant = tenant.id;
    row.isolation = tenant.isolation;
    row.schema = tenant.schema;
    row.migration_set = tenant.migration_set;
    row.status = tenant.status;
    row.tier = tenant.tier;
    report(row);
  }
}

}  // namespace tenancy
