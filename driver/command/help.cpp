#include "driver/command/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace tenancy::driver {

namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 30;  // where descriptions of options begin

/// Letters, not bytes: the texts are UTF-8.
std::size_t letters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

/// A name and what it is for, in two columns; a name that is too wide has a line of its own.
std::string two_columns(const std::string& name, const std::string& purpose, std::size_t column) {
  std::string line = "  " + name;
  if (letters(line) + 2 > column) {
    line += '\n' + std::string(column, ' ');
  } else {
    line.append(column - letters(line), ' ');
  }
  return line + wrapped(purpose, kWidth - column, column) + '\n';
}

std::string option_lines(const CLI::App& app, OptionKind kind, const std::string& heading) {
  std::vector<const CLI::Option*> const options = options_of(app, kind);
  if (options.empty()) return {};
  std::string text = '\n' + heading + ":\n";
  for (const CLI::Option* const option : options) {
    std::string names = kind == OptionKind::argument ? option->get_single_name() : option_names(*option);
    if (names.starts_with("--")) names.insert(0, "    ");
    text += two_columns(names, option->get_description(), kColumn);
  }
  return text;
}

std::string command_lines(const CLI::App& app) {
  std::size_t width = 0;
  for (const Command* const command : commands_of(app)) width = std::max(width, command->get_name().size());
  std::string text;
  std::string group;
  for (const Command* const command : commands_of(app)) {
    if (command->get_group() != group) {
      group = command->get_group();
      text += fmt::format("\n{}:\n", group);
    }
    text += two_columns(command->get_name(), command->get_description(), width + 4);
  }
  return text;
}

std::string example_lines(const std::vector<Example>& examples) {
  if (examples.empty()) return {};
  std::size_t width = 0;
  for (const Example& example : examples) width = std::max(width, letters(example.command));
  std::string text = "\nExamples:\n";
  for (const Example& example : examples) {
    text += "  " + example.command;
    if (!example.purpose.empty()) {
      text += std::string(width - letters(example.command), ' ') + "  # " + example.purpose;
    }
    text += '\n';
  }
  return text;
}

const CLI::App& root_of(const CLI::App& app) { return app.get_parent() == nullptr ? app : root_of(*app.get_parent()); }

}  // namespace

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string result;
  std::istringstream lines{std::string(text)};
  bool first_line = true;
  for (std::string line; std::getline(lines, line);) {
    if (!first_line) result += '\n' + (line.empty() ? "" : std::string(indent, ' '));
    first_line = false;
    std::istringstream words(line);
    std::size_t used = 0;
    for (std::string word; words >> word;) {
      if (used > 0 && used + 1 + letters(word) > width) {
        result += '\n' + std::string(indent, ' ');
        used = 0;
      }
      if (used > 0) result += ' ';
      result += word;
      used += letters(word) + (used > 0 ? 1 : 0);
    }
  }
  return result;
}

std::vector<const Command*> commands_of(const CLI::App& app) {
  std::vector<const Command*> commands;
  for (const CLI::App* const sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (const auto* const command = dynamic_cast<const Command*>(sub)) commands.push_back(command);
  }
  return commands;
}

std::string full_name(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : full_name(*command.get_parent()) + " " + command.get_name();
}

std::string usage(const CLI::App& command) {
  std::string text = full_name(command);
  if (!commands_of(command).empty()) return text + " COMMAND [ARGUMENT]... [OPTION]...";
  for (const CLI::Option* const argument : options_of(command, OptionKind::argument)) {
    std::string name = argument->get_single_name();
    if (argument->get_items_expected_max() > 1) name += "...";
    text += argument->get_required() ? " " + name : " [" + name + "]";
  }
  return text + " [OPTION]...";
}

std::vector<const CLI::Option*> options_of(const CLI::App& command, OptionKind kind) {
  return command.get_options([&](const CLI::Option* option) {
    bool const hidden = option->get_group().empty() || option == command.get_help_ptr();
    return !hidden && option->get_positional() == (kind == OptionKind::argument);
  });
}

std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += fmt::format("{}-{}", names.empty() ? "" : ", ", name);
  for (const std::string& name : option.get_lnames()) names += fmt::format("{}--{}", names.empty() ? "" : ", ", name);
  bool const takes_value = option.get_items_expected_max() > 0;
  return takes_value ? names + " " + option.get_type_name() : names;
}

const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.front());
}

std::string overview(const CLI::App& app) {
  std::string text = fmt::format("{}\n\nUsage: {}\n", app.get_description(), usage(app));
  text += command_lines(app);
  text += option_lines(app, OptionKind::option, "Options of every command");
  text += "\nEach command has help with examples: tenancy COMMAND --help\n";
  return text;
}

std::string command_help(const Command& command) {
  std::string text = fmt::format("{}.\n\nUsage: {}\n", command.get_description(), usage(command));
  if (!command.words().details.empty()) text += '\n' + wrapped(command.words().details, kWidth) + '\n';
  text += command_lines(command);
  text += option_lines(command, OptionKind::argument, "Arguments");
  text += option_lines(command, OptionKind::option, "Options");
  text += option_lines(root_of(command), OptionKind::option, "Options of every command");
  return text + example_lines(command.words().examples);
}

}  // namespace tenancy::driver
