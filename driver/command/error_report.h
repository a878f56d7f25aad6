// What went wrong, for people: on standard error, with what to do about it.
#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <string>

#include "driver/command/exit_code.h"

namespace tenancy::driver {

/// A command line that could not be parsed, with the word that was meant where one is near.
[[nodiscard]] std::string describe_parse_error(const CLI::App& app, const CLI::ParseError& error);

/// Whatever else a command threw.
struct ErrorReport {
  ExitCode exit_code = kUsage;
  std::string text{};  ///< lines, the last one ended
};
[[nodiscard]] ErrorReport describe_error(const std::exception& error);

/// The words that the command line has too many.
[[nodiscard]] bool has_unknown_words(const CLI::App& app);

}  // namespace tenancy::driver
