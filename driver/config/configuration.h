// The settings in force, and where each of them came from.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "driver/config/setting.h"

namespace tenancy::driver {

/// What a command line says: the file and the environment to use, and settings by their keys.
struct GivenFlags {
  std::optional<std::string> config_file{};
  std::optional<std::string> environment{};
  struct Flag {
    std::string key;
    std::string flag;  ///< as people wrote it: "--concurrency"
    std::vector<std::string> items;
  };
  std::vector<Flag> settings{};
};

using Variables = std::function<std::optional<std::string>(const std::string& name)>;

/// The variables of this process; one that is empty counts as absent.
[[nodiscard]] std::optional<std::string> process_variable(const std::string& name);

class Configuration {
 public:
  /// Later ones win: defaults, the file, its section of the environment, TENANCY_* variables, flags. The file is that
  /// of --config, of TENANCY_CONFIG, or the nearest tenancy.toml from `folder` upwards; without one there is none.
  /// Throws UsageError, with file and line, for what it cannot read and for keys that it does not know.
  static Configuration load(const GivenFlags& flags, const Variables& variables, const std::filesystem::path& folder);

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  /// The file that was read; empty: none.
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
  /// The environment in force; empty: none.
  [[nodiscard]] const std::string& environment() const noexcept { return environment_; }

  /// A setting in force. Secrets in `value` are masked.
  struct Entry {
    std::string key;
    std::string value;
    std::string origin;  ///< "default", "tenancy.toml:3", "tenancy.toml:12 [env.prod]", "TENANCY_RUN_AS", "--run-as"
  };
  [[nodiscard]] std::vector<Entry> entries() const;
  /// Did anything but the default say it?
  [[nodiscard]] bool is_given(const std::string& key) const { return origins_.contains(key); }

 private:
  /// `subject` is how an error about the value begins: what people wrote, and where.
  void assign(const std::string& key, const GivenValue& value, const std::string& subject, const std::string& origin);
  void read_file(const std::filesystem::path& folder);
  void read_variables(const Variables& variables);
  void check() const;
  /// Refuses what `check` throws as the setting's.
  template <typename Check>
  void check_as(const std::string& key, Check check) const;
  [[noreturn]] void refuse(const std::string& key, const std::string& message, std::string hint = {}) const;
  [[noreturn]] void refuse_set_name(const std::string& key, const std::string& name) const;

  Settings settings_;
  std::filesystem::path file_;
  std::string environment_;
  std::map<std::string, std::string> origins_;  ///< by key
};

}  // namespace tenancy::driver
