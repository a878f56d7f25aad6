// Prisma's folders: TIMESTAMP_name/migration.sql, and migration_lock.toml beside them.
#pragma once

#include <optional>
#include <string_view>

#include "core/format_name.h"

namespace tenancy::core {

inline constexpr std::string_view kPrismaLock = "migration_lock.toml";

/// The version of the migration in a folder of that name: the name itself, for several may have one number. Prisma has
/// them in the order of bytes, so that a date alone gets the zeros that put it among those with a time. Where the name
/// is no version, the number in front of it.
[[nodiscard]] std::string prisma_version(std::string_view folder);

[[nodiscard]] std::optional<FormatName> parse_prisma_name(std::string_view name);

/// Throws Error(bad_file) when migration_lock.toml says that the folder is for another database than PostgreSQL.
void check_prisma_lock(std::string_view file, std::string_view text);

}  // namespace tenancy::core
