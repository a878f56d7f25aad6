#include "core/target_sql.h"

#include <algorithm>

#include "core/target_lock.h"
#include "core/text_array.h"
#include "core/tool_history.h"
#include "core/tracking_sql.h"

namespace tenancy::core {

namespace {

constexpr std::string_view kMark = "#tenancy#";
constexpr std::string_view kOwnPath = "pg_catalog, pg_temp";

std::string tracking_name(const TargetPlace& place) {
  return quote_identifier(place.schema) + "." + quote_identifier(place.tracking_table);
}

std::string milliseconds(std::chrono::milliseconds time) { return std::to_string(time.count()); }

/// count, those applied, and the newest: what every change of the rows by another runner changes.
std::string state_of(std::span<const AppliedMigration> applied) {
  std::int64_t newest = 0;
  std::size_t settled = 0;
  for (const AppliedMigration& row : applied) {
    newest = std::max(newest, row.applied_at);
    if (!row.in_doubt) ++settled;
  }
  return std::to_string(applied.size()) + " " + std::to_string(settled) + " " + std::to_string(newest);
}

constexpr std::string_view kMicroseconds = "(extract(epoch FROM applied_at) * 1000000)::int8";

/// Seconds since migration_settings().
constexpr std::string_view kElapsed =
    "(extract(epoch FROM clock_timestamp()) - current_setting('tenancy_driver.began')::numeric)";

/// Is the row of a catalogue with this xmin this transaction's, or a subtransaction's of it? What is visible here and
/// not committed can be no other's.
std::string is_ours(std::string_view row) {
  const std::string age = "age(" + std::string(row) + ".xmin)";
  return "(" + age + " <= 0 AND pg_xact_status((pg_current_xact_id()::text::int8 - " + age +
         ")::text::xid8) = 'in progress')";
}

/// Schemas that no migration is confined to or kept from: of temporary tables and of TOAST tables.
constexpr std::string_view kNowhere =
    "('pg_toast'::regnamespace::oid, pg_my_temp_schema(), coalesce(to_regnamespace('pg_toast_temp_' || "
    "substr((SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()), 9))::oid, 0))";

/// The first object that a migration made or altered outside of schema $1. Tables and their kin: by the locks that are
/// held on them to the end of the transaction, wherever they are. All else: in the shared schemas, where names
/// that a stray search_path leads astray mean.
std::string escape_finding(const std::string& shared_schemas) {
  const std::string made =
      "EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid "
      "AND d.objsubid = 0 AND " +
      is_ours("d") + ")";
  return "(SELECT 'escape#' || did || ' ' || o.type || ' ' || o.identity FROM ("
         "SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, CASE WHEN " +
         made +
         " THEN 'creates' ELSE 'alters' END AS did"
         " FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
         " WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'"
         " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
         " AND c.relnamespace <> $1::oid AND c.relnamespace NOT IN " +
         std::string(kNowhere) + " AND " + is_ours("c") +
         " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND "
         "e.deptype = 'e')"
         " UNION ALL SELECT d.classid, d.objid, 'creates' FROM pg_depend d"
         " WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ANY (SELECT oid FROM pg_namespace WHERE "
         "nspname = ANY (" +
         shared_schemas + ")) AND d.deptype = 'n' AND d.classid <> 'pg_extension'::regclass AND " + is_ours("d") +
         " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = "
         "'e')) AS found, pg_identify_object(classid, objid, 0) AS o ORDER BY objid LIMIT 1)";
}

std::string extension_finding() {
  return "(SELECT 'extension#' || extname FROM pg_extension e WHERE extnamespace = $1::oid AND " + is_ours("e") +
         " LIMIT 1)";
}

/// The first eight columns are ours, and it is a table.
std::string shape_finding(std::string_view oid) {
  std::string shape;
  for (const TrackingColumn& column : kTrackingColumns) {
    if (!shape.empty()) shape += ',';
    shape += std::string(column.name) + " " + std::string(column.type.substr(0, column.type.find('(')));
  }
  return "CASE WHEN (SELECT relkind FROM pg_class WHERE oid = " + std::string(oid) +
         ") <> 'r' OR (SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ',' ORDER BY attnum) FROM "
         "pg_attribute WHERE attrelid = " +
         std::string(oid) + " AND attnum BETWEEN 1 AND " + std::to_string(kTrackingColumns.size()) +
         " AND NOT attisdropped) IS DISTINCT FROM '" + shape +
         "' THEN 'foreign#' || coalesce((SELECT string_agg(attname::text, ',' ORDER BY attnum) FROM pg_attribute WHERE "
         "attrelid = " +
         std::string(oid) + " AND attnum > 0 AND NOT attisdropped), '') END";
}

/// Anything that would run when a row is read or written.
std::string own_code_finding(std::string_view oid) {
  const std::string table(oid);
  return "CASE WHEN EXISTS (SELECT FROM pg_class WHERE oid = " + table +
         " AND relrowsecurity) OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = " + table +
         ") OR EXISTS (SELECT FROM pg_attrdef WHERE adrelid = " + table +
         ") OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = " + table +
         " AND contype NOT IN ('p', 'u', 'n')) OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = " + table +
         ") OR EXISTS (SELECT FROM pg_index WHERE indrelid = " + table +
         " AND (indexprs IS NOT NULL OR indpred IS NOT NULL OR indisexclusion)) THEN 'own_code#' END";
}

/// The role that the migrations of the schema $1 have when it is not the caller's, as a query of one value.
std::string role_expression(const TargetPlace& place) {
  switch (place.role) {
    case TargetRole::caller:
      return "NULL::name";
    case TargetRole::owner:
      return "CASE WHEN o.rolname <> current_user THEN o.rolname END";
    case TargetRole::automatic:
      break;
  }
  return "CASE WHEN c.rolsuper AND NOT o.rolsuper THEN o.rolname END";
}

/// Schema $1, its owner o (of the database behind pg_database_owner) and the caller c.
constexpr std::string_view kSchemaAndRoles =
    " FROM pg_namespace n JOIN pg_roles s ON s.oid = n.nspowner"
    " JOIN pg_roles o ON o.oid = CASE WHEN s.rolname = 'pg_database_owner'"
    " THEN (SELECT datdba FROM pg_database WHERE datname = current_database()) ELSE s.oid END"
    " JOIN pg_roles c ON c.rolname = current_user WHERE n.nspname = $1::name";

}  // namespace

std::optional<Finding> finding_in(std::string_view message) {
  const std::size_t mark = message.find(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string_view rest = message.substr(mark + kMark.size());
  const std::size_t code_end = rest.find('#');
  const std::size_t text_end = rest.rfind('#');
  if (code_end == std::string_view::npos || text_end <= code_end) return std::nullopt;
  return Finding{std::string(rest.substr(0, code_end)),
                 std::string(rest.substr(code_end + 1, text_end - code_end - 1))};
}

/// The cast to int4 fails on the text, and the message of that failure holds it in every language.
std::string raise(std::string_view finding) {
  return "SELECT CASE WHEN f IS NOT NULL THEN ('" + std::string(kMark) + "' || f || '#')::int4 END FROM (SELECT " +
         std::string(finding) + " OFFSET 0) AS finding (f)";
}

TargetStatement begin_statement() { return {"BEGIN ISOLATION LEVEL READ COMMITTED"}; }

TargetStatement own_settings(std::chrono::milliseconds lock_timeout) {
  return {"SELECT pg_catalog.set_config('search_path', '" + std::string(kOwnPath) +
              "', true), pg_catalog.set_config('lock_timeout', $1, true)",
          {milliseconds(lock_timeout)},
          true};
}

TargetStatement read_facts(const TargetPlace& place) {
  const char* const right = place.server_version >= 160000 ? "'SET'" : "'MEMBER'";
  // A letter that is in no name of a column that tools have stands between the names.
  return {"SELECT n.oid, o.rolname, current_user, " + role_expression(place) + ", pg_has_role(o.oid, " + right +
              "), current_database(), to_char(now(), 'YYYY-MM-DD HH24:MI:SS'), CASE WHEN NOT EXISTS (SELECT FROM "
              "pg_class WHERE relnamespace = n.oid AND relname = $2::name) THEN "
              "(SELECT array_agg(t.relname || '/' || (SELECT string_agg(attname, '/' ORDER BY attnum) FROM "
              "pg_attribute WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped) ORDER BY t.relname) FROM "
              "pg_class t WHERE t.relnamespace = n.oid AND t.relkind = 'r' AND t.relname = ANY ($3::name[])) END, "
              "pg_backend_pid(), to_regnamespace('tenancy') IS NOT NULL" +
              std::string(kSchemaAndRoles),
          {place.schema, place.tracking_table, text_array(history_tables())},
          true};
}

std::vector<NamedTable> parse_tool_tables(std::string_view text) {
  std::vector<NamedTable> tables;
  if (text.empty()) return tables;
  for (const std::string& element : parse_text_array(text)) {
    NamedTable& table = tables.emplace_back();
    for (std::size_t begin = 0; begin <= element.size();) {
      const std::size_t end = std::min(element.find('/', begin), element.size());
      std::string name = element.substr(begin, end - begin);
      if (begin == 0) {
        table.name = std::move(name);
      } else {
        table.columns.push_back(std::move(name));
      }
      begin = end + 1;
    }
  }
  return tables;
}

TargetStatement take_role(const TargetPlace& place) {
  return {"SELECT set_config('role', r, true) FROM (SELECT " + role_expression(place) + std::string(kSchemaAndRoles) +
              ") AS role (r) WHERE r IS NOT NULL",
          {place.schema},
          true};
}

TargetStatement take_named_role(std::string_view role) {
  return {"SELECT set_config('role', $1, true)", {std::string(role)}};
}

TargetStatement set_session_role(std::string_view role) {
  return {"SELECT pg_catalog.set_config('role', $1, false)", {std::string(role)}};
}

TargetStatement lock_tracking(const TargetPlace& place, bool to_write) {
  return {"LOCK TABLE ONLY " + tracking_name(place) + " IN " + (to_write ? "ROW EXCLUSIVE" : "ACCESS SHARE") + " MODE"};
}

TargetStatement check_tracking(const TargetPlace& place) {
  const std::string table = "to_regclass($1)";
  return {
      raise("coalesce(" + shape_finding(table) + ", " + own_code_finding(table) + ")"), {tracking_name(place)}, true};
}

TargetStatement read_applied(const TargetPlace& place) {
  return {"SELECT version, checksum, state <> 'applied', " + std::string(kMicroseconds) + " FROM ONLY " +
              tracking_name(place) + " WHERE migration_set = $1",
          {place.migration_set}};
}

TargetStatement lock_target(std::uint32_t schema) {
  return {"SELECT pg_advisory_xact_lock(" + std::to_string(kLockClass) + ", " + std::to_string(lock_key(schema)) + ")"};
}

TargetStatement lock_target_by_name(const TargetPlace& place) {
  // An oid has no sign, and an integer has one.
  return {"SELECT pg_advisory_xact_lock(" + std::to_string(kLockClass) +
              ", (oid::int8 - CASE WHEN oid::int8 > 2147483647 THEN 4294967296 ELSE 0 END)::int4)"
              " FROM pg_namespace WHERE nspname = $1::name",
          {place.schema}};
}

TargetStatement check_schema(const TargetPlace& place, std::uint32_t schema) {
  return {raise("CASE WHEN NOT EXISTS (SELECT FROM pg_namespace WHERE oid = $1::oid AND nspname = $2::name) THEN "
                "'moved#' END"),
          {std::to_string(schema), place.schema},
          true};
}

TargetStatement check_applied(const TargetPlace& place, std::span<const AppliedMigration> applied) {
  return {raise("CASE WHEN (SELECT count(*) || ' ' || count(*) FILTER (WHERE state = 'applied') || ' ' || "
                "coalesce(max(" +
                std::string(kMicroseconds) + "), 0) FROM ONLY " + tracking_name(place) +
                " WHERE migration_set = $1) <> $2 THEN 'changed#' END"),
          {place.migration_set, state_of(applied)}};
}

TargetStatement check_unoccupied(std::uint32_t schema) {
  return {raise("CASE WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM "
                "pg_database WHERE datname = current_database()) AND classid = $1::oid AND objid = $2::oid AND "
                "objsubid = 2 AND granted AND pid <> pg_backend_pid()) THEN 'occupied#' END"),
          {std::to_string(kOutsideLockClass), std::to_string(schema)},
          true};
}

namespace {

/// Whatever stands in a schema depends on it, or on something else in it.
constexpr std::string_view kIsEmpty =
    "NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = $1::oid AND NOT "
    "(classid = 'pg_class'::regclass AND objid IS NOT DISTINCT FROM to_regclass($2)))";

}  // namespace

TargetStatement check_empty(const TargetPlace& place, std::uint32_t schema) {
  return {raise("CASE WHEN NOT (" + std::string(kIsEmpty) + ") THEN 'in_use#' END"),
          {std::to_string(schema), tracking_name(place)}};
}

TargetStatement read_empty(const TargetPlace& place, std::uint32_t schema) {
  return {"SELECT " + std::string(kIsEmpty), {std::to_string(schema), tracking_name(place)}};
}

TargetStatement create_tracking(const TargetPlace& place) {
  return {create_tracking_table_sql(place.schema, place.tracking_table)};
}

TargetStatement migration_settings(const TargetPlace& place, const MigrationSettings& settings, bool local) {
  std::string path = quote_identifier(place.schema) + ", ";
  for (const std::string& shared : place.shared_schemas) {
    if (shared != place.schema) path += quote_identifier(shared) + ", ";
  }
  const std::string scope = local ? "true" : "false";
  const auto set = [&](const std::string& name, const std::string& value) {
    return "pg_catalog.set_config('" + name + "', " + value + ", " + scope + ")";
  };
  // pg_temp last: a temporary table must not hide the tenant's. Warnings are heard already where notices are not.
  return {"SELECT " + set("search_path", "$1") + ", " + set("lock_timeout", "$2") + ", " +
              set("statement_timeout", "$3") + ", " + set("standard_conforming_strings", "'on'") +
              ", CASE WHEN pg_catalog.current_setting('client_min_messages') NOT IN ('warning', 'error') THEN " +
              set("client_min_messages", "'warning'") + " END, " +
              set("tenancy_driver.began", "extract(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.text"),
          {path + "pg_temp", milliseconds(settings.lock_timeout), milliseconds(settings.statement_timeout)},
          true};
}

TargetStatement check_migration(const TargetPlace& place, std::uint32_t schema) {
  return {raise("CASE WHEN NOT EXISTS (SELECT FROM pg_namespace WHERE oid = $1::oid AND nspname = $2::name) THEN "
                "'renames#' WHEN to_regclass($3) IS NULL OR " +
                shape_finding("to_regclass($3)") + " IS NOT NULL THEN 'tracking#' END"),
          {std::to_string(schema), place.schema, tracking_name(place)},
          true};
}

TargetStatement check_escapes(const TargetPlace& place, std::uint32_t schema) {
  std::vector<std::string> shared = place.shared_schemas;
  std::erase(shared, place.schema);
  return {raise("coalesce(" + escape_finding("$2::text[]") + ", " + extension_finding() + ")"),
          {std::to_string(schema), text_array(shared)},
          true};
}

TargetStatement leave_path() {
  return {
      "SELECT pg_catalog.set_config('tenancy_driver.path', pg_catalog.current_setting('search_path'), true), "
      "pg_catalog.set_config('search_path', '" +
      std::string(kOwnPath) + "', true)"};
}

TargetStatement return_to_path() {
  return {"SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenancy_driver.path'), true)"};
}

TargetStatement check_rows(const TargetPlace& place, std::size_t rows) {
  return {raise("CASE WHEN (SELECT count(*) FROM ONLY " + tracking_name(place) +
                " WHERE migration_set = $1) <> $2::int8 THEN 'rows#' END"),
          {place.migration_set, std::to_string(rows)}};
}

namespace {

constexpr std::string_view kRowColumns =
    " (migration_set, version, description, checksum, state, applied_at, applied_by, duration) VALUES ($1, $2, $3, "
    "$4, ";

TargetStatement insert_sql(const TargetPlace& place, const StoredMigration& migration, std::string_view rest) {
  return {"INSERT INTO " + tracking_name(place) + std::string(kRowColumns) + std::string(rest),
          {place.migration_set, migration.version, std::string(tracked_description(migration.description)),
           migration.checksum}};
}

}  // namespace

TargetStatement insert_row(const TargetPlace& place, const StoredMigration& migration) {
  return insert_sql(place, migration,
                    "'applied', clock_timestamp(), current_user, make_interval(secs => " + std::string(kElapsed) +
                        "::float8)) RETURNING (extract(epoch FROM duration) * 1000000)::int8");
}

TargetStatement insert_running(const TargetPlace& place, const StoredMigration& migration) {
  return insert_sql(place, migration, "'running', clock_timestamp(), current_user, '0')");
}

TargetStatement set_running(const TargetPlace& place, std::string_view version, bool running) {
  return {"UPDATE ONLY " + tracking_name(place) + " SET state = $3 WHERE migration_set = $1 AND version = $2",
          {place.migration_set, std::string(version), running ? "running" : "applied"}};
}

TargetStatement delete_row(const TargetPlace& place, std::string_view version) {
  return {"WITH gone AS (DELETE FROM ONLY " + tracking_name(place) +
              " WHERE migration_set = $1 AND version = $2) SELECT (" + std::string(kElapsed) + " * 1000000)::int8",
          {place.migration_set, std::string(version)}};
}

TargetStatement elapsed() { return {"SELECT (" + std::string(kElapsed) + " * 1000000)::int8"}; }

std::vector<TargetStatement> reset_migration() {
  // Behind a pooler the encoding that we speak is a setting of the session as any other.
  return {{"RESET SESSION AUTHORIZATION"},
          {"RESET ROLE"},
          {"RESET ALL"},
          {"SET client_encoding = 'UTF8'"},
          {"DISCARD TEMP"}};
}

std::vector<TargetStatement> reset_session() {
  return {{"CLOSE ALL"}, {"UNLISTEN *"}, {"DISCARD SEQUENCES"}, {"SELECT pg_catalog.pg_advisory_unlock_all()"}};
}

TargetStatement do_not_wait_at_commit() {
  return {
      "SELECT pg_catalog.current_setting('synchronous_commit'),"
      "       pg_catalog.set_config('synchronous_commit', 'off', true)"};
}

std::vector<TargetStatement> reset_plans() { return {{"DEALLOCATE ALL"}, {"DISCARD PLANS"}}; }

}  // namespace tenancy::core
