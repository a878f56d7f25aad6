#include "driver/command/standalone_fleet.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/revision_walk.h"
#include "core/set_order.h"
#include "driver/command/failure.h"
#include "driver/files/migration_files.h"
#include "driver/fleet/place.h"
#include "driver/fleet/standalone_discovery.h"

namespace tenancy::driver {

using boost::asio::awaitable;

namespace {

/// What nobody would notice: that it selects everybody, or nobody.
void check(const Selection& selection, const std::vector<TenantPlace>& tenants) {
  bool const by_status = !selection.statuses.empty() && selection.statuses != Selection{}.statuses;
  if (selection.tier || selection.labels || by_status) {
    throw UsageError("--tier, --label and --status do not go with --standalone",
                     "Only a control database knows them. Choose by --tenant, --pattern, --tenant-set or --server.");
  }
  for (const std::string& id : selection.tenants) {
    if (std::any_of(tenants.begin(), tenants.end(), [&](const TenantPlace& one) { return one.id == id; })) continue;
    throw Failure(kTargetsFailed, "tenant \"" + id + "\" is not known",
                  "Tenants are those of standalone.tenants, .targets, .discover, .discover_databases and .query.");
  }
}

}  // namespace

MigrationStore standalone_store(const Settings& settings) {
  MigrationStore store(read_migrations(settings));
  for (const auto& [set, sync] : settings.standalone.sync) {
    core::ToolWords words{.tool = sync.tool};
    if (!sync.table.empty()) words.table = sync.table;
    if (!sync.app.empty()) words.app = sync.app;
    if (!sync.table_schema.empty()) words.schema = sync.table_schema;
    store.sync(set, core::synced_tool(words, set, settings.request.tracking_table));
  }
  return store;
}

StandaloneFleet::StandaloneFleet(Context& context)
    : context_(context), store_(standalone_store(context.settings())), servers_(context.control_conninfo()) {
  for (const auto& [name, server] : context.settings().servers) {
    servers_.add(name, Conninfo::parse(server.conninfo), server.max_connections);
  }
}

void StandaloneFleet::check_revision(const core::Revision& revision, const std::vector<Target>& targets) const {
  for (const Target& target : targets) core::check_head(store_.set(target.migration_set), target.kind, revision);
  if (revision.kind != core::Revision::Kind::version) return;
  std::optional<core::Error> unknown;
  for (const std::string& set : store_.set_names()) {
    try {
      (void)core::resolve_place(store_.set(set), revision.version);
      return;
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::unknown_revision) throw;
      if (!unknown) unknown = error;
    }
  }
  if (unknown) throw *unknown;
}

awaitable<std::vector<Target>> StandaloneFleet::targets(const Selection& selection, core::Direction direction) const {
  const Settings& settings = context_.settings();
  OpenConnection const open = [this] { return context_.connect(); };
  std::vector<TenantPlace> tenants =
      co_await standalone_tenants(settings.standalone, settings.request.shared_schemas, open);
  check(selection, tenants);
  SharedSchemas shared{.schema = settings.request.shared_schemas.front()};
  for (const std::string& set : store_.set_names()) {
    if (store_.set(set).head(core::TargetKind::shared)) shared.sets.push_back(set);
  }
  std::vector<Target> targets = standalone_targets(std::move(tenants), shared, selection, direction);
  core::order_sets(targets, direction, is_same_schema,
                   [this](const Target& target) { return store_.sets().with_required(target.migration_set).size(); });
  co_return targets;
}

awaitable<Target> StandaloneFleet::target_of(const std::string& tenant) const {
  Selection selection;
  selection.tenants = {tenant};
  selection.shared = false;
  std::vector<Target> found = co_await targets(selection, core::Direction::up);
  co_return std::move(found.front());
}

}  // namespace tenancy::driver
