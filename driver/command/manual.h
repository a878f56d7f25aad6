// The manual page, made from the commands and the settings themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace tenancy::driver {

/// In roff, as man(7) has it.
[[nodiscard]] std::string manual_page(const CLI::App& app);

}  // namespace tenancy::driver
