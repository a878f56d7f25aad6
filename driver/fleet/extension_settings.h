// The settings of the extension that a request stands for.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driver/fleet/target.h"

namespace tenancy::driver {

/// "auto", "caller" or "owner".
[[nodiscard]] std::string_view to_string(RunAs run_as) noexcept;

inline constexpr const char* kVariablesSetting = "tenancy.variables";
/// Its value: a JSON object.
[[nodiscard]] std::string variables_setting(const core::VariableMap& variables);

/// Names and values, for set_config.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> extension_settings(const Request& request);

}  // namespace tenancy::driver
