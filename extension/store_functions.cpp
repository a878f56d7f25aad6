// SQL functions that fill and read the store of migrations.
#include "core/flyway.h"
#include "core/migration_file.h"
#include "core/revision_walk.h"
#include "core/version.h"
#include "extension/checksum.h"
#include "extension/sql_call.h"
#include "extension/store.h"

namespace tenancy {

namespace {

core::FileDefaults file_defaults(const Value& set, const Value& scope, const Value& format) {
  core::FileDefaults defaults;
  if (set) defaults.set = *set;
  if (scope) defaults.scope = core::parse_scope(*scope);
  if (format) defaults.format = core::parse_format(*format);
  defaults.sha256 = checksum;
  defaults.sha1 = sha1;
  return defaults;
}

std::optional<std::chrono::milliseconds> duration_argument(const Arguments& arguments, int position, const char* name) {
  Value const text = arguments.optional_text(position);
  if (!text) return std::nullopt;
  try {
    return core::parse_duration(*text);
  } catch (const core::Error& error) {
    PgError named = to_pg_error(error);
    named.prefix(name);
    throw named;
  }
}

int line_argument(const Arguments& arguments, int position, const char* name) {
  int const line = arguments.integer(position).value_or(1);
  if (line >= 1) return line;
  throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, std::string(name) + " must be 1 or more");
}

/// Has another file of Flyway's said that the placeholders of this migration are none?
bool leaves_placeholders(const core::ParsedFile& file, const core::Migration& stored) {
  return file.format == core::Format::flyway && stored.variables == core::VariableSyntax::none &&
         core::has_placeholders(stored);
}

Query select_version_of_file(
    "SELECT version FROM tenancy.migrations"
    " WHERE migration_set OPERATOR(pg_catalog.=) $1 AND filename OPERATOR(pg_catalog.=) $2");

/// The version of a pair may stand in its up file alone.
std::string version_of(const core::ParsedFile& part) {
  constexpr std::string_view kDown = "down.sql";
  std::string up_file = part.migration.filename;
  if (!up_file.ends_with(kDown)) return part.migration.version;
  up_file.replace(up_file.size() - kDown.size(), kDown.size(), "up.sql");
  std::vector<Row> const rows = select_version_of_file.run({part.migration.set, up_file});
  return rows.size() == 1 ? rows.front()[0].value() : part.migration.version;
}

/// A part that came alone: the migration it belongs to must be stored.
core::Migration with_part(const core::ParsedFile& part) {
  std::optional<core::Migration> stored = find_migration(part.migration.set, version_of(part));
  if (!stored) {
    throw PgError(ERRCODE_UNDEFINED_OBJECT,
                  part.migration.filename + ": migration " + part.migration.version + " is not stored in set " +
                      part.migration.set,
                  {}, "Load its up file first.");
  }
  // Loaded again, it replaces what it was.
  if (part.part == core::FilePart::down) stored->down.reset();
  if (part.part == core::FilePart::metadata) {
    stored->transactional = true;
    if (leaves_placeholders(part, *stored)) stored->variables = core::VariableSyntax::dollar;
  }
  core::merge_part(*stored, part);
  return *stored;
}

/// An up file that is loaded again keeps the parts that came from its other files.
core::Migration keep_other_parts(const core::ParsedFile& file) {
  core::Migration migration = file.migration;
  std::optional<core::Migration> const stored = find_migration(migration.set, migration.version);
  if (stored && stored->filename == migration.filename && !migration.down) {
    migration.down = stored->down;
    migration.transactional = migration.transactional && stored->transactional;
    if (leaves_placeholders(file, *stored)) migration.variables = stored->variables;
  }
  return migration;
}

void add_row(ResultRows& rows, const core::Migration& migration, StoreAction action, const std::string& note = {}) {
  rows.add({to_cell(migration.set), to_cell(migration.version), to_cell(migration.description),
            std::string_view(to_string(action)), cell_or_null(note)});
}

/// All files of a folder of the server and of its subfolders, three levels deep, without hidden ones; with the rights
/// of pg_ls_dir and pg_read_binary_file. The bound is for symbolic links that lead back.
Query list_files(
    "WITH RECURSIVE entries AS ("
    "  SELECT e AS name, 0 AS depth, (pg_catalog.pg_stat_file($1 OPERATOR(pg_catalog.||) '/' "
    "           OPERATOR(pg_catalog.||) e)).isdir FROM pg_catalog.pg_ls_dir($1) AS e"
    "   WHERE NOT pg_catalog.starts_with(e, '.')"
    "  UNION ALL"
    "  SELECT path, depth OPERATOR(pg_catalog.+) 1, (pg_catalog.pg_stat_file($1 OPERATOR(pg_catalog.||) '/' "
    "           OPERATOR(pg_catalog.||) path)).isdir"
    "    FROM entries, pg_catalog.pg_ls_dir($1 OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||) name) AS e,"
    "         LATERAL (SELECT name OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||) e AS path) AS p"
    "   WHERE isdir AND depth OPERATOR(pg_catalog.<) 3 AND NOT pg_catalog.starts_with(e, '.'))"
    " SELECT name FROM entries WHERE NOT isdir ORDER BY name COLLATE pg_catalog.\"C\"");

Query read_file("SELECT pg_catalog.encode(pg_catalog.pg_read_binary_file($1), 'hex')");

std::string from_hexadecimal(const std::string& text) {
  auto const digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  }
  return bytes;
}

std::vector<core::SourceFile> read_folder(const std::string& folder) {
  if (GetDatabaseEncoding() != PG_UTF8) {
    throw PgError(ERRCODE_FEATURE_NOT_SUPPORTED, "files can only be read into a database with encoding UTF8", {},
                  "Use tenancy.load_migration() from a client, which converts them.");
  }
  std::vector<core::SourceFile> files;
  for (const Row& row : list_files.run({folder})) {
    const std::string& name = row[0].value();
    if (!core::is_migration_file(name)) continue;
    files.push_back({name, from_hexadecimal(read_file.run({folder + "/" + name}).front().front().value())});
  }
  return files;
}

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_add_migration) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    core::Migration migration;
    migration.version = arguments.required_text(0, "version");
    migration.up.sql = arguments.required_text(1, "up_sql");
    migration.up.first_line = line_argument(arguments, 12, "up_line");
    if (Value const down = arguments.optional_text(2)) {
      migration.down = core::SqlSection{*down, line_argument(arguments, 13, "down_line")};
    }
    migration.description = arguments.optional_text(3).value_or("");
    migration.scope = core::parse_scope(arguments.required_text(4, "scope"));
    migration.set = arguments.required_text(5, "migration_set");
    migration.transactional = arguments.boolean(6, true);
    migration.repeatable = arguments.boolean(7, false);
    migration.allow_outside = arguments.boolean(8, false);
    migration.lock_timeout = duration_argument(arguments, 9, "lock_timeout");
    migration.statement_timeout = duration_argument(arguments, 10, "statement_timeout");
    migration.filename = arguments.optional_text(11).value_or("");
    migration.variables = core::parse_variable_syntax(arguments.required_text(14, "variables"));
    if (arguments.array(15)) migration.after = arguments.texts(15, "after");
    migration.branches = arguments.texts(16, "branches");
    migration.required = arguments.texts(17, "requires");
    migration.tool_checksum = arguments.optional_text(18).value_or("");
    return text_datum(to_string(store_migration(migration)));
  });
}

TENANCY_SQL_FUNCTION(tenancy_load_migration) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    core::ParsedFile const file = core::parse_migration_file(
        arguments.required_text(0, "filename"), arguments.required_text(1, "content"),
        file_defaults(arguments.optional_text(2), arguments.optional_text(3), arguments.optional_text(4)));
    bool const is_part = file.part == core::FilePart::down || file.part == core::FilePart::metadata;
    core::Migration const migration = is_part ? with_part(file) : keep_other_parts(file);
    ResultRows rows(fcinfo);
    add_row(rows, migration, store_migration(migration), file.migration.note);
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_load_directory) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    std::string const folder = arguments.required_text(0, "path");
    std::vector<core::SourceFile> const files = read_folder(folder);
    if (files.empty()) {
      throw PgError(ERRCODE_NO_DATA_FOUND, "no migration files in \"" + folder + "\"", {},
                    "Migration files are NNN_name.sql, NNN_name.up.sql, NNN_name/up.sql, or those of another tool.");
    }
    std::vector<std::string> passed_over;
    core::FileDefaults defaults =
        file_defaults(arguments.optional_text(1), arguments.optional_text(2), arguments.optional_text(3));
    defaults.sets_from_folders = arguments.boolean(4, false);
    std::vector<core::Migration> migrations = core::parse_migration_folder(files, defaults, &passed_over);
    ResultRows rows(fcinfo);
    for (core::Migration& migration : migrations) {
      // Old migrations are full of down SQL that nobody ever ran. It must not keep a team from moving in, and
      // must not run either: without it the migration is irreversible.
      std::optional<PgError> const broken = check_down(migration);
      if (broken) migration.down.reset();
      add_row(rows, migration, store_migration(migration),
              broken ? "stored as irreversible, its down SQL cannot run: " + broken->report().message : migration.note);
    }
    for (const std::string& file : passed_over) {
      rows.add({Cell(), Cell(), to_cell(file), std::string_view("passed over"),
                std::string_view("not a migration of this format, or one that is not needed here")});
    }
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_drop_migration) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    drop_migration(arguments.required_text(1, "migration_set"), arguments.required_text(0, "version"));
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_stored) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    for (const std::string& set : arguments.texts(0, "migration_sets")) {
      for (const core::StoredDigest& one : stored_digests(set)) {
        rows.add({to_cell(one.set), to_cell(one.version), to_cell(one.digest)});
      }
    }
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_check_variable_name) {
  return sql_entry([=] {
    core::check_variable_name(*Arguments(fcinfo).optional_text(0));
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_resolve_revision) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    std::string const word = arguments.required_text(0, "revision");
    core::Revision const revision = core::parse_revision(word);
    if (revision.is_relative()) {
      throw PgError(ERRCODE_INVALID_PARAMETER_VALUE,
                    "where revision " + word + " leads depends on what is applied in a target", {},
                    "Name a version, or a place that is the same for all targets.");
    }
    if (revision.kind == core::Revision::Kind::base) return text_datum("base");
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Store store(memory.get());
    core::MigrationSet const& set = store.set(arguments.required_text(1, "migration_set"));
    core::RevisionPlace const place = core::resolve_place(set, core::to_text(revision));
    return text_datum(place.version ? set[*place.version].version : "base");
  });
}

TENANCY_SQL_FUNCTION(tenancy_version_key) {
  return sql_entry([=] { return text_datum(core::version_key(*Arguments(fcinfo).optional_text(0))); });
}

}  // namespace tenancy
