// The SQL that migrates one target without the extension in its database: the same locks, settings, checks and tracking
// rows, by plain statements over any connection.
//
// A target takes one transaction to look (begin, settings, role, facts, lock, shape, rows, end) and, if there is
// something to do, one to act; each is a list of statements that go to the server together. A statement in the list
// that finds something wrong raises an error, so that those behind it are not run: see finding_in().
//
// What plain SQL cannot do as the extension does: watch what is dropped or truncated outside of the schema, and put
// what a tenant planted (triggers, expressions of indexes) into a security-restricted operation. Roles that own
// tenants' schemas and are not trusted need the extension, or migrations that run as a caller without rights of others.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"

namespace tenancy::core {

/// With parameters $1, … as text; nothing is NULL.
struct TargetStatement {
  std::string sql;
  std::vector<std::optional<std::string>> parameters{};
  bool is_kept = false;  ///< the text is the same for all targets: a session of our own plans it once
};

/// Whose rights migrations have: see tenancy.run_as.
enum class TargetRole {
  automatic,  ///< the schema's owner when the caller is a superuser and the owner is not; else the caller
  caller,
  owner,
};

/// Where the SQL is about.
struct TargetPlace {
  std::string schema;
  std::string tracking_table;
  std::string migration_set;
  std::vector<std::string> shared_schemas{};  ///< behind the schema in search_path
  TargetRole role = TargetRole::automatic;
  int server_version = 0;  ///< 150004
};

/// What a statement of ours found wrong and raised.
struct Finding {
  std::string code;  ///< one of kFinding…
  std::string text;  ///< more about it, maybe empty
};
inline constexpr std::string_view kFindingForeign =
    "foreign";  ///< no tracking table of ours; its columns, a comma between them
inline constexpr std::string_view kFindingOwnCode = "own_code";     ///< it would run code of its owner
inline constexpr std::string_view kFindingMoved = "moved";          ///< the schema was dropped or renamed
inline constexpr std::string_view kFindingChanged = "changed";      ///< the rows are not those that the plan is made of
inline constexpr std::string_view kFindingOccupied = "occupied";    ///< a non-transactional migration is running there
inline constexpr std::string_view kFindingInUse = "in_use";         ///< the schema is no longer empty
inline constexpr std::string_view kFindingRenames = "renames";      ///< a migration renames or drops its schema
inline constexpr std::string_view kFindingRows = "rows";            ///< a migration changes rows of the tracking table
inline constexpr std::string_view kFindingTracking = "tracking";    ///< a migration alters or drops that table
inline constexpr std::string_view kFindingEscape = "escape";        ///< "creates table public.users"
inline constexpr std::string_view kFindingExtension = "extension";  ///< the name of one installed in the schema
inline constexpr std::string_view kFindingToolTable = "tool_table";    ///< another tool's is no plain table; in words
inline constexpr std::string_view kFindingToolColumn = "tool_column";  ///< it lacks a column; in words
inline constexpr std::string_view kFindingToolType = "tool_type";  ///< a column has a type of somebody's own; in words
inline constexpr std::string_view kFindingToolDiffers = "tool_differs";  ///< it has gone on by itself: what it has

/// What the message of an error of SQLSTATE 22P02 says in the words of a finding, whatever the language.
[[nodiscard]] std::optional<Finding> finding_in(std::string_view message);

/// A query that raises what the expression `finding`, "code#text", yields, and does nothing where that is NULL.
[[nodiscard]] std::string raise(std::string_view finding);

// To look. All but the first two need the search_path that own_settings() sets.

[[nodiscard]] TargetStatement begin_statement();
/// The search_path of our own statements, and a limit for lock waits; locally.
[[nodiscard]] TargetStatement own_settings(std::chrono::milliseconds lock_timeout);

/// One row, or none when there is no such schema. Columns, in order: see the enumeration.
[[nodiscard]] TargetStatement read_facts(const TargetPlace& place);
enum FactColumn : std::size_t {
  kFactSchema,
  kFactOwner,
  kFactCaller,
  kFactRole,
  kFactMayBeOwner,
  kFactDatabase,
  kFactTime,
  kFactToolTables,
  kFactBackend,
  kFactExtensionSchema,
};

/// A table with the name of one in which another tool records things.
struct NamedTable {
  std::string name;
  std::vector<std::string> columns;
};
/// What kFactToolTables has: those in the schema, where there is no tracking table; else it is NULL.
[[nodiscard]] std::vector<NamedTable> parse_tool_tables(std::string_view text);

/// Takes the target's role, locally, when it is not the caller's.
[[nodiscard]] TargetStatement take_role(const TargetPlace& place);
/// The same by the name that the facts tell.
[[nodiscard]] TargetStatement take_named_role(std::string_view role);
/// The same for the session, whatever its search_path.
[[nodiscard]] TargetStatement set_session_role(std::string_view role);
/// Keeps the table as it is; SQLSTATE 42P01 when there is none.
[[nodiscard]] TargetStatement lock_tracking(const TargetPlace& place, bool to_write);
/// Raises foreign or own_code.
[[nodiscard]] TargetStatement check_tracking(const TargetPlace& place);
/// Rows of version, checksum, whether it is in doubt, and applied_at in microseconds.
[[nodiscard]] TargetStatement read_applied(const TargetPlace& place);

// To act.

/// Waits for the target's lock.
[[nodiscard]] TargetStatement lock_target(std::uint32_t schema);
[[nodiscard]] TargetStatement lock_target_by_name(const TargetPlace& place);
/// Raises moved.
[[nodiscard]] TargetStatement check_schema(const TargetPlace& place, std::uint32_t schema);
/// Raises changed when the rows of the set are others than these.
[[nodiscard]] TargetStatement check_applied(const TargetPlace& place, std::span<const AppliedMigration> applied);
/// Raises occupied when another session is running a non-transactional migration there.
[[nodiscard]] TargetStatement check_unoccupied(std::uint32_t schema);
/// Raises in_use when there is anything in the schema but its tracking table.
[[nodiscard]] TargetStatement check_empty(const TargetPlace& place, std::uint32_t schema);
/// One row: whether there is nothing but the tracking table.
[[nodiscard]] TargetStatement read_empty(const TargetPlace& place, std::uint32_t schema);
[[nodiscard]] TargetStatement create_tracking(const TargetPlace& place);

/// What a migration runs with; notes when it began.
struct MigrationSettings {
  std::chrono::milliseconds lock_timeout{0};
  std::chrono::milliseconds statement_timeout{0};
};
/// `local`: to the end of the transaction, else of the session.
[[nodiscard]] TargetStatement migration_settings(const TargetPlace& place, const MigrationSettings& settings,
                                                 bool local);

/// Raises renames or tracking.
[[nodiscard]] TargetStatement check_migration(const TargetPlace& place, std::uint32_t schema);
/// Raises escape or extension, for a migration that is confined to the schema.
[[nodiscard]] TargetStatement check_escapes(const TargetPlace& place, std::uint32_t schema);
/// Around a check between the statements of a migration, which have their own search_path.
[[nodiscard]] TargetStatement leave_path();
[[nodiscard]] TargetStatement return_to_path();
/// Raises rows when there are not so many of the set: a migration that wrote data could have written there.
[[nodiscard]] TargetStatement check_rows(const TargetPlace& place, std::size_t rows);

/// The row 'applied', with the time since migration_settings(); returns that time in microseconds.
[[nodiscard]] TargetStatement insert_row(const TargetPlace& place, const StoredMigration& migration);
/// The row 'running'.
[[nodiscard]] TargetStatement insert_running(const TargetPlace& place, const StoredMigration& migration);
[[nodiscard]] TargetStatement set_running(const TargetPlace& place, std::string_view version, bool running);
/// Takes the row away; returns the time since migration_settings() in microseconds.
[[nodiscard]] TargetStatement delete_row(const TargetPlace& place, std::string_view version);

/// The time since migration_settings() in microseconds.
[[nodiscard]] TargetStatement elapsed();

/// Gives back the role and every setting that a migration has changed, and drops its temporary tables. Behind it
/// own_settings() is needed again.
[[nodiscard]] std::vector<TargetStatement> reset_migration();
/// What else could be left in the session, but prepared statements. All of it may stand inside a transaction, so
/// nothing of it is seen behind a pooler of transactions.
[[nodiscard]] std::vector<TargetStatement> reset_session();
/// Prepared statements; the same holds for them.
[[nodiscard]] std::vector<TargetStatement> reset_plans();

/// Behind reset_migration(): COMMIT waits for nothing. Returns what it would have waited for, as synchronous_commit
/// names it: that is for a later commit to wait for.
[[nodiscard]] TargetStatement do_not_wait_at_commit();

}  // namespace tenancy::core
