// A selection as tenancy.runs keeps it.
#pragma once

#include <string>

#include "driver/fleet/selection.h"

namespace tenancy::driver {

/// A JSON object: the members that the extension records, and server, shard and part.
[[nodiscard]] std::string recorded_selection(const Selection& selection);

/// The selection that was recorded. Throws std::exception for what nobody has recorded so.
[[nodiscard]] Selection parse_recorded_selection(const std::string& text);

}  // namespace tenancy::driver
