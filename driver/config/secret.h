// Connection strings, fit to be shown.
#pragma once

#include <string>
#include <string_view>

namespace tenancy::driver {

/// The connection string without passwords; what cannot be understood is not shown at all.
[[nodiscard]] std::string masked_conninfo(std::string_view conninfo);

}  // namespace tenancy::driver
