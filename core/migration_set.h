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
  std::optional<std::vector<std::string>> after{};  ///< as Migration has it
  std::vector<std::string> branches{};
  std::vector<std::string> required{};  ///< as Migration has it
};

/// Immutable once built; indexes are stable and are what plans hold.
class MigrationSet {
 public:
  /// Sorts: versioned ones in the order of migration_order.h, then repeatable in natural order.
  /// Throws Error(duplicate_version) when two versions, also of a versioned and a repeatable one,
  /// are equal in natural order (`7` and `007`), and Error(bad_order) when one comes after a version that the set does
  /// not have or that does not say its place itself, or after itself.
  MigrationSet(std::string name, std::vector<StoredMigration> migrations);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::size_t size() const noexcept { return migrations_.size(); }
  [[nodiscard]] const StoredMigration& operator[](std::size_t index) const noexcept { return migrations_[index]; }

  /// Indexes [0, versioned_count()) are versioned, the others repeatable.
  [[nodiscard]] std::size_t versioned_count() const noexcept { return versioned_count_; }

  /// Can all of them run inside of a transaction?
  [[nodiscard]] bool is_transactional() const noexcept;

  /// Has any of its migrations variables?
  [[nodiscard]] bool has_variables() const noexcept;

  /// The index of the migration with exactly this version.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view version) const;

  /// The index of the versioned migration whose version is equal in natural order.
  [[nodiscard]] std::optional<std::size_t> find_equal(std::string_view version) const;

  /// Do some of them say what they come after? Then the newest of two is not always behind the other.
  [[nodiscard]] bool has_graph() const noexcept { return !after_.empty(); }

  /// By index of versioned migrations: all that `marked` ones come after, directly or not. Without a graph these are
  /// all older ones. `marked` has versioned_count() elements.
  [[nodiscard]] std::vector<bool> before(const std::vector<bool>& marked) const;

  /// By index: that versioned migration and all that it comes after.
  [[nodiscard]] std::vector<bool> up_to(std::size_t index) const;

  /// By index: all versioned migrations that come after `marked` ones, directly or not.
  [[nodiscard]] std::vector<bool> behind(const std::vector<bool>& marked) const;

  /// What a versioned migration goes on with: without a graph the one before it, in a graph what it comes after, but
  /// for what it only needs.
  [[nodiscard]] std::vector<std::size_t> goes_on_with(std::size_t index) const;

  /// The newest versioned migration that applies to such targets; nothing when there is none.
  [[nodiscard]] std::optional<std::size_t> head(TargetKind kind) const noexcept;

 private:
  void add_place(const StoredMigration& migration);
  [[nodiscard]] std::vector<std::size_t> ends_of_graph() const;

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::string name_;
  std::vector<StoredMigration> migrations_;
  std::size_t versioned_count_ = 0;
  std::vector<std::vector<std::size_t>> after_;         ///< of each that says its place: these stand first
  std::vector<std::vector<std::size_t>> goes_on_with_;  ///< likewise
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> by_version_, by_key_;
};

}  // namespace tenancy::core
