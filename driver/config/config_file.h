// The configuration file, tenancy.toml.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "driver/config/setting.h"

namespace tenancy::driver {

inline constexpr const char* kConfigFileName = "tenancy.toml";

struct FileEntry {
  std::string environment;  ///< of [env.NAME]; empty: for all
  std::string key;          ///< "concurrency", "standalone.query"
  GivenValue value;
  int line = 0;
};

struct ConfigFile {
  std::string name;                ///< as people know it: relative to the current folder
  std::vector<FileEntry> entries;  ///< of known keys
  std::vector<std::string> environments;
};

/// The nearest tenancy.toml from `folder` upwards.
[[nodiscard]] std::optional<std::filesystem::path> find_config_file(const std::filesystem::path& folder);

/// Reads `path`, which messages call `name`; relative paths in it begin at the folder of `name`. Throws UsageError for
/// a file that is no TOML, and for keys that are none, with the line and the nearest key.
[[nodiscard]] ConfigFile read_config_file(const std::filesystem::path& path, const std::string& name);

}  // namespace tenancy::driver
