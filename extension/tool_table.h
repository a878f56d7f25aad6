// The table in which another tool records what it has applied, read directly: no view, trigger, rule, policy or
// function of its owner runs.
#pragma once

#include "extension/guard.h"

#include "core/tool_history.h"

namespace tenancy {

/// The rows, or nothing when there is no such table. Takes no lock that outlives the call. Throws PgError: no plain
/// table, columns missing or of types that PostgreSQL does not have itself, no right to read it. With `wait` false a
/// table that another session locks is an error (lock_not_available).
[[nodiscard]] std::optional<std::vector<core::ToolRow>> read_tool_table(Oid schema, const core::HistoryTool& tool,
                                                                        bool wait);

/// Another tool that has applied something in the schema, going by a table of its name and columns there: the first
/// one, or nothing. A table that is not quite a tool's is none of it. Otherwise as read_tool_table().
[[nodiscard]] std::optional<core::ToolTrace> find_tool_trace(Oid schema, bool wait);

/// The names of a table's columns.
[[nodiscard]] std::vector<std::string> column_names(Oid relation);

}  // namespace tenancy
