// Names as of pop and of Ory's services: NNN_name.up.sql for any database, NNN_name.postgres.up.sql for one,
// NNN_name.postgres.autocommit.up.sql without a transaction.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/format_name.h"

namespace tenancy::core {

[[nodiscard]] std::optional<FormatName> parse_pop_name(std::string_view name);

/// For each migration and direction the file for PostgreSQL, or else the one for any database; the others are appended
/// to `left_out`. What has no name of pop's stays.
[[nodiscard]] std::vector<const SourceFile*> select_pop_files(std::span<const SourceFile* const> files,
                                                              std::vector<const SourceFile*>& left_out);

}  // namespace tenancy::core
