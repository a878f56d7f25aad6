// The checksum of a migration's SQL.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// SHA-256, in hexadecimal.
[[nodiscard]] std::string checksum(std::string_view text);

/// SHA-1, in hexadecimal, for what sqitch records.
[[nodiscard]] std::string sha1(std::string_view bytes);

}  // namespace tenancy
