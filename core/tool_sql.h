// Another tool's table, read over any connection: no view, rule or policy of its owner runs.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/target_sql.h"
#include "core/tool_history.h"

namespace tenancy::core {

/// A tenant's table must not fill the memory of whoever migrates it.
inline constexpr std::size_t kMostToolRows = 100'000;

/// SQL with `name` in place of each `mark`.
[[nodiscard]] std::string replaced(std::string_view sql, std::string_view mark, std::string_view name);

// All of these need the search_path that own_settings() sets, and name the tool's table in `schema`.

/// One row: are there tables of these names?
[[nodiscard]] TargetStatement read_presence(const TargetPlace& place, const HistoryTool& tool, std::string_view schema);
enum PresenceColumn : std::size_t { kPresenceTracking, kPresenceTool };

/// Keeps the table as it is; SQLSTATE 42P01 or 3F000 when there is none.
[[nodiscard]] TargetStatement lock_tool_table(const HistoryTool& tool, std::string_view schema);
/// Raises tool_table, tool_column or tool_type.
[[nodiscard]] TargetStatement check_tool_table(const HistoryTool& tool, std::string_view schema);
/// Its rows in their order, up to kMostToolRows and one more. Columns: see the enumeration.
[[nodiscard]] TargetStatement read_tool_rows(const HistoryTool& tool, std::string_view schema);
enum ToolRowColumn : std::size_t { kToolVersion, kToolState, kToolKind, kToolUndone, kToolGroup, kToolAppliedAt };

/// The row 'applied' of a migration that another tool has applied. `applied_at` in microseconds since 1970; 0: now.
[[nodiscard]] TargetStatement insert_adopted(const TargetPlace& place, const StoredMigration& migration,
                                             std::int64_t applied_at);

}  // namespace tenancy::core
