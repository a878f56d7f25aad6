// The tables in which other tools record what they have applied: how each is named and recognised, and what its rows
// mean.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::core {

/// What a tool's word for a migration is.
enum class ToolNaming {
  version,    ///< its version, in whatever spelling: 7 is 007
  id,         ///< its version and nothing that is equal to it
  file_name,  ///< version and description, as files are named, maybe with an ending: 001_users.js
  change,     ///< a name, by which the description of the stored migration begins (sqitch)
};

/// What the column `state` holds.
enum class ToolState {
  none,      ///< there is no such column: what has a row is applied
  success,   ///< a boolean: false is a migration that failed half-way
  applied,   ///< a boolean: false is one that was taken back
  dirty,     ///< a boolean: true is a migration that failed half-way
  finished,  ///< a time: NULL is one that failed half-way
};

struct HistoryTool {
  std::string name;
  std::string table;
  std::string schema{};  ///< where it has a schema of its own; empty: the target's
  ToolNaming naming = ToolNaming::version;
  ToolState state_means = ToolState::none;
  bool has_current_only = false;  ///< the table has the newest versions alone: everything before them is applied
  // Columns; empty: none.
  std::string version;
  std::string no_version{};  ///< the version in a row that stands for none
  std::string state{};
  std::string kind{};            ///< Flyway's type of a row
  std::string undone{};          ///< a time: NULL where the row counts
  std::string group{};           ///< whose migration it is: Django's app, sqitch's project
  bool groups_are_sets = false;  ///< each group is a set of its name, unless one says otherwise
  std::string order{};           ///< later rows of a version outdo earlier ones
  std::string applied_at{};      ///< when
};

/// Throws Error(bad_value) naming the tools that are known.
[[nodiscard]] const HistoryTool& find_history_tool(std::string_view name);
[[nodiscard]] bool is_history_tool(std::string_view name) noexcept;

/// What to read: a tool's table, and whose rows of it.
struct ToolSource {
  HistoryTool tool;
  std::optional<std::string> schema{};  ///< where the table is, see tool_schema(); nothing: in each target's
  std::string group{};                  ///< see HistoryTool::group; empty: the only one

  /// The same for a target of the set, whose name may say which group is meant.
  [[nodiscard]] ToolSource of_set(std::string_view set) const;
};

/// In people's words: a tool or, with a column, any table; the others where they differ from what the tool does.
struct ToolWords {
  std::string tool;
  std::optional<std::string> table{};
  std::optional<std::string> schema{};
  std::optional<std::string> version_column{};
  std::optional<std::string> app{};
};

/// The schema of a tool's table: that of the target, or `pattern`, in which `{{ schema }}` stands for it.
[[nodiscard]] std::string tool_schema(const std::optional<std::string>& pattern, const std::string& target);

/// Throws Error(bad_value), also when the table would be that in which we record: `tracking_table`.
[[nodiscard]] ToolSource tool_source(const ToolWords& words, std::string_view tracking_table);

/// The names of the columns that a tool's table needs to have.
[[nodiscard]] std::vector<std::string_view> columns_of(const HistoryTool& tool);

/// Whose table it is that has these columns: "alembic", "rails or dbmate"; empty when no tool has such a table.
[[nodiscard]] std::string recognise_history(std::span<const std::string> columns);

/// What to say of a table that stands where ours would, and has these columns.
struct ForeignTable {
  std::string detail;
  std::string hint;
};
[[nodiscard]] ForeignTable describe_foreign_table(std::span<const std::string> columns);

/// Whose table it is that has this name and these columns.
struct ToolTrace {
  const HistoryTool* tool;
  std::string names;  ///< "rails or dbmate"
};
[[nodiscard]] std::optional<ToolTrace> recognise_table(std::string_view table, std::span<const std::string> columns);

/// The names of all tables in which tools that are known record things.
[[nodiscard]] std::vector<std::string> history_tables();

/// A row as it stands in the table. Booleans are "t" and "f".
struct ToolRow {
  std::optional<std::string> version;
  std::optional<std::string> state{};
  std::optional<std::string> kind{};
  std::optional<std::string> undone{};
  std::optional<std::string> group{};
  std::int64_t order = 0;
  std::int64_t applied_at = 0;  ///< microseconds of whatever epoch; 0: not known
};

/// What the rows say of one migration in the end.
struct ToolEntry {
  enum class State { applied, dirty, baseline };
  std::string name;  ///< as the tool has it
  State state = State::applied;
  std::int64_t applied_at = 0;
};

/// What to say where nothing is applied in a target with that schema.
[[nodiscard]] std::string describe_nothing(const ToolSource& source, const std::string& target, bool has_table);

/// Do the rows say that anything is applied?
[[nodiscard]] bool has_applied_something(const HistoryTool& tool, std::span<const ToolRow> rows);

/// What the rows come to: an entry for each migration that is applied or half applied, in the order of its last row.
/// `group` chooses among the rows; empty: all of them. Throws Error(bad_value) when it is empty and there are several.
[[nodiscard]] std::vector<ToolEntry> read_history_rows(const HistoryTool& tool, std::span<const ToolRow> rows,
                                                       const std::string& group);

}  // namespace tenancy::core
