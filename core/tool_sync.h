// Another tool's table that goes along with what is applied and taken back here, so that both can be used while a team
// moves: the rows are those that the tool itself would have written.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/migration.h"
#include "core/migration_set.h"
#include "core/plan.h"
#include "core/target_sql.h"
#include "core/tool_history.h"

namespace tenancy::core {

/// Which table goes along with a set: one in the schema of each target, or what sqitch has beside it.
struct SyncedTool {
  std::string tool{};
  std::string table{};
  std::string group{};   ///< see HistoryTool::group
  std::string schema{};  ///< see tool_schema(); empty: the target's

  friend bool operator==(const SyncedTool&, const SyncedTool&) = default;
};

/// What would be kept up to date of that source.
[[nodiscard]] SyncedTool synced_source(const ToolSource& source);

/// For that set. Throws Error(bad_value) for a tool whose rows cannot be written as it writes them, for a table outside
/// of the targets' schemas, and what tool_source() throws.
[[nodiscard]] SyncedTool synced_tool(const ToolWords& words, std::string_view set, std::string_view tracking_table);

/// In front of what a table lacks, in the text of a finding tool_differs; otherwise that is what it has.
inline constexpr std::string_view kToolLacks = "lacks#";

/// What to say where the table has, or lacks, `found`, and not what is recorded here.
[[nodiscard]] ForeignTable describe_difference(const SyncedTool& synced, std::string_view found);

/// What a tool knows of a migration's file.
struct ToolFile {
  std::string name{};
  std::string checksum{};  ///< Migration::tool_checksum
};

[[nodiscard]] ToolFile tool_file(const Migration& migration);

/// The table of one target, as its history grows and shrinks.
class ToolSync {
 public:
  /// `set` must outlive the object. `applied`: rows of the set in the target.
  ToolSync(const SyncedTool& synced, const MigrationSet& set, const std::string& schema,
           std::span<const AppliedMigration> applied);

  /// The file of a migration by its index in the set.
  using Files = std::function<ToolFile(std::size_t)>;

  /// Before these steps: raises tool_differs when the tool has applied one of them, or stands elsewhere; before steps
  /// up also when a tool that has a row for each version lacks one that is recorded here. At most one statement.
  [[nodiscard]] std::vector<TargetStatement> check(std::span<const Step> steps, const Files& file_of) const;

  /// What belongs into the transaction that records the step, behind what it records; needs the search_path that
  /// own_settings() sets, and raises tool_differs. Where nothing was applied before, the table is made. Throws
  /// Error(bad_value) when the migration is not from a file, or not from one of the tool's, and the tool goes by that.
  [[nodiscard]] std::vector<TargetStatement> record(std::size_t migration, Direction direction, const ToolFile& file);

 private:
  [[nodiscard]] std::vector<std::string> heads() const;
  [[nodiscard]] TargetStatement check_current() const;
  [[nodiscard]] std::string lacking(std::vector<std::optional<std::string>>& parameters) const;
  [[nodiscard]] TargetStatement check_changes() const;
  [[nodiscard]] std::vector<TargetStatement> record_change(std::size_t migration, Direction direction,
                                                           const ToolFile& file);
  void require_record(std::size_t migration, const ToolFile& file) const;
  [[nodiscard]] std::string key() const;
  [[nodiscard]] std::string of_group(std::vector<std::optional<std::string>>& parameters) const;
  [[nodiscard]] std::string insert() const;
  [[nodiscard]] std::string word(std::size_t migration, std::string_view filename) const;
  [[nodiscard]] std::string with_names(std::string_view sql) const;
  [[nodiscard]] std::string where_it_counts() const;
  [[nodiscard]] std::string where_it_is_applied() const;
  void add_repeatable(std::vector<TargetStatement>& statements, std::size_t migration, Direction direction,
                      const ToolFile& file) const;
  void add_file(std::vector<std::optional<std::string>>& parameters, std::size_t migration, const ToolFile& file) const;

  const HistoryTool& tool_;
  const struct ToolRowShape& shape_;
  const MigrationSet& set_;
  std::string schema_;  ///< as an identifier
  std::string table_;   ///< likewise, with its schema
  std::string group_;
  std::vector<bool> applied_;  ///< by index of versioned migrations
  bool begins_ = true;         ///< nothing is applied
};

}  // namespace tenancy::core
