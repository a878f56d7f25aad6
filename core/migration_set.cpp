#include "core/migration_set.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

struct Keyed {
  std::string key;
  StoredMigration migration;

  friend bool operator<(const Keyed& left, const Keyed& right) noexcept {
    if (left.migration.repeatable != right.migration.repeatable) return right.migration.repeatable;
    return left.key < right.key;
  }
};

std::vector<Keyed> sorted(std::vector<StoredMigration> migrations) {
  std::vector<Keyed> result;
  result.reserve(migrations.size());
  for (StoredMigration& migration : migrations) {
    std::string key = version_key(migration.version);
    result.push_back({std::move(key), std::move(migration)});
  }
  std::sort(result.begin(), result.end());
  return result;
}

[[noreturn]] void refuse_duplicate(const std::string& set, const std::string& first, const std::string& second) {
  const std::string message = first == second
                                  ? "version " + first + " stands twice in set " + set
                                  : "versions " + first + " and " + second + " of set " + set + " are the same version";
  throw Error(ErrorKind::duplicate_version, message, "Give one of them a version of its own.");
}

}  // namespace

MigrationSet::MigrationSet(std::string name, std::vector<StoredMigration> migrations) : name_(std::move(name)) {
  std::vector<Keyed> ordered = sorted(std::move(migrations));
  migrations_.reserve(ordered.size());
  keys_.reserve(ordered.size());
  by_version_.reserve(ordered.size());
  std::unordered_map<std::string_view, std::size_t> by_key;
  by_key.reserve(ordered.size());
  for (std::size_t index = 0; index < ordered.size(); ++index) {
    auto& [key, migration] = ordered[index];
    const auto [twin, is_new] = by_key.try_emplace(keys_.emplace_back(std::move(key)), index);
    if (!is_new) refuse_duplicate(name_, migrations_[twin->second].version, migration.version);
    by_version_.emplace(migration.version, index);
    if (!migration.repeatable) ++versioned_count_;
    migrations_.push_back(std::move(migration));
  }
}

bool MigrationSet::has_variables() const noexcept {
  return std::any_of(migrations_.begin(), migrations_.end(), [](const auto& one) { return one.has_variables; });
}

std::optional<std::size_t> MigrationSet::find(std::string_view version) const {
  const auto found = by_version_.find(version);
  if (found == by_version_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::size_t> MigrationSet::find_equal(std::string_view version) const {
  const auto end = keys_.begin() + static_cast<std::ptrdiff_t>(versioned_count_);
  const std::string key = version_key(version);
  const auto found = std::lower_bound(keys_.begin(), end, key);
  if (found == end || *found != key) return std::nullopt;
  return static_cast<std::size_t>(found - keys_.begin());
}

std::optional<std::size_t> MigrationSet::head(TargetKind kind) const noexcept {
  for (std::size_t index = versioned_count_; index-- > 0;) {
    if (applies_to(migrations_[index].scope, kind)) return index;
  }
  return std::nullopt;
}

}  // namespace tenancy::core
