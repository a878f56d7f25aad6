// Watches what a running migration does, by PostgreSQL's hooks.
//
// 1. Escapes. A migration of a tenant may create, alter, truncate and drop objects in the tenant's schema only. What it
//    does elsewhere, usually because a stray search_path made an unqualified name mean another schema's
//    object, is an error at once, unless the migration allows it.
//    Extensions belong to the whole database: creating one in a shared schema is fine (CREATE EXTENSION IF NOT
//    EXISTS … SCHEMA public is how tenants ask for one), creating one in a tenant's schema is an escape, and
//    dropping one (as the way back of such a migration does) keeps it for the other tenants, with a NOTICE.
// 2. The tracking table. A migration that drops a table of its name means another tool's (cleaning up after it is a
//    usual migration): the table is kept, with a NOTICE. Changing it otherwise is an error.
// 3. Leftovers. Temporary objects and prepared statements that it makes are dropped when it ends. Session
//    state that cannot be put back is refused: session advisory locks, LISTEN, DISCARD, cursors, DEALLOCATE of what
//    it did not prepare.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// Sets the hooks; called once, when the library is loaded.
void install_watch_hooks();

/// Watches from its construction to its destruction. One at a time.
class MigrationWatch {
 public:
  /// With an invalid `confined_to` objects may be made anywhere; all else is watched all the same. `tracking_table`
  /// may be invalid. `schema_name` and `context`, which holds what the watch remembers, must outlive it.
  MigrationWatch(Oid confined_to, const std::string& schema_name, Oid tracking_table, MemoryContext context);
  ~MigrationWatch();
  MigrationWatch(const MigrationWatch&) = delete;
  MigrationWatch& operator=(const MigrationWatch&) = delete;

  /// Is a migration being watched in this backend? Then no other may begin: a migration cannot run migrations.
  [[nodiscard]] static bool is_active() noexcept;

  /// Checks the objects made or altered since the last check; to be called after each statement, in a guarded
  /// frame. ereports for an escape.
  static void check_objects();

  /// Ends watching, when the migration has succeeded, and drops what it left in the temporary schema (an error takes
  /// that away by itself). Throws PgError.
  void drop_temporary_objects();
};

}  // namespace tenancy
