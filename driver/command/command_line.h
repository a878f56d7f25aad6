// How a command is put on the command line: its words, its help, and the settings that it takes as flags.
//
//   void add_status(CLI::App& app, Context& context) {
//     auto const arguments = std::make_shared<StatusArguments>();
//     CLI::App& command = add_command(app, {.name = "status",
//                                           .group = kLook,
//                                           .summary = "Where the tenants stand",
//                                           .details = "Reads the tracking table of each …",
//                                           .examples = {{"tenancy status --behind", "who is not at head"}}});
//     command.add_option("TENANT", arguments->tenant, "this tenant alone");
//     add_setting_flags(command, context, {SettingGroup::json});
//     set_action(command, context, [&context, arguments] { return show_status(context, *arguments); });
//   }
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "driver/command/context.h"

namespace tenancy::driver {

// The groups of commands, in the order of the overview.
inline constexpr const char* kStart = "Start";
inline constexpr const char* kMigrate = "Migrate";
inline constexpr const char* kLook = "Look";
inline constexpr const char* kTenants = "Tenants";
inline constexpr const char* kRuns = "Runs";
inline constexpr const char* kOther = "Other";

struct Example {
  std::string command;
  std::string purpose;  ///< a few words
};

struct CommandWords {
  std::string name;
  std::string group{};    ///< of the overview; not for a command of a command
  std::string summary;    ///< one line, begins with a capital, ends without a stop
  std::string details{};  ///< sentences; paragraphs have an empty line between them
  std::vector<Example> examples{};
};

/// A command of the application, or of a command ("tenants list"). Names of positional arguments are CAPITALS.
class Command : public CLI::App {
 public:
  Command(CLI::App& parent, CommandWords words);

  [[nodiscard]] const CommandWords& words() const noexcept { return words_; }

 private:
  CommandWords words_;
};

/// The parent owns it.
Command& add_command(CLI::App& parent, CommandWords words);

/// What the command does.
void set_action(CLI::App& command, Context& context, Context::Action action);

/// Lets the command take these settings as flags. Those of SettingGroup::connection and color, --config and --env every
/// command takes, in front of its name or behind it.
void add_setting_flags(CLI::App& command, Context& context, std::initializer_list<SettingGroup> groups);

/// --var NAME=VALUE, which is one of SettingGroup::migration.
void add_variable_flag(CLI::App& command, Context& context);

/// The same for single settings, by their keys.
void add_setting_flags(CLI::App& command, Context& context, std::initializer_list<const char*> keys);

}  // namespace tenancy::driver
