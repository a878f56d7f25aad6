// Flyway's names and script configuration.
//
//   V1_2__add_users.sql   version 1.2 (underscores and dots alike)     U1_2__add_users.sql   its way down
//   B5__squashed.sql      stands for all versions up to 5              R__views.sql          repeatable
//   V1_2__add_users.sql.conf   a script's configuration
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/format_name.h"
#include "core/migration.h"

namespace tenancy::core {

[[nodiscard]] std::optional<FormatName> parse_flyway_name(std::string_view name);

/// A baseline is the first script where nothing is applied, so it is for folders that no longer have the versions up to
/// its own. Where one of them is still there, all are, and baselines are appended to `left_out`; of several baselines
/// the last one counts.
[[nodiscard]] std::vector<const SourceFile*> without_needless_baselines(std::span<const SourceFile* const> files,
                                                                        std::vector<const SourceFile*>& left_out);

/// Is there a `${` in its SQL? Other files of Flyway cost nothing for what they do not use.
[[nodiscard]] bool has_placeholders(const Migration& migration) noexcept;

struct FlywayScriptConfig {
  bool transactional = true;
  bool placeholders = true;
};

/// Reads NAME.sql.conf. Throws Error(bad_file, bad_value) with file and line for what cannot be followed:
/// executeInTransaction and placeholderReplacement may be true or false, shouldExecute true, encoding UTF-8.
[[nodiscard]] FlywayScriptConfig read_flyway_config(std::string_view file, std::string_view text);

}  // namespace tenancy::core
