// Migration sets as one value: for a worker in a database that has no store of its own.
#pragma once

#include <map>

#include "extension/guard.h"

#include "core/migration.h"
#include "core/tool_sync.h"

namespace tenancy {

struct MigrationBundle {
  std::map<std::string, std::vector<core::Migration>> sets;
  std::map<std::string, core::SyncedTool> synced;  ///< by set

  /// The migration, or nullptr.
  [[nodiscard]] const core::Migration* find(const std::string& set, const std::string& version) const;

  /// What goes along with the set, or nothing.
  [[nodiscard]] std::optional<core::SyncedTool> synced_tool(const std::string& set) const;

  [[nodiscard]] std::string encode() const;
  static MigrationBundle decode(std::string_view bytes);
};

}  // namespace tenancy
