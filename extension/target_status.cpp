#include "extension/target_status.h"

#include "extension/target_session.h"

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

/// A target that is behind for its pin alone, where a fleet operation to head has nothing to do, is pinned.
void consider_pin(TargetStatus& status, const std::string& held_at, const core::MigrationSet& set,
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

}  // namespace

TargetStatus unread_status(Migrator& migrator, const Target& target, std::string state, std::string detail) {
  TargetStatus result;
  const core::MigrationSet& set = migrator.store().set(target.set);
  if (auto const head = set.head(target.kind)) result.head = set[*head].version;
  result.state = std::move(state);
  if (!detail.empty()) result.detail = std::move(detail);
  return result;
}

TargetStatus read_status(Migrator& migrator, const Target& target, const Value& held_at) {
  const std::string& table = migrator.settings().tracking_table;
  Oid const schema = guarded([&] { return get_namespace_oid(target.schema.c_str(), true); });
  if (!OidIsValid(schema)) return unread_status(migrator, target, "missing", "schema does not exist");
  Tracking const tracking = read_tracking(schema, table, target.set, WhenLocked::tell);
  auto const unreadable = [&](const char* state, const char* why) {
    return unread_status(migrator, target, state, "tracking table \"" + table + "\" " + why);
  };
  if (tracking.shape == TrackingShape::foreign) return unreadable("foreign", "is another tool's");
  if (tracking.shape == TrackingShape::denied) return unreadable("denied", "may not be read");
  if (tracking.shape == TrackingShape::locked) return unreadable("locked", "is locked by another session");
  const core::MigrationSet& set = migrator.store().set(target.set);
  core::Standing const standing = core::standing(set, target.kind, tracking.applied);
  TargetStatus result = unread_status(migrator, target, to_string(standing.state), standing.detail);
  result.revision = standing.revision;
  result.pending = standing.pending;
  result.last_applied_at = tracking.last_applied_at;
  if (standing.state == core::Standing::State::in_doubt && OutsideLock::is_held(schema)) {
    result.state = "running";
    result.detail = "a non-transactional migration is running there";
  }
  if (held_at && standing.state == core::Standing::State::behind) {
    consider_pin(result, *held_at, set, target.kind, tracking, migrator.settings().out_of_order);
  }
  return result;
}

}  // namespace tenancy
