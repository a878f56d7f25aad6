// A folder of migration files, read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration_file.h"

namespace tenancy::driver {

/// Files that are larger are a slip: a dump, an archive.
inline constexpr std::uintmax_t kLargestFile = 64 * 1024 * 1024;

struct SourceFolder {
  std::vector<core::SourceFile>
      files{};                         ///< migration files by their names, `/` between folders, in the order of names
  std::vector<std::string> ignored{};  ///< names that look like a migration's and are none, such as 001_a.SQL
};

/// Reads a folder and the folders in it, but neither hidden ones nor those in `except`; links are followed. Throws
/// UsageError for a folder that is not there, and for what cannot be read, is too large or links in a circle.
[[nodiscard]] SourceFolder read_source_folder(const std::filesystem::path& folder,
                                              std::span<const std::filesystem::path> except = {});

/// Writes a file that is not there yet, and the folders that it needs. Throws UsageError.
void write_new_file(const std::filesystem::path& path, std::string_view text);

}  // namespace tenancy::driver
