// Connection strings as people give them.
#pragma once

#include <string>
#include <string_view>

#include "driver/connection/conninfo.h"

namespace tenancy::driver {

/// A connection string, a URI, or, as psql has it, a word alone: the name of a database. Throws std::invalid_argument,
/// without a password in its text.
[[nodiscard]] Conninfo parse_conninfo_text(std::string_view text);

/// What it says, without passwords; what cannot be understood is not shown at all.
[[nodiscard]] std::string masked_conninfo_text(std::string_view text);

}  // namespace tenancy::driver
