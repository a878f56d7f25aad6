// The stored migrations: tenancy.migrations, read for an operation and changed by add, load and drop.
#pragma once

#include "extension/migration_bundle.h"
#include "extension/migration_sql.h"
#include "extension/tool_sync.h"

#include "core/migration_set.h"
#include "core/plan.h"
#include "core/store_digest.h"
#include "core/target_lock.h"

namespace tenancy {

/// Who applies migrations keeps those who would change or drop applied ones out, to the end of the transaction.
enum class StoreLock { to_apply, to_change };
void lock_store(StoreLock lock);

/// A migration ready to run.
struct RunnableMigration {
  MigrationSql up;
  std::optional<MigrationSql> down;
  bool allow_outside = false;
  std::optional<std::chrono::milliseconds> lock_timeout, statement_timeout;
  core::ToolFile file;
  bool adds_enum_value = false;  ///< it has ALTER TYPE … ADD VALUE

  [[nodiscard]] const MigrationSql& sql(core::Direction direction) const {
    return direction == core::Direction::up ? up : down.value();
  }
};

/// What one operation reads of the store. Each set and each migration's SQL is read and parsed once, however
/// many targets it is applied to. Errors are PgError.
class Store {
 public:
  /// Parse trees live in `context`, which must outlive the store.
  explicit Store(MemoryContext context) : context_(context) {}
  /// The store of another database.
  Store(MemoryContext context, MigrationBundle bundle) : context_(context), bundle_(std::move(bundle)) {}
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Empty when nothing is stored under that name.
  const core::MigrationSet& set(const std::string& name);

  /// Throws PgError when a set is named that has no migrations: a slip of the pen.
  void require(const std::optional<std::string>& name);

  const RunnableMigration& runnable(const std::string& set_name, std::size_t index);

  /// The other tool whose tables go along with the set, or nothing.
  const std::optional<core::SyncedTool>& synced_tool(const std::string& set);

  /// The set and all that its migrations require, directly or not.
  std::vector<std::string> with_required(const std::string& set);
  /// How far a set stands behind those that it requires: more than each of them, unless they require each other.
  std::size_t depth(const std::string& set) { return with_required(set).size(); }
  /// The sets with migrations that require some of that set.
  std::vector<std::string> sets_requiring(const std::string& set);

  /// Copies these sets and those that planning them takes, for workers in other databases.
  static MigrationBundle bundle(const std::vector<std::string>& sets);

  /// Names of the sets that have migrations for shared schemas, `default` first.
  static std::vector<std::string> shared_sets();

 private:
  struct Loaded {
    core::MigrationSet set;
    std::vector<std::unique_ptr<RunnableMigration>> runnable;
    std::optional<std::optional<core::SyncedTool>> synced{};  ///< read when it is first asked for
  };
  Loaded& loaded(const std::string& name);
  [[nodiscard]] std::vector<core::StoredMigration> read_set(const std::string& name) const;
  using SetNames = std::multimap<std::string, std::string>;
  [[nodiscard]] SetNames read_requiring() const;
  [[nodiscard]] std::optional<core::Migration> find(const std::string& set, const std::string& version) const;

  MemoryContext context_;
  std::optional<MigrationBundle> bundle_;
  std::unordered_map<std::string, Loaded> sets_;
  std::optional<SetNames> requiring_;  ///< by the set that is required; read when it is first asked for
};

/// The stored migrations of a set, and what a migration is as one of them.
[[nodiscard]] std::vector<core::StoredMigration> stored_migrations(const std::string& set);
[[nodiscard]] core::StoredMigration to_stored(const core::Migration& migration);

/// What a set has in this database.
[[nodiscard]] std::vector<core::StoredDigest> stored_digests(const std::string& set);

/// What storing a migration did.
enum class StoreAction { added, updated, unchanged };
[[nodiscard]] const char* to_string(StoreAction action) noexcept;

/// What follows is in store_change.cpp. Checks the down SQL of a migration as storing it would. Nothing, or what is
/// wrong with it.
[[nodiscard]] std::optional<PgError> check_down(const core::Migration& migration);

/// Checks and stores a migration. A stored one of the same version is replaced, unless it is applied in any
/// schema of this database that this role can see and its up SQL or scope differs: then PgError says where.
/// The up SQL of a repeatable one may always change.
StoreAction store_migration(const core::Migration& migration);

/// The stored migration, all of it, or nothing.
[[nodiscard]] std::optional<core::Migration> find_migration(const std::string& set, const std::string& version);

/// Deletes it; PgError when it is not stored, is applied somewhere, or another one stands on it.
void drop_migration(const std::string& set, const std::string& version);

}  // namespace tenancy
