#include "extension/tool_sync.h"

#include "extension/settings.h"
#include "extension/spi.h"
#include "extension/sql_call.h"
#include "extension/store.h"
#include "extension/store_rows.h"
#include "extension/target_session.h"

namespace tenancy {

namespace {

constexpr StoreColumn kToolColumns[] = {{"tool"}, {"table_name"}, {"app"}, {"table_schema"}};

Query upsert_synced_tool(
    "INSERT INTO tenancy.synced_tools (migration_set, tool, table_name, app, table_schema) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (migration_set) DO UPDATE SET tool = excluded.tool, table_name = excluded.table_name,"
    "  app = excluded.app, table_schema = excluded.table_schema, started_at = pg_catalog.now(), started_by = "
    "current_user");

Query delete_synced_tool(
    "DELETE FROM tenancy.synced_tools WHERE migration_set OPERATOR(pg_catalog.=) $1 RETURNING tool");

PgError differs(const core::SyncedTool& synced, const std::string& found) {
  core::ForeignTable const text = core::describe_difference(synced, found);
  return {ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, synced.tool + " has gone on there, or back, by itself", text.detail,
          text.hint};
}

}  // namespace

std::optional<core::SyncedTool> find_synced_tool(const std::string& set) {
  StoreKey const keys[] = {{"migration_set", set}};
  std::vector<Row> const rows = read_rows("synced_tools", kToolColumns, keys);
  if (rows.empty()) return std::nullopt;
  const Row& row = rows.front();
  return core::SyncedTool{row[0].value(), row[1].value(), row[2].value(), row[3].value()};
}

TargetSync::TargetSync(const std::optional<core::SyncedTool>& synced, const core::MigrationSet& set,
                       const std::string& schema, std::span<const core::AppliedMigration> applied)
    : synced_(synced) {
  if (synced_) sync_.emplace(*synced_, set, schema, applied);
}

void TargetSync::check(std::span<const core::Step> steps, const core::ToolSync::Files& file_of) const {
  if (sync_) run(sync_->check(steps, file_of));
}

void TargetSync::record(std::size_t migration, core::Direction direction, const core::ToolFile& file) {
  if (sync_) run(sync_->record(migration, direction, file));
}

void TargetSync::run(const std::vector<core::TargetStatement>& statements) const {
  if (statements.empty()) return;
  // No notice that the table is there.
  SettingsScope const settings(kOwnPath, std::chrono::milliseconds(LockTimeout), true);
  try {
    for (const core::TargetStatement& statement : statements) run_once(statement.sql, statement.parameters);
  } catch (PgError& error) {
    if (std::optional<core::Finding> const finding = core::finding_in(error.report().message)) {
      throw differs(*synced_, finding->text);
    }
    error.report().internal_query.clear();
    error.report().internal_position = 0;
    error.prefix("table \"" + synced_->table + "\" of " + synced_->tool + ", which is kept up to date");
    throw;
  }
}

TENANCY_SQL_FUNCTION(tenancy_sync) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    core::ToolWords words{.tool = arguments.required_text(0, "tool")};
    std::string const set = arguments.required_text(1, "migration_set");
    words.table = arguments.optional_text(2);
    words.app = arguments.optional_text(3);
    words.schema = arguments.optional_text(4);
    lock_store(StoreLock::to_change);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Store store(memory.get());
    store.require(set);
    core::SyncedTool const synced = core::synced_tool(words, set, current_settings().tracking_table);
    upsert_synced_tool.run({set, synced.tool, synced.table, synced.group, synced.schema});
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_stop_sync) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    lock_store(StoreLock::to_change);
    bool const was_synced = !delete_synced_tool.run({arguments.required_text(0, "migration_set")}).empty();
    return BoolGetDatum(was_synced);
  });
}

}  // namespace tenancy
