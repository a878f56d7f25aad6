// Scripts that complete the command line in shells, made from the commands themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace tenancy::driver {

/// For "bash", "zsh" or "fish"; throws UsageError.
[[nodiscard]] std::string completion_script(const CLI::App& app, std::string_view shell);

}  // namespace tenancy::driver
