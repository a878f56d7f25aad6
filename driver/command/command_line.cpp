#include "driver/command/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/variables.h"

namespace tenancy::driver {

namespace {

/// What it is for, and its default, where that says something.
std::string description_of(const Setting& setting) {
  std::string const value = setting.kind == ValueKind::truth ? "" : setting.text(Settings{}, {});
  return value.empty() ? setting.description : fmt::format("{} [{}]", setting.description, value);
}

/// "-c,--concurrency" → "--concurrency".
std::string long_flag(const Setting& setting) { return setting.flag.substr(setting.flag.find("--")); }

void add_setting_flag(CLI::App& command, Context& context, const Setting& setting) {
  auto const note = [&context, key = setting.key, flag = long_flag(setting)](const std::vector<std::string>& items) {
    context.flags().settings.push_back({key, flag, items});
  };
  if (setting.kind == ValueKind::truth) {
    command.add_flag_function(
        setting.flag, [note](std::int64_t count) { note({count > 0 ? "true" : "false"}); }, setting.description);
    return;
  }
  auto* const option =
      command.add_option_function<std::vector<std::string>>(setting.flag, note, description_of(setting));
  option->type_name(setting.value_name)->allow_extra_args(false);
  if (setting.kind != ValueKind::list) option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

}  // namespace

Command::Command(CLI::App& parent, CommandWords words)
    : CLI::App(words.summary, words.name, &parent), words_(std::move(words)) {
  group(words_.group.empty() ? "Commands" : words_.group);
  fallthrough();
  // A word behind a command is its argument, also when it is the name of another command.
  require_subcommand(0, 1);
  set_help_flag("-h,--help", "show this help");
}

Command& add_command(CLI::App& parent, CommandWords words) {
  auto const command = std::make_shared<Command>(parent, std::move(words));
  parent.add_subcommand(command);
  return *command;
}

void set_action(CLI::App& command, Context& context, Context::Action action) {
  command.callback([&context, action = std::move(action)] { context.choose(action); });
}

void add_variable_flag(CLI::App& command, Context& context) {
  auto const note = [&context](const std::vector<std::string>& items) {
    for (const std::string& item : items) {
      std::pair<std::string, std::string> const assignment = core::parse_assignment(item);
      context.flags().settings.push_back({std::string(kVariableKeys) + assignment.first, "--var", {assignment.second}});
    }
  };
  command
      .add_option_function<std::vector<std::string>>("--var", note,
                                                     "a variable in migrations and its value; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& item) {
        bool const is_assignment = item.find('=') != std::string::npos && !item.starts_with('=');
        return is_assignment ? std::string() : "write NAME=VALUE";
      });
}

void add_setting_flags(CLI::App& command, Context& context, std::initializer_list<SettingGroup> groups) {
  for (const Setting& setting : all_settings()) {
    bool const wanted = std::find(groups.begin(), groups.end(), setting.group) != groups.end();
    if (wanted && !setting.flag.empty()) add_setting_flag(command, context, setting);
  }
  if (std::find(groups.begin(), groups.end(), SettingGroup::migration) != groups.end()) {
    add_variable_flag(command, context);
  }
}

void add_setting_flags(CLI::App& command, Context& context, std::initializer_list<const char*> keys) {
  for (const char* const key : keys) add_setting_flag(command, context, *find_setting(key));
}

}  // namespace tenancy::driver
