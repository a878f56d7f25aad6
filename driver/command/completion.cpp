#include "driver/command/completion.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <functional>
#include <memory>

#include "core/message.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/help.h"

namespace tenancy::driver {

namespace {

/// A command, or the application, with the words that lead to it: "tenancy tenants".
using Visit = std::function<void(const CLI::App& app, const std::string& path)>;

void walk(const CLI::App& app, const Visit& visit) {
  visit(app, full_name(app));
  for (const Command* const command : commands_of(app)) walk(*command, visit);
}

const CLI::App& root_of(const CLI::App& app) { return app.get_parent() == nullptr ? app : root_of(*app.get_parent()); }

/// A word that may stand behind a command.
struct Word {
  std::string text;
  std::string purpose;
};

void append_options(const CLI::App& app, std::vector<Word>& words) {
  for (const CLI::Option* const option : options_of(app, OptionKind::option)) {
    for (const std::string& name : option->get_lnames()) words.push_back({"--" + name, option->get_description()});
  }
}

std::vector<Word> words_behind(const CLI::App& app) {
  std::vector<Word> words;
  for (const Command* const command : commands_of(app)) {
    words.push_back({command->get_name(), command->get_description()});
  }
  append_options(app, words);
  if (app.get_parent() != nullptr) append_options(root_of(app), words);
  words.push_back({"--help", "show this help"});
  return words;
}

std::string shell_word(std::string_view text) {
  std::string result = "'";
  for (char const c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// The lines of a `case` that follow the words of the command line from command to command.
std::string follow_lines(const CLI::App& root) {
  std::string lines;
  walk(root, [&](const CLI::App& app, const std::string& path) {
    if (app.get_parent() != nullptr) lines += fmt::format("      '{}') at='{}' ;;\n", path, path);
  });
  return lines;
}

std::string bash_script(const CLI::App& root) {
  std::string words;
  walk(root, [&](const CLI::App& app, const std::string& path) {
    std::string list;
    for (const Word& word : words_behind(app)) list += (list.empty() ? "" : " ") + word.text;
    words += fmt::format("    '{}') words='{}' ;;\n", path, list);
  });
  return fmt::format(R"(# bash completion of tenancy
_tenancy() {{
  local word words at=tenancy
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$at $word" in
{}    esac
  done
  case "$at" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _tenancy tenancy
)",
                     follow_lines(root), words);
}

std::string zsh_script(const CLI::App& root) {
  std::string words;
  walk(root, [&](const CLI::App& app, const std::string& path) {
    words += fmt::format("    '{}') found=(\n", path);
    for (const Word& word : words_behind(app)) words += "      " + shell_word(word.text + ":" + word.purpose) + "\n";
    words += "    ) ;;\n";
  });
  return fmt::format(R"(#compdef tenancy
_tenancy() {{
  local word at=tenancy
  local -a found
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$at $word" in
{}    esac
  done
  case "$at" in
{}  esac
  _describe tenancy found
  _files
}}
if [ "$funcstack[1]" = _tenancy ]; then _tenancy "$@"; else compdef _tenancy tenancy; fi
)",
                     follow_lines(root), words);
}

std::string fish_script(const CLI::App& root) {
  std::string script = fmt::format(R"(# fish completion of tenancy
function __tenancy_at
  set -l at tenancy
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
)");
  std::string lines;
  walk(root, [&](const CLI::App& app, const std::string& path) {
    if (app.get_parent() != nullptr) script += fmt::format("      case '{}'\n        set at '{}'\n", path, path);
    for (const Word& word : words_behind(app)) {
      bool const is_option = word.text.starts_with("--");
      lines += fmt::format("complete -c tenancy -n 'test (__tenancy_at) = \"{}\"' {} {} -d {}\n", path,
                           is_option ? "-l" : "-f -a", is_option ? word.text.substr(2) : word.text,
                           shell_word(word.purpose));
    }
  });
  return script + "    end\n  end\n  echo $at\nend\n" + lines;
}

}  // namespace

std::string completion_script(const CLI::App& app, std::string_view shell) {
  if (shell == "bash") return bash_script(app);
  if (shell == "zsh") return zsh_script(app);
  if (shell == "fish") return fish_script(app);
  throw UsageError("there is no completion for " + core::quoted_text(shell), "Say bash, zsh or fish.");
}

void add_completion(CLI::App& app, Context& context) {
  auto const shell = std::make_shared<std::string>();
  Command& command = add_command(
      app, {.name = "completion",
            .group = kOther,
            .summary = "Print a script that completes commands and options in a shell",
            .details = "make install-driver installs them where the shells look.",
            .examples = {{"source <(tenancy completion bash)", "in this shell"},
                         {"tenancy completion fish > ~/.config/fish/completions/tenancy.fish", "for good"}}});
  command.add_option("SHELL", *shell, "bash, zsh or fish")->required();
  set_action(command, context, [&app, shell] {
    fmt::print("{}", completion_script(app, *shell));
    return kDone;
  });
}

}  // namespace tenancy::driver
