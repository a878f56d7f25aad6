// The table of another tool that goes along with a migration set: tenancy.synced_tools says which, core/tool_sync.h
// what is written there. It is written by SQL as the target's role: what its owner put on the table runs with no more
// rights than a migration has.
#pragma once

#include "extension/guard.h"

#include "core/tool_sync.h"

namespace tenancy {

/// What goes along with the set, or nothing. Throws PgError.
[[nodiscard]] std::optional<core::SyncedTool> find_synced_tool(const std::string& set);

/// The table of one target; does nothing where none goes along. The calls are for a transaction with kOwnPath as its
/// search_path, and as the target's role. All throw PgError.
class TargetSync {
 public:
  /// `set` must outlive the object. `applied`: rows of the set in the target.
  TargetSync(const std::optional<core::SyncedTool>& synced, const core::MigrationSet& set, const std::string& schema,
             std::span<const core::AppliedMigration> applied);

  /// Refuses when the tool has applied one of the steps, or stands elsewhere.
  void check(std::span<const core::Step> steps, const core::ToolSync::Files& file_of) const;
  void record(std::size_t migration, core::Direction direction, const core::ToolFile& file);

 private:
  void run(const std::vector<core::TargetStatement>& statements) const;

  std::optional<core::SyncedTool> synced_;
  std::optional<core::ToolSync> sync_{};
};

}  // namespace tenancy
