// Migrations into the store of the control database.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "core/migration.h"
#include "driver/connection/connection.h"
#include "driver/files/migration_files.h"

namespace tenancy::driver {

struct LoadedMigration {
  enum class Action { added, updated, unchanged, refused, missing_file };
  std::string set{};
  std::string version{};
  std::string description{};
  std::string filename{};
  Action action = Action::unchanged;
  std::string note{};
};

[[nodiscard]] std::string_view to_string(LoadedMigration::Action action) noexcept;

struct LoadResult {
  std::vector<LoadedMigration>
      migrations{};                 ///< as they were given; behind them what is stored and has no file any more
  std::vector<Finding> findings{};  ///< what the server refused, and down SQL that it cannot run
  bool is_stored = false;

  [[nodiscard]] std::size_t count(LoadedMigration::Action action) const noexcept;
};

/// Stores all or nothing, in one transaction: when any is refused, or when `keep` is false, it is rolled back. A
/// migration whose down SQL the server cannot parse is stored as irreversible. Throws ServerError.
[[nodiscard]] boost::asio::awaitable<LoadResult> load_migrations(Connection& connection,
                                                                 std::vector<core::Migration> migrations, bool keep,
                                                                 Deadline deadline);

}  // namespace tenancy::driver
