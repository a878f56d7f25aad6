#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"

namespace tenancy::driver {

namespace {

void print_json(const Configuration& configuration) {
  boost::json::array settings;
  for (const Configuration::Entry& entry : configuration.entries()) {
    settings.push_back({{"key", entry.key}, {"value", entry.value}, {"origin", entry.origin}});
  }
  boost::json::object object;
  object["file"] = configuration.file().empty() ? boost::json::value() : configuration.file().c_str();
  object["environment"] =
      configuration.environment().empty() ? boost::json::value() : configuration.environment().c_str();
  object["settings"] = std::move(settings);
  fmt::print("{}\n", boost::json::serialize(object));
}

void print_table(const Configuration& configuration) {
  std::vector<Configuration::Entry> const entries = configuration.entries();
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (const Configuration::Entry& entry : entries) {
    key_width = std::max(key_width, entry.key.size());
    value_width = std::max(value_width, std::min<std::size_t>(entry.value.size(), 40));
  }
  fmt::print("file         {}\n", configuration.file().empty() ? "none" : configuration.file().string());
  fmt::print("environment  {}\n\n", configuration.environment().empty() ? "none" : configuration.environment());
  for (const Configuration::Entry& entry : entries) {
    fmt::print("{:{}}  {:{}}  {}\n", entry.key, key_width, entry.value, value_width, entry.origin);
  }
}

ExitCode show_configuration(Context& context) {
  const Configuration& configuration = context.configuration();
  if (configuration.settings().output.json) {
    print_json(configuration);
  } else {
    print_table(configuration);
  }
  return kDone;
}

}  // namespace

void add_config(CLI::App& app, Context& context) {
  Command& command = add_command(
      app, {.name = "config",
            .group = kOther,
            .summary = "Show the settings in force, and where each one came from",
            .details = "Later ones win: defaults, tenancy.toml, its section [env.NAME], variables TENANCY_*, flags. "
                       "Passwords are not shown.",
            .examples = {{"tenancy config", "what is in force here"}, {"tenancy config --env prod", "and there"}}});
  add_setting_flags(command, context,
                    {SettingGroup::files, SettingGroup::fan_out, SettingGroup::migration, SettingGroup::standalone,
                     SettingGroup::json, SettingGroup::report});
  set_action(command, context, [&context] { return show_configuration(context); });
}

}  // namespace tenancy::driver
