// A migration set as the planner needs it: every migration's identity and flags, ordered, without the SQL.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/migration.h"

namespace tenancy::core {

/// A stored migration without its SQL.
struct StoredMigration {
  std::string version;
  std::string description;
  std::string checksum;  ///< of the up SQL; compared as a string
  Scope scope = Scope::tenant;
  bool transactional = true;
  bool repeatable = false;
  bool reversible = true;
  bool has_variables = false;
};

/// Immutable once built; indexes are stable and are what plans hold.
class MigrationSet {
 public:
  /// Sorts: versioned in natural order, then repeatable in natural order.
  /// Throws Error(duplicate_version) when two versions, also of a versioned and a repeatable one,
  /// are equal in natural order (`7` and `007`).
  MigrationSet(std::string name, std::vector<StoredMigration> migrations);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::size_t size() const noexcept { return migrations_.size(); }
  [[nodiscard]] const StoredMigration& operator[](std::size_t index) const noexcept { return migrations_[index]; }

  /// Indexes [0, versioned_count()) are versioned, the others repeatable.
  [[nodiscard]] std::size_t versioned_count() const noexcept { return versioned_count_; }

  /// Has any of its migrations variables?
  [[nodiscard]] bool has_variables() const noexcept;

  /// The index of the migration with exactly this version.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view version) const;

  /// The index of the versioned migration whose version is equal in natural order.
  [[nodiscard]] std::optional<std::size_t> find_equal(std::string_view version) const;

  /// The newest versioned migration that applies to such targets; nothing when there is none.
  [[nodiscard]] std::optional<std::size_t> head(TargetKind kind) const noexcept;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::string name_;
  std::vector<StoredMigration> migrations_;
  std::vector<std::string> keys_;  ///< version_key() of each
  std::size_t versioned_count_ = 0;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> by_version_;
};

}  // namespace tenancy::core
