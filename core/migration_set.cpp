#include "core/migration_set.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "core/migration_order.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

[[noreturn]] void refuse_duplicate(const std::string& set, const std::string& first, const std::string& second) {
  const std::string message = first == second
                                  ? "version " + first + " stands twice in set " + set
                                  : "versions " + first + " and " + second + " of set " + set + " are the same version";
  throw Error(ErrorKind::duplicate_version, message, "Give one of them a version of its own.");
}

}  // namespace

MigrationSet::MigrationSet(std::string name, std::vector<StoredMigration> migrations) : name_(std::move(name)) {
  std::vector<PlacedMigration> placed;
  placed.reserve(migrations.size());
  for (const StoredMigration& one : migrations) placed.push_back({&one.version, &one.after, one.repeatable});
  std::vector<MigrationPlace> places = order_migrations(placed);

  migrations_.reserve(places.size());
  by_version_.reserve(places.size());
  by_key_.reserve(places.size());
  for (auto& [from, key] : places) {
    StoredMigration& migration = migrations[from];
    const std::size_t index = migrations_.size();
    const auto [twin, is_new] = by_key_.try_emplace(std::move(key), index);
    if (!is_new) refuse_duplicate(name_, migrations_[twin->second].version, migration.version);
    by_version_.emplace(migration.version, index);
    if (!migration.repeatable) ++versioned_count_;
    if (!migration.repeatable && migration.after) add_place(migration);
    migrations_.push_back(std::move(migration));
  }
}

bool MigrationSet::is_transactional() const noexcept {
  return std::all_of(migrations_.begin(), migrations_.end(), [](const auto& one) { return one.transactional; });
}

bool MigrationSet::has_variables() const noexcept {
  return std::any_of(migrations_.begin(), migrations_.end(), [](const auto& one) { return one.has_variables; });
}

/// What stands before it is there already, in the order of the set.
void MigrationSet::add_place(const StoredMigration& migration) {
  std::vector<std::size_t> after;
  std::vector<std::size_t> goes_on_with;
  for (const std::string& word : *migration.after) {
    const Predecessor earlier = predecessor_in(word);
    const std::optional<std::size_t> index = find(earlier.version);
    if (!index || migrations_[*index].repeatable) {
      throw Error(ErrorKind::bad_order,
                  "migration " + migration.version + " of set " + name_ + " comes after " +
                      quoted_text(earlier.version) + ", which the set does not have",
                  "Load that one too, and before it, or mend the option MIGRATION_AFTER.");
    }
    after.push_back(*index);
    if (!earlier.is_only_needed) goes_on_with.push_back(*index);
  }
  after_.push_back(std::move(after));
  goes_on_with_.push_back(std::move(goes_on_with));
}

std::optional<std::size_t> MigrationSet::find(std::string_view version) const {
  const auto found = by_version_.find(version);
  if (found == by_version_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::size_t> MigrationSet::find_equal(std::string_view version) const {
  const auto found = by_key_.find(version_key(version));
  if (found == by_key_.end() || found->second >= versioned_count_) return std::nullopt;
  return found->second;
}

std::vector<bool> MigrationSet::before(const std::vector<bool>& marked) const {
  std::vector<bool> result(versioned_count_);
  for (std::size_t index = versioned_count_; index-- > 0;) {
    if (!marked[index] && !result[index]) continue;
    if (index >= after_.size()) {
      std::fill_n(result.begin(), index, true);
      break;
    }
    for (const std::size_t earlier : after_[index]) result[earlier] = true;
  }
  return result;
}

std::vector<bool> MigrationSet::up_to(std::size_t index) const {
  std::vector<bool> marked(versioned_count_);
  marked[index] = true;
  std::vector<bool> result = before(marked);
  result[index] = true;
  return result;
}

std::vector<bool> MigrationSet::behind(const std::vector<bool>& marked) const {
  std::vector<bool> result(versioned_count_);
  bool has_begun = false;
  for (std::size_t index = 0; index < versioned_count_; ++index) {
    result[index] = index >= after_.size()
                        ? has_begun
                        : std::any_of(after_[index].begin(), after_[index].end(),
                                      [&](std::size_t earlier) { return marked[earlier] || result[earlier]; });
    has_begun = has_begun || marked[index];
  }
  return result;
}

std::vector<std::size_t> MigrationSet::goes_on_with(std::size_t index) const {
  if (index < goes_on_with_.size()) return goes_on_with_[index];
  if (index > goes_on_with_.size()) return {index - 1};
  return ends_of_graph();
}

std::vector<std::size_t> MigrationSet::ends_of_graph() const {
  std::vector<bool> goes_on(goes_on_with_.size());
  for (const std::vector<std::size_t>& earlier : goes_on_with_) {
    for (const std::size_t index : earlier) goes_on[index] = true;
  }
  std::vector<std::size_t> ends;
  for (std::size_t index = 0; index < goes_on.size(); ++index) {
    if (!goes_on[index]) ends.push_back(index);
  }
  return ends;
}

std::optional<std::size_t> MigrationSet::head(TargetKind kind) const noexcept {
  for (std::size_t index = versioned_count_; index-- > 0;) {
    if (applies_to(migrations_[index].scope, kind)) return index;
  }
  return std::nullopt;
}

}  // namespace tenancy::core
