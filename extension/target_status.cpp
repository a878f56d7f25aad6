#include "extension/target_status.h"

#include "extension/target_session.h"
#include "extension/target_sets.h"

namespace tenancy {

TargetStatus unread_status(Migrator& migrator, const Target& target, std::string state, std::string detail) {
  TargetStatus result;
  const core::MigrationSet& set = migrator.store().set(target.set);
  if (auto const head = set.head(target.kind)) result.head = set[*head].version;
  result.state = std::move(state);
  if (!detail.empty()) result.detail = std::move(detail);
  return result;
}

TargetStatus read_status(Migrator& migrator, const Target& target, const core::PinnedSets& pins) {
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
  TargetHistories histories(migrator.store(), target, tracking.applied, [&](const Target& of_set) {
    return read_tracking(schema, table, of_set.set, WhenLocked::tell).applied;
  });
  core::Standing const standing =
      core::target_standing(target.set, target.kind, pins, migrator.settings().out_of_order, histories);
  TargetStatus result = unread_status(migrator, target, std::string(to_string(standing.state)), standing.detail);
  result.revision = standing.revision;
  result.pending = standing.pending;
  result.last_applied_at = tracking.last_applied_at;
  if (standing.state == core::Standing::State::in_doubt && OutsideLock::is_held(schema)) {
    result.state = "running";
    result.detail = "a non-transactional migration is running there";
  }
  return result;
}

}  // namespace tenancy
