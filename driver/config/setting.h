// The list of settings: how each one is called in files, variables and flags, and how its text becomes a value.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver/config/settings.h"

namespace tenancy::driver {

/// Which flags belong together, so that a command can take them as one.
enum class SettingGroup { connection, files, fan_out, migration, standalone, json, report, color, file_only };

/// How a configuration file spells a value.
enum class ValueKind { text, number, duration, truth, list };

/// A value as it was given, and the folder that a relative path in it begins at.
struct GivenValue {
  std::vector<std::string> items{};  ///< one, but for lists
  std::filesystem::path base{};
};

struct Setting {
  std::string key;  ///< "concurrency", "standalone.query"; "sets.*.folder" is a family of them
  SettingGroup group;
  ValueKind kind;
  std::string flag;        ///< "--concurrency", as CLI11 takes it; empty: none
  std::string value_name;  ///< "N"; empty for a switch
  std::string description;
  /// `name` is what stands for the `*`. Throws std::exception, whose text says what is wrong with the value.
  std::function<void(Settings&, const std::string& name, const GivenValue&)> assign;
  std::function<std::string(const Settings&, const std::string& name)> text;
  bool is_secret = false;  ///< a conninfo, whose passwords are never shown

  [[nodiscard]] bool is_family() const noexcept { return key.find('*') != std::string::npos; }
  /// "TENANCY_STANDALONE_QUERY"; empty for a family.
  [[nodiscard]] std::string variable() const;
};

/// What a variable's name stands behind in its key.
inline constexpr std::string_view kVariableKeys = "variables.";

/// All of them, in the order of the reference.
[[nodiscard]] std::span<const Setting> all_settings();

/// The setting of that key, whose `*` any name stands for: "sets.billing.folder". Nullptr when there is none.
[[nodiscard]] const Setting* find_setting(std::string_view key, std::string* name = nullptr);

}  // namespace tenancy::driver
