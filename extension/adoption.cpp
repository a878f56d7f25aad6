#include "extension/adoption.h"

#include "extension/target_session.h"
#include "extension/tool_table.h"

namespace tenancy {

namespace {

/// Is it the table that is kept up to date with the target's set?
bool goes_along(Migrator& migrator, const Target& target, const core::ToolSource& source) {
  const std::optional<core::SyncedTool>& synced = migrator.store().synced_tool(target.set);
  return synced && *synced == core::synced_source(source);
}

/// Writes what is recorded here and not there.
void write_rows(Migrator& migrator, const Target& target, const TargetSession& session,
                const core::Adoption& adoption) {
  const core::MigrationSet& set = migrator.store().set(target.set);
  std::vector<core::AppliedMigration> const theirs = core::applied_there(set, session.tracking.applied, adoption);
  TargetSync sync(migrator.store().synced_tool(target.set), set, target.schema, theirs);
  for (std::size_t const index : adoption.unwritten) {
    core::ToolFile const file = migrator.store().runnable(target.set, index).file;
    RoleScope const as_role(session.role);
    sync.record(index, core::Direction::up, file);
  }
}

core::Adoption assess(Migrator& migrator, const Target& target, const core::ToolSource& source, Oid schema,
                      const TargetRole& role, std::span<const core::AppliedMigration> tracked, bool wait) {
  Value const apart = source.schema ? Value(core::tool_schema(source.schema, target.schema)) : Value();
  // What is in a schema of its own is not the tenant's, and its owner may have no rights there.
  TargetRole const reader = apart ? TargetRole{GetUserId(), false} : role;
  Oid const place = apart ? guarded([&] { return get_namespace_oid(apart->c_str(), true); }) : schema;
  std::optional<std::vector<core::ToolRow>> rows;
  if (OidIsValid(place)) {
    RoleScope const as_reader(reader);
    rows = read_tool_table(place, source.tool, wait);
  }
  std::vector<core::ToolEntry> entries;
  if (rows) entries = core::read_history_rows(source.tool, *rows, source.group);
  core::Merge const merge = goes_along(migrator, target, source) ? core::Merge::yes : core::Merge::no;
  core::Adoption adoption =
      core::assess_adoption(source.tool, entries, migrator.store().set(target.set), target.kind, tracked, merge);
  if (adoption.verdict == core::AdoptionVerdict::empty && entries.empty()) {
    adoption.detail = core::describe_nothing(source, target.schema, rows.has_value());
  }
  return adoption;
}

}  // namespace

core::Adoption look_at_adoption(Migrator& migrator, const Target& target, const AdoptionRequest& request) {
  return for_target(target, [&] {
    Oid const schema = require_schema(target.schema);
    const std::string& table = migrator.settings().tracking_table;
    TargetRole const role = role_for(target, request.run_as);
    Tracking const tracking = [&] {
      RoleScope const as_role(role);
      return usable_tracking(schema, target, table, WhenLocked::tell);
    }();
    if (tracking.shape == TrackingShape::locked) {
      throw PgError(ERRCODE_LOCK_NOT_AVAILABLE, "tracking table \"" + table + "\" is locked by another session");
    }
    return assess(migrator, target, request.source.of_set(target.set), schema, role, tracking.applied, false);
  });
}

core::Adoption adopt(Migrator& migrator, const Target& target, const AdoptionRequest& request) {
  return for_target(target, [&] {
    TargetSession session(migrator.settings(), target, request.run_as, true);
    session.read_tracking(target);
    core::ToolSource const source = request.source.of_set(target.set);
    core::Adoption const adoption =
        assess(migrator, target, source, session.schema, session.role, session.tracking.applied, true);
    if (goes_along(migrator, target, source)) write_rows(migrator, target, session, adoption);
    if (adoption.verdict != core::AdoptionVerdict::adoptable) return adoption;
    const core::MigrationSet& set = migrator.store().set(target.set);
    session.require_tracking(target);
    RoleScope const as_role(session.role);
    for (const core::Adoption::Migration& migration : adoption.applied) {
      const core::StoredMigration& stored = set[migration.index];
      insert_tracking_row(session.tracking.relation, {.set = target.set,
                                                      .version = stored.version,
                                                      .description = stored.description,
                                                      .checksum = stored.checksum,
                                                      .applied_at = migration.applied_at});
    }
    return adoption;
  });
}

}  // namespace tenancy
