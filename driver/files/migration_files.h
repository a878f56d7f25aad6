// The migration files in force: of which folders, for which sets, and everything that is wrong with them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/migration_file.h"
#include "driver/config/settings.h"

namespace tenancy::driver {

/// A folder and what its files are where they do not say it.
struct MigrationFolder {
  std::filesystem::path path{};
  core::FileDefaults defaults{};
};

/// Those of the settings: `migrations`, and that of each of `sets`. With `only`, this folder alone: it is that of a set
/// when the settings say so.
[[nodiscard]] std::vector<MigrationFolder> migration_folders(const Settings& settings,
                                                             const std::optional<std::filesystem::path>& only = {});

/// Something to say about files.
struct Finding {
  enum class Kind { error, warning };
  Kind kind = Kind::error;
  std::string file{};  ///< with its folder; empty: of no one file
  int line = 0;        ///< 0: of no one line
  std::string message{};
  std::string hint{};
};

struct MigrationFiles {
  std::vector<core::Migration> migrations{};  ///< of the files without errors, ordered by set, then version
  std::vector<Finding> findings{};            ///< errors before warnings
  std::size_t files = 0;

  [[nodiscard]] bool has_errors() const noexcept;
};

/// Reads all folders. What is wrong in files is a finding, all of it at once; throws UsageError for folders and files
/// that cannot be read at all.
[[nodiscard]] MigrationFiles read_migration_files(const std::vector<MigrationFolder>& folders);

/// Puts the folder in front of names that are those of migrations.
void name_files(std::vector<Finding>& findings, const std::vector<MigrationFolder>& folders);

/// The migrations of the settings, for an operation without a control database. Throws core::Error for the first error
/// in a file, and UsageError.
[[nodiscard]] std::vector<core::Migration> read_migrations(const Settings& settings);

}  // namespace tenancy::driver
