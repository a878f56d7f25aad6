// Help texts, made from the commands themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "driver/command/command_line.h"

namespace tenancy::driver {

/// All commands in their groups.
[[nodiscard]] std::string overview(const CLI::App& app);

/// What `tenancy COMMAND --help` prints.
[[nodiscard]] std::string command_help(const Command& command);

/// The commands of an application or a command, in their order.
[[nodiscard]] std::vector<const Command*> commands_of(const CLI::App& app);

/// "tenancy tenants list".
[[nodiscard]] std::string full_name(const CLI::App& command);

/// "tenancy status [TENANT] [OPTION]...".
[[nodiscard]] std::string usage(const CLI::App& command);

/// Options, as against arguments, without --help; or arguments.
enum class OptionKind { option, argument };
[[nodiscard]] std::vector<const CLI::Option*> options_of(const CLI::App& command, OptionKind kind);

/// "-c, --concurrency N".
[[nodiscard]] std::string option_names(const CLI::Option& option);

/// The command that was parsed: the innermost one, or the application itself.
[[nodiscard]] const CLI::App& innermost(const CLI::App& app);

/// Breaks text between words into lines of at most `width` letters; an empty line stays one.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace tenancy::driver
