// The order of migrations: by version, or after those that a migration says it comes after.
//
// Migrations that say their place form a graph, and stand in an order that respects it; of several that could be next,
// the one with the lowest version is. One more of them behind all others never changes the order of the others. Those
// that do not say their place come behind the graph, each after all before it; repeatable ones come last.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration.h"

namespace tenancy::core {

/// A word of Migration::after: `ae10`, or `(ae10)` for one that it needs without going on with it.
struct Predecessor {
  std::string_view version;
  bool is_only_needed = false;
};
[[nodiscard]] Predecessor predecessor_in(std::string_view word) noexcept;

/// One migration of a set, as far as its place is concerned. `migration` must outlive it.
struct PlacedMigration {
  const std::string* version = nullptr;
  const std::optional<std::vector<std::string>>* after = nullptr;
  bool repeatable = false;
};

/// Where a migration stands, in order.
struct MigrationPlace {
  std::size_t index;  ///< in what was given
  std::string key;    ///< version_key()
};

/// Versions that are not among the migrations are left out of account. Throws Error(bad_order) for a circle, and for
/// one that comes after one that does not say its place.
[[nodiscard]] std::vector<MigrationPlace> order_migrations(std::span<const PlacedMigration> migrations);

/// Orders migrations of several sets: by the name of the set, then as above.
void sort_migrations(std::vector<Migration>& migrations);

/// Throws Error(bad_value) for a place that no migration can have: after itself, after what is no version, and for
/// a repeatable migration, which has none; and what check_required() throws. Branches have names as sets have, `.` and
/// capitals besides.
void check_place(const Migration& migration);

}  // namespace tenancy::core
