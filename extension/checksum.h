// The checksum of a migration's SQL.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// SHA-256, in hexadecimal.
[[nodiscard]] std::string checksum(const std::string& text);

}  // namespace tenancy
