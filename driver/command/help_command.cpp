#include <fmt/core.h>

#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/help.h"
#include "driver/command/manual.h"
#include "driver/config/spelling.h"

namespace tenancy::driver {

namespace {

const Command& find_command(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const Command* const command : commands_of(app)) {
    if (command->get_name() == name) return *command;
    names.push_back(command->get_name());
  }
  std::optional<std::string> const meant = nearest(name, names);
  throw UsageError(full_name(app) + " has no command \"" + name + "\"",
                   meant ? "Did you mean " + *meant + "?" : "Run tenancy to see all of them.");
}

struct HelpArguments {
  std::vector<std::string> names;
  bool as_manual = false;
};

ExitCode show_help(const CLI::App& app, const HelpArguments& arguments) {
  if (arguments.as_manual) {
    fmt::print("{}", manual_page(app));
    return kDone;
  }
  const CLI::App* at = &app;
  for (const std::string& name : arguments.names) at = &find_command(*at, name);
  const auto* const command = dynamic_cast<const Command*>(at);
  fmt::print("{}", command == nullptr ? overview(app) : command_help(*command));
  return kDone;
}

}  // namespace

void add_help(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<HelpArguments>();
  Command& command = add_command(app, {.name = "help",
                                       .group = kOther,
                                       .summary = "Show help on a command",
                                       .examples = {{"tenancy help tenants list", "the same as --help behind it"}}});
  command.add_option("COMMAND", arguments->names, "the command, word by word");
  command.add_flag("--man", arguments->as_manual, "the manual page, for man -l -")->group("");
  set_action(command, context, [&app, arguments] { return show_help(app, *arguments); });
}

}  // namespace tenancy::driver
