// The files of a migration that is yet to be written.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration.h"
#include "driver/files/migration_files.h"

namespace tenancy::driver {

/// How a migration lies in files: one with two sections, an up and a down file, or a folder with these.
enum class FileLayout { file, pair, folder };

/// "file", "pair" or "folder"; throws UsageError.
[[nodiscard]] FileLayout parse_file_layout(std::string_view text);

struct NewMigration {
  std::string words;                           ///< "add invoices" or "add_invoices"
  std::optional<core::Scope> scope{};          ///< nothing: that of the folder
  std::optional<std::string> migration_set{};  ///< nothing: that of the folder
  std::optional<FileLayout> layout{};          ///< nothing: as the newest migration lies there
};

/// Writes the files of a migration behind all that the folder has, and returns their paths. `now` is YYYYMMDDhhmmss in
/// UTC. Throws UsageError.
std::vector<std::filesystem::path> write_new_migration(const MigrationFolder& folder, const NewMigration& wanted,
                                                       std::string_view now);

}  // namespace tenancy::driver
