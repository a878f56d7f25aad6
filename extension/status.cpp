#include "extension/status.h"

#include "extension/database_status.h"
#include "extension/pins.h"

namespace tenancy {

namespace {

constexpr const char* kByAnother = " by a tenant in the same schema";

TenantStatus shared_row(TargetStatus status, const Target& target) {
  TenantStatus row{std::move(status), {}, "shared", target.schema, {}, {}, target.set, {}, {}};
  if (!target.database.empty()) row.database = target.database;
  if (row.state == "pinned") *row.detail += kByAnother;
  if (!target.database.empty()) {
    std::string const place = "in database \"" + target.database + "\"";
    if (!row.detail) row.detail = place;
    if (!row.detail->starts_with(place)) row.detail = place + ": " + *row.detail;
  }
  return row;
}

}  // namespace

void report_status(const TenantFilter& filter, MemoryContext context,
                   const std::function<void(const TenantStatus&)>& report) {
  Migrator migrator(context);
  migrator.store().require(filter.migration_set);
  const Settings& settings = migrator.settings();
  Pins const pins(migrator.store());
  std::vector<Tenant> const tenants = select_tenants(filter);
  DatabaseStatus databases(migrator, database_targets(tenants, pins, settings));
  for (const std::string& set : Store::shared_sets()) {
    if (filter.migration_set && *filter.migration_set != set) continue;
    Target const target = shared_target(settings, set);
    report(shared_row(read_status(migrator, target, pins.at(target.schema)), target));
  }
  CacheTrimmer trimmer;
  ScopedContext const target_context(CurrentMemoryContext, "tenancy target");
  const Tenant* last = nullptr;
  TargetStatus status;
  for (const Tenant& tenant : tenants) {
    TemporaryContext const memory(target_context.get());
    if (tenant.server) {
      status = TargetStatus{};
      status.state = "elsewhere";
      status.detail = "in " + tenant.place();
    } else if (!tenant.is_here) {
      status = databases.of(
          tenant, [&](const Target& target, const TargetStatus& shared) { report(shared_row(shared, target)); });
    } else if (last == nullptr || last->schema != tenant.schema || last->migration_set != tenant.migration_set) {
      Target const target = tenant.schema == settings.shared_schemas.front()
                                ? shared_target(settings, tenant.migration_set)
                                : Target{tenant.id, tenant.schema, core::TargetKind::tenant, tenant.migration_set};
      status = read_status(migrator, target, pins.at(tenant));
      trimmer.target_done();
    }
    last = tenant.is_here ? &tenant : nullptr;
    TenantStatus row{status,
                     tenant.id,
                     tenant.isolation,
                     tenant.schema,
                     tenant.status,
                     tenant.tier,
                     tenant.migration_set,
                     tenant.server,
                     tenant.is_here ? Value() : tenant.database};
    if (row.state == "pinned" && tenant.pinned_revision != pins.of(tenant)) *row.detail += kByAnother;
    report(row);
  }
}

}  // namespace tenancy
