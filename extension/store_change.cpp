// The store as add, load and drop change it.
#include "core/migration_order.h"
#include "core/requirements.h"
#include "core/text_array.h"
#include "core/version.h"
#include "extension/checksum.h"
#include "extension/settings.h"
#include "extension/spi.h"
#include "extension/store.h"
#include "extension/tracking.h"

namespace tenancy {

namespace {

using core::Migration;

Value from_milliseconds(const std::optional<std::chrono::milliseconds>& value) {
  if (!value) return std::nullopt;
  return std::to_string(value->count());
}

Value from_bool(bool value) { return value ? "t" : "f"; }

Value not_empty(const std::string& text) { return text.empty() ? Value() : Value(text); }

Query upsert_migration(
    "INSERT INTO tenancy.migrations (migration_set, version, description, scope, up_sql, up_line, down_sql, down_line,"
    "  checksum, transactional, repeatable, allow_outside, lock_timeout_ms, statement_timeout_ms, filename, variables,"
    "  after, branches, requires, tool_checksum)"
    " VALUES ($1, $2, $3, $4, $5, $6::pg_catalog.int4, $7, $8::pg_catalog.int4, $9, $10::pg_catalog.bool,"
    "  $11::pg_catalog.bool, $12::pg_catalog.bool, $13::pg_catalog.int4, $14::pg_catalog.int4, $15, $16,"
    "  $17::pg_catalog.text[], $18::pg_catalog.text[], $19::pg_catalog.text[], $20)"
    " ON CONFLICT (migration_set, version) DO UPDATE SET description = excluded.description, scope = excluded.scope,"
    "  up_sql = excluded.up_sql, up_line = excluded.up_line, down_sql = excluded.down_sql,"
    "  down_line = excluded.down_line, checksum = excluded.checksum, transactional = excluded.transactional,"
    "  repeatable = excluded.repeatable, allow_outside = excluded.allow_outside,"
    "  lock_timeout_ms = excluded.lock_timeout_ms, statement_timeout_ms = excluded.statement_timeout_ms,"
    "  filename = excluded.filename, variables = excluded.variables, after = excluded.after,"
    "  branches = excluded.branches, requires = excluded.requires,"
    "  tool_checksum = excluded.tool_checksum, updated_at = pg_catalog.now()");

Query delete_migration(
    "DELETE FROM tenancy.migrations WHERE migration_set OPERATOR(pg_catalog.=) $1"
    " AND version OPERATOR(pg_catalog.=) $2 RETURNING version");

Query select_followers(
    "SELECT version FROM tenancy.migrations WHERE migration_set OPERATOR(pg_catalog.=) $1"
    " AND (ARRAY[$2, pg_catalog.format('(%s)', $2)] OPERATOR(pg_catalog.&&) after) ORDER BY version LIMIT 1");

Query select_requiring(
    "SELECT migration_set, version FROM tenancy.migrations WHERE $1 OPERATOR(pg_catalog.=) ANY (requires)"
    " ORDER BY migration_set, version LIMIT 1");

/// Every table of that name: also schemas that are not registered as tenants have a history.
Query select_tracked_schemas(
    "SELECT n.nspname, n.oid FROM pg_catalog.pg_class c"
    "  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    " WHERE c.relname OPERATOR(pg_catalog.=) $1::pg_catalog.name"
    "   AND c.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\""
    "   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'::pg_catalog.\"char\" ORDER BY n.nspname");

void check_identity(const Migration& migration) {
  if (!core::is_set_name(migration.set)) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "\"" + migration.set + "\" is not a name for a migration set", {},
                  "Use 1 to 63 lower-case letters, digits, _ and -, beginning with a letter.");
  }
  if (!core::is_version(migration.version)) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "\"" + migration.version + "\" is not a version", {},
                  "Use 1 to 128 letters, digits, and . _ - + @, beginning with a letter or digit; head and base are "
                  "taken.");
  }
}

/// Parses SQL as it would be for a run, and refuses what cannot be part of a migration.
void check_sql(const Migration& migration, core::Direction direction) {
  ScopedContext const context(CurrentMemoryContext, "tenancy check");
  try {
    MigrationSql(migration, direction, context.get()).check();
  } catch (PgError& error) {
    error.prefix("migration " + migration.version);
    throw;
  }
}

/// Schemas of this database in which the migration is applied. Throws PgError when a tracking table cannot be
/// read: what is not known to be unapplied counts as applied.
std::vector<std::string> schemas_with(const Migration& migration) {
  std::string const table = current_settings().tracking_table;
  std::vector<std::string> found;
  for (const Row& row : select_tracked_schemas.run({table})) {
    Oid const schema = static_cast<Oid>(std::stoul(row[1].value()));
    Tracking const tracking = read_tracking(schema, table, migration.set, WhenLocked::wait);
    if (tracking.shape == TrackingShape::denied) {
      throw PgError(ERRCODE_INSUFFICIENT_PRIVILEGE,
                    "permission denied for the tracking table of schema \"" + row[0].value() + "\"",
                    "Migration " + migration.version + " may be applied there.");
    }
    bool const applied = std::any_of(tracking.applied.begin(), tracking.applied.end(),
                                     [&](const auto& one) { return one.version == migration.version; });
    if (applied) found.push_back(row[0].value());
  }
  return found;
}

std::string list_some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i == 0 ? "\"" : ", \"") + names[i] + "\"";
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

void require_not_applied(const Migration& migration, const std::string& verb, const std::string& hint) {
  lock_store(StoreLock::to_change);
  std::vector<std::string> const schemas = schemas_with(migration);
  if (schemas.empty()) return;
  throw PgError(ERRCODE_OBJECT_IN_USE,
                "cannot " + verb + " migration " + migration.version + " of set " + migration.set + ": it is applied",
                "Applied in schema " + list_some(schemas) + ".", hint);
}

bool same(const Migration& left, const Migration& right) {
  return left.description == right.description && left.scope == right.scope && left.up == right.up &&
         left.down == right.down && left.transactional == right.transactional && left.repeatable == right.repeatable &&
         left.allow_outside == right.allow_outside && left.variables == right.variables &&
         left.lock_timeout == right.lock_timeout && left.statement_timeout == right.statement_timeout &&
         left.filename == right.filename && left.after == right.after && left.branches == right.branches &&
         left.required == right.required && left.tool_checksum == right.tool_checksum;
}

/// Refuses a second file with the version of another one.
void check_file(const Migration& stored, const Migration& migration) {
  bool const other_file =
      !stored.filename.empty() && !migration.filename.empty() && stored.filename != migration.filename;
  if (!other_file || stored.up.sql == migration.up.sql) return;
  throw PgError(ERRCODE_DUPLICATE_OBJECT,
                migration.filename + ": migration " + migration.version + " of set " + migration.set +
                    " is already stored from " + stored.filename,
                {}, "Give one of the files another version, or take the stored one out with tenancy.drop_migration().");
}

/// Refuses a version that is equal to a stored one in natural order but spelled differently, and a place that the
/// migration cannot have among the stored ones.
void check_set(const Migration& migration) {
  core::check_place(migration);
  std::string const key = core::version_key(migration.version);
  std::vector<core::StoredMigration> set;
  bool has_graph = migration.after.has_value();
  for (core::StoredMigration& one : stored_migrations(migration.set)) {
    if (one.version == migration.version) continue;
    if (core::version_key(one.version) == key) {
      throw PgError(
          ERRCODE_DUPLICATE_OBJECT,
          "migration " + migration.version + " of set " + migration.set + " is already stored as " + one.version,
          "Both mean the same version.", "Give it another version.");
    }
    has_graph = has_graph || one.after;
    set.push_back(std::move(one));
  }
  if (!has_graph) return;
  set.push_back(to_stored(migration));
  core::MigrationSet const checked(migration.set, std::move(set));
}

}  // namespace

void lock_store(StoreLock lock) {
  guarded([=] {
    auto* const function =
        lock == StoreLock::to_change ? pg_advisory_xact_lock_int4 : pg_advisory_xact_lock_shared_int4;
    DirectFunctionCall2(function, Int32GetDatum(core::kLockClass), Int32GetDatum(0));
  });
}

const char* to_string(StoreAction action) noexcept {
  switch (action) {
    case StoreAction::added:
      return "added";
    case StoreAction::updated:
      return "updated";
    case StoreAction::unchanged:
      return "unchanged";
  }
  return "";
}

std::optional<PgError> check_down(const Migration& migration) {
  if (!migration.down) return std::nullopt;
  // The parser allocates and leaves no lock and no other trace, so its error needs no subtransaction.
  try {
    check_sql(migration, core::Direction::down);
  } catch (PgError& error) {
    if (error.stops_the_run()) throw;
    return std::move(error);
  }
  return std::nullopt;
}

StoreAction store_migration(const Migration& migration) {
  check_identity(migration);
  check_sql(migration, core::Direction::up);
  if (migration.down) check_sql(migration, core::Direction::down);
  check_set(migration);
  std::optional<Migration> const stored = find_migration(migration.set, migration.version);
  if (stored) {
    if (same(*stored, migration)) return StoreAction::unchanged;
    check_file(*stored, migration);
    bool const text_may_change = stored->repeatable && migration.repeatable;
    bool const text_changed = stored->up.sql != migration.up.sql && !text_may_change;
    if (text_changed) {
      require_not_applied(migration, "change the up SQL of",
                          "Put the stored text back, and make the change in a new migration.");
    } else if (stored->scope != migration.scope || stored->repeatable != migration.repeatable) {
      require_not_applied(migration, "change the scope or kind of", "Leave it as it is stored.");
    }
  }
  upsert_migration.run({migration.set,
                        migration.version,
                        migration.description,
                        std::string(to_string(migration.scope)),
                        migration.up.sql,
                        std::to_string(migration.up.first_line),
                        migration.down ? Value(migration.down->sql) : Value(),
                        migration.down ? Value(std::to_string(migration.down->first_line)) : Value(),
                        checksum(migration.up.sql),
                        from_bool(migration.transactional),
                        from_bool(migration.repeatable),
                        from_bool(migration.allow_outside),
                        from_milliseconds(migration.lock_timeout),
                        from_milliseconds(migration.statement_timeout),
                        not_empty(migration.filename),
                        std::string(to_string(migration.variables)),
                        migration.after ? Value(core::text_array(*migration.after)) : Value(),
                        core::text_array(migration.branches),
                        core::text_array(migration.required),
                        not_empty(migration.tool_checksum)});
  return stored ? StoreAction::updated : StoreAction::added;
}

void drop_migration(const std::string& set, const std::string& version) {
  for (const Row& row : select_followers.run({set, version})) {
    throw PgError(
        ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        "cannot drop migration " + version + " of set " + set + ": migration " + row[0].value() + " comes after it", {},
        "Drop that one first.");
  }
  for (const Row& row : select_requiring.run({core::version_label({}, set, version)})) {
    throw PgError(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
                  "cannot drop migration " + version + " of set " + set + ": migration " + row[1].value() + " of set " +
                      row[0].value() + " requires it",
                  {}, "Drop that one first.");
  }
  Migration migration;
  migration.set = set;
  migration.version = version;
  require_not_applied(migration, "drop", "Downgrade these schemas first, with tenancy.downgrade_schema().");
  if (delete_migration.run({set, version}).empty()) {
    throw PgError(ERRCODE_UNDEFINED_OBJECT, "migration " + version + " is not stored in set " + set);
  }
}

}  // namespace tenancy
