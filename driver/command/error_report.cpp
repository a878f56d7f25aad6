#include "driver/command/error_report.h"

#include <fmt/format.h>

#include <vector>

#include "core/error.h"
#include "core/message.h"
#include "driver/command/failure.h"
#include "driver/command/help.h"
#include "driver/command/run_call.h"
#include "driver/config/spelling.h"
#include "driver/connection/server_error.h"

namespace tenancy::driver {

namespace {

constexpr std::string_view kUndefinedFunction = "42883";
constexpr std::string_view kUndefinedSchema = "3F000";
constexpr std::string_view kUndefinedTable = "42P01";

std::string lines(const std::string& message, const std::string& hint) {
  return fmt::format("tenancy: {}\n{}", message, hint.empty() ? "" : "  hint: " + hint + "\n");
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* const option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const Command* const command : commands_of(app)) names.push_back(command->get_name());
  return names;
}

std::string describe_unknown_word(const CLI::App& app, std::string word) {
  const CLI::App& command = innermost(app);
  if (word.starts_with("-") && word != "-") {
    word = word.substr(0, word.find('='));
    std::optional<std::string> const meant = nearest(word, flags_of(command));
    return lines(fmt::format("{} does not know the option {}", full_name(command), core::quoted_text(word)),
                 meant ? "Did you mean " + *meant + "?" : "Run " + full_name(command) + " --help to see its options.");
  }
  if (commands_of(command).empty()) {
    return lines(fmt::format("{} does not take the argument {}", full_name(command), core::quoted_text(word)),
                 "It is used so: " + usage(command));
  }
  std::optional<std::string> const meant = nearest(word, command_names(command));
  return lines(fmt::format("{} has no command {}", full_name(command), core::quoted_text(word)),
               meant ? fmt::format("Did you mean {} {}?", full_name(command), *meant)
                     : fmt::format("Run {}{} to see all of them.", full_name(command),
                                   command.get_parent() == nullptr ? "" : " --help"));
}

std::string hint_of(const ServerReport& report) {
  bool const names_tenancy = report.message.find("tenancy") != std::string::npos;
  bool const is_undefined = report.sqlstate == kUndefinedFunction || report.sqlstate == kUndefinedSchema ||
                            report.sqlstate == kUndefinedTable;
  if (!names_tenancy || !is_undefined) return in_commands(report.hint);
  return "This database has no extension tenancy, or an older one: run CREATE EXTENSION tenancy there, name another "
         "database with --database, or work without it with --standalone.";
}

ErrorReport describe_server_error(const ServerError& error) {
  const ServerReport& report = error.report();
  std::string text = "tenancy: " + report.message;
  if (!report.sqlstate.empty()) text += " (" + report.sqlstate + ")";
  text += '\n';
  if (!report.detail.empty()) text += "  detail: " + report.detail + '\n';
  if (std::string const hint = hint_of(report); !hint.empty()) text += "  hint: " + hint + '\n';
  bool const no_session = error.kind() == ServerError::Kind::unreached || error.kind() == ServerError::Kind::lost;
  return {no_session ? kCannotConnect : kTargetsFailed, std::move(text)};
}

}  // namespace

bool has_unknown_words(const CLI::App& app) { return !app.remaining(true).empty(); }

std::string describe_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  std::vector<std::string> const unknown = app.remaining(true);
  if (!unknown.empty()) return describe_unknown_word(app, unknown.front());
  const CLI::App& command = innermost(app);
  return lines(error.what(), "Run " + full_name(command) + " --help to see how it is used.");
}

ErrorReport describe_error(const std::exception& error) {
  if (const auto* const failure = dynamic_cast<const Failure*>(&error)) {
    return {failure->exit_code(), lines(failure->what(), failure->hint())};
  }
  if (const auto* const server = dynamic_cast<const ServerError*>(&error)) return describe_server_error(*server);
  if (const auto* const rule = dynamic_cast<const core::Error*>(&error)) {
    return {kUsage, lines(rule->located_message(), rule->hint())};
  }
  return {kUsage, lines(error.what(), {})};
}

}  // namespace tenancy::driver
