#include "driver/command/manual.h"

#include <fmt/format.h>

#include <array>
#include <sstream>
#include <utility>

#include "driver/command/help.h"
#include "driver/config/setting.h"

namespace tenancy::driver {

namespace {

/// Text that roff takes as it is.
std::string literal(std::string_view text) {
  std::string result;
  bool at_line_begin = true;
  for (char const c : text) {
    if (at_line_begin && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
    at_line_begin = c == '\n';
  }
  return result;
}

std::string heading(std::string_view text) { return fmt::format(".SH {}\n", text); }

std::string entry(std::string_view name, std::string_view text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", literal(name), literal(text));
}

/// Empty lines become paragraphs.
std::string paragraphs(std::string_view text) {
  std::string result;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) result += line.empty() ? ".PP\n" : literal(line) + "\n";
  return result;
}

std::string option_entries(const CLI::App& app) {
  std::string text;
  for (OptionKind const kind : {OptionKind::argument, OptionKind::option}) {
    for (const CLI::Option* const option : options_of(app, kind)) {
      text += entry(kind == OptionKind::argument ? option->get_single_name() : option_names(*option),
                    option->get_description());
    }
  }
  return text;
}

std::string example_lines(const std::vector<Example>& examples) {
  if (examples.empty()) return {};
  std::string text = ".PP\nExamples:\n.PP\n.nf\n.RS\n";
  for (const Example& example : examples) {
    text += literal(example.command);
    if (!example.purpose.empty()) text += "   # " + literal(example.purpose);
    text += '\n';
  }
  return text + ".RE\n.fi\n";
}

std::string command_sections(const CLI::App& app) {
  std::string text;
  for (const Command* const command : commands_of(app)) {
    text += fmt::format(".SS {}\n{}.\n", literal(usage(*command)), literal(command->get_description()));
    if (!command->words().details.empty()) text += ".PP\n" + paragraphs(command->words().details);
    text += option_entries(*command) + example_lines(command->words().examples) + command_sections(*command);
  }
  return text;
}

std::string settings() {
  std::string text = heading("SETTINGS");
  text +=
      "Later ones win: defaults, \\fItenancy.toml\\fR here or in a folder above, its section \\fB[env.NAME]\\fR, "
      "variables, flags. \\fBtenancy config\\fR shows what is in force.\n";
  for (const Setting& setting : all_settings()) {
    std::string names = setting.key;
    if (!setting.variable().empty()) names += ", " + setting.variable();
    text += entry(names, setting.description);
  }
  return text;
}

std::string exit_codes() {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> codes{
      {{"0", "done"},
       {"1", "some targets failed, or a server refused what was asked of it"},
       {"2", "wrong arguments, configuration or files"},
       {"3", "stopped early: by a signal, a failure budget, or a run's policy"},
       {"4", "cannot connect, or the connection was lost"}}};
  std::string text = heading("EXIT STATUS");
  for (const auto& [code, meaning] : codes) text += entry(code, meaning);
  return text;
}

}  // namespace

std::string manual_page(const CLI::App& app) {
  std::string text = ".TH TENANCY 1 \"\" \"tenancy " TENANCY_VERSION "\" \"User Commands\"\n";
  text += heading("NAME") + "tenancy \\- migrates a fleet of PostgreSQL tenants to one revision\n";
  text += heading("SYNOPSIS") + ".B " + literal(usage(app)) + "\n";
  text += heading("COMMANDS") + command_sections(app);
  text += heading("OPTIONS OF EVERY COMMAND") + option_entries(app);
  text += settings();
  text += heading("ENVIRONMENT");
  text += entry("TENANCY_CONFIG, TENANCY_ENV", "as --config and --env; the variables of settings stand above");
  text += entry("PGHOST, PGUSER, PGPASSFILE, ...", "as libpq has them, where the connection string does not say it");
  text += entry("NO_COLOR", "no colours");
  text += exit_codes();
  text += heading("SEE ALSO") + ".BR psql (1)\n";
  return text;
}

}  // namespace tenancy::driver
