// The migrations of an operation, with their SQL: read once, from a folder or from a control database.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/migration.h"
#include "core/migration_set.h"
#include "core/plan.h"
#include "core/tool_sync.h"
#include "core/variables.h"
#include "driver/apply/script.h"
#include "driver/connection/connection.h"
#include "driver/fleet/stored_sets.h"

namespace tenancy::driver {

/// SHA-256 of the text, in hexadecimal: what tracking tables call the checksum of a migration.
[[nodiscard]] std::string sha256(std::string_view text);

/// Likewise SHA-1, for what sqitch records.
[[nodiscard]] std::string sha1(std::string_view text);

class MigrationStore {
 public:
  /// Throws core::Error(duplicate_version), and what check() of their scripts up throws, named by migration. Without
  /// down SQL that it refuses they are irreversible.
  explicit MigrationStore(std::vector<core::Migration> migrations);

  /// Reads tenancy.migrations and tenancy.synced_tools. Throws ServerError.
  static boost::asio::awaitable<MigrationStore> read(Connection& control, Deadline deadline);

  /// Without the SQL.
  [[nodiscard]] const StoredSets& sets() const noexcept { return sets_; }
  /// Empty when there is nothing of that name.
  [[nodiscard]] const core::MigrationSet& set(const std::string& name) const { return sets_.set(name); }
  /// In the order of names.
  [[nodiscard]] std::vector<std::string> set_names() const;

  /// From now on this tool's tables go along with the set.
  void sync(const std::string& set, core::SyncedTool tool);
  /// The other tool whose tables go along with the set, or nothing.
  [[nodiscard]] std::optional<core::SyncedTool> synced_tool(const std::string& set) const;

  [[nodiscard]] const core::Migration& migration(const std::string& set, std::size_t index) const;
  /// Of a migration without variables; cut when it is first asked for. Throws std::logic_error for one without such
  /// SQL.
  [[nodiscard]] const Script& script(const std::string& set, std::size_t index, core::Direction direction) const;
  /// Of one with variables. Throws also core::Error: for what cannot be rendered, and what check() of the script
  /// throws.
  [[nodiscard]] std::unique_ptr<Script> render(const std::string& set, std::size_t index, core::Direction direction,
                                               const core::TargetVariables& variables) const;

 private:
  struct Entry {
    core::Migration migration;
    std::unique_ptr<Script> up{}, down{};
    std::optional<core::VariableText> up_text{}, down_text{};
  };
  enum class Checked { no, before };
  MigrationStore(std::vector<core::Migration> migrations, Checked checked);
  void add_set(const std::string& name, std::vector<core::Migration> migrations);
  void check() const;
  void check(const std::string& set, std::size_t index, core::Direction direction) const;
  static void check(const Script& script, const core::Migration& migration);
  static void leave_out_broken_down(core::Migration& migration);
  [[nodiscard]] const core::VariableText& text(const std::string& set, std::size_t index,
                                               core::Direction direction) const;

  StoredSets sets_{};
  /// By set, in its order. What is cut out of them comes when it is first asked for.
  mutable std::map<std::string, std::vector<Entry>> entries_{};
  std::map<std::string, core::SyncedTool> synced_{};
};

}  // namespace tenancy::driver
