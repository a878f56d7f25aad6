// What other tools record of a migration's file, beside its name, to see whether it was changed since.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/format.h"

namespace tenancy::core {

/// Of bytes, in hexadecimal; nothing where the caller has none.
using Sha256 = std::function<std::string(std::string_view)>;
using Sha1 = std::function<std::string(std::string_view)>;

/// Of the bytes of an up file; empty for tools that record none. Flyway's is a number, Prisma's 64 digits.
/// What sqitch records of a change comes from its plan: see sqitch_registry.h.
[[nodiscard]] std::string tool_checksum(Format format, std::string_view bytes, const Sha256& sha256);

/// CRC-32 of all lines, without their ends and without a byte order mark.
[[nodiscard]] std::int32_t flyway_checksum(std::string_view bytes) noexcept;

}  // namespace tenancy::core
