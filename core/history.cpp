#include "core/history.h"

#include <algorithm>

#include "core/message.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

/// "migration 003 was", "migrations 003, 004 were".
std::string migrations_were(std::span<const std::string_view> versions) {
  return versions.size() == 1 ? "migration " + listed(versions) + " was" : "migrations " + listed(versions) + " were";
}

/// Messages keep the order of versions, whatever the order of the rows.
void sort_versions(std::vector<std::string_view>& versions) {
  if (versions.size() < 2) return;
  std::sort(versions.begin(), versions.end(),
            [](std::string_view a, std::string_view b) { return compare_versions(a, b) < 0; });
}

}  // namespace

History::History(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied, InDoubt in_doubt)
    : set_(set), kind_(kind), when_in_doubt_(in_doubt), marks_(set.size(), Mark::absent) {
  for (const AppliedMigration& row : applied) record(row);
  for (auto* versions : {&in_doubt_, &unknown_, &foreign_, &mismatched_}) sort_versions(*versions);
}

void History::record(const AppliedMigration& row) {
  const std::optional<std::size_t> index = set_.find(row.version);
  if (row.in_doubt && index && may_retry(row, *index)) {
    marks_[*index] = Mark::in_doubt;
  } else if (row.in_doubt) {
    in_doubt_.push_back(row.version);
  } else if (!index) {
    unknown_.push_back(row.version);
  } else if (!applies_to(set_[*index].scope, kind_)) {
    foreign_.push_back(row.version);
  } else {
    const bool changed = row.checksum != set_[*index].checksum;
    marks_[*index] = changed ? Mark::changed : Mark::applied;
    if (set_[*index].repeatable) return;
    if (changed) mismatched_.push_back(row.version);
    newest_ = std::max(newest_.value_or(0), *index);
  }
}

/// A repeatable migration is retried with the text that it has now.
bool History::may_retry(const AppliedMigration& row, std::size_t index) const {
  const StoredMigration& migration = set_[index];
  return when_in_doubt_ == InDoubt::retry && !migration.transactional && applies_to(migration.scope, kind_) &&
         (migration.repeatable || row.checksum == migration.checksum);
}

bool History::is_pending(std::size_t index) const noexcept {
  const StoredMigration& migration = set_[index];
  if (!applies_to(migration.scope, kind_)) return false;
  return !is_applied(index) || (migration.repeatable && is_changed(index));
}

std::string History::revision(std::optional<std::size_t> index) const { return index ? set_[*index].version : "base"; }

Flaw History::interrupted(std::span<const std::string_view> versions) const {
  const std::string retry =
      when_in_doubt_ == InDoubt::retry ? "" : "CALL tenancy.rollout() goes on with it where that is safe. Otherwise: ";
  return {ErrorKind::in_doubt, migrations_were(versions) + " interrupted, and may be applied in part",
          retry + (retry.empty() ? "L" : "l") +
              "ook at what the migration did, then call tenancy.resolve(schema, version, 'applied') or "
              "tenancy.resolve(schema, version, 'pending')."};
}

std::vector<Flaw> History::flaws() const {
  std::vector<Flaw> flaws;
  if (!in_doubt_.empty()) flaws.push_back(interrupted(in_doubt_));
  if (!unknown_.empty()) {
    flaws.push_back({ErrorKind::unknown_applied,
                     migrations_were(unknown_) + " applied, but set " + set_.name() + " does not have " +
                         (unknown_.size() == 1 ? "it" : "them"),
                     "Load the migration files of the release that this target was migrated with."});
  }
  if (!foreign_.empty()) {
    const std::string target = kind_ == TargetKind::shared ? "the public schema" : "a tenant's schema";
    flaws.push_back({ErrorKind::unknown_applied,
                     migrations_were(foreign_) + " applied, but " + (foreign_.size() == 1 ? "its" : "their") +
                         " scope is " +
                         std::string{to_string(kind_ == TargetKind::shared ? Scope::tenant : Scope::shared)} +
                         " and this is " + target,
                     "Put the scope back that the migration had when it was applied."});
  }
  if (!mismatched_.empty()) {
    flaws.push_back({ErrorKind::checksum_mismatch,
                     migrations_were(mismatched_) + " applied with another text (checksum differs)",
                     "Put the applied text back, or add the change as a new migration."});
  }
  return flaws;
}

void History::check() const {
  if (in_doubt_.empty() && unknown_.empty() && foreign_.empty() && mismatched_.empty()) return;
  const Flaw flaw = flaws().front();
  throw Error(flaw.kind, flaw.message, flaw.hint);
}

void History::require_retried(std::span<const Step> steps) const {
  std::vector<std::string_view> left;
  for (std::size_t index = 0; index < marks_.size(); ++index) {
    if (!is_in_doubt(index)) continue;
    const bool retried =
        std::any_of(steps.begin(), steps.end(), [&](const Step& step) { return step.migration == index; });
    if (!retried) left.push_back(set_[index].version);
  }
  if (left.empty()) return;
  const Flaw flaw = interrupted(left);
  throw Error(flaw.kind, flaw.message, flaw.hint);
}

}  // namespace tenancy::core
