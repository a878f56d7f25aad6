// The tracking table of one target: read and written directly, without the SQL layer.
//
// A status or an upgrade of 10,000 targets reads 10,000 such tables; by direct scans that takes about 25 µs
// each. Nothing that a tenant put on its table may run with the rights or in the session of whoever migrates it:
// triggers, rules and policies are passed by, and a table with CHECK constraints, generated columns or indexes on
// expressions is refused. Rights are checked as SQL would: SELECT to read, INSERT and DELETE to write, as the current
// user.
#pragma once

#include "extension/guard.h"

#include "core/plan.h"

namespace tenancy {

/// What stands under the tracking table's name in a schema.
enum class TrackingShape {
  missing,  ///< nothing
  ours,
  foreign,  ///< a table of another tool, or no table
  denied,   ///< the current user may not read it
  locked,   ///< another session keeps readers out
};

/// What to do when another session keeps readers out.
enum class WhenLocked { wait, tell };

struct Tracking {
  TrackingShape shape = TrackingShape::missing;
  Oid relation = InvalidOid;                    ///< of the table, unless missing
  std::vector<core::AppliedMigration> applied;  ///< of one set, in no order
  TimestampTz last_applied_at = 0;              ///< 0: none
};

/// Reads the rows of `set` that are committed now (or of this transaction), whatever the isolation level.
/// Takes no lock that outlives the call. Throws PgError only for what is wrong beyond this table.
[[nodiscard]] Tracking read_tracking(Oid schema, const std::string& table, const std::string& set,
                                     WhenLocked when_locked);

/// A row as it stands in the table.
struct HistoryRow {
  std::string set, version, description, checksum, state, applied_by;
  TimestampTz applied_at = 0;
  std::chrono::microseconds duration{0};
};

/// Adds the rows of all sets, in no order, when the table is ours; returns what it is.
[[nodiscard]] TrackingShape read_history(Oid schema, const std::string& table, std::vector<HistoryRow>& rows);

/// `running`: a non-transactional migration, on its way up or down.
enum class TrackingState { applied, running };

/// One row to be written.
struct TrackingRow {
  std::string_view set;
  std::string_view version;
  std::string_view description;
  std::string_view checksum;
  std::chrono::microseconds duration{0};
  TrackingState state = TrackingState::applied;
  TimestampTz applied_at = 0;  ///< 0: now
};

/// Makes the table in the schema, owned by the current user. Throws PgError.
[[nodiscard]] Oid create_tracking_table(const std::string& schema, const std::string& table);

/// All need an active snapshot. They throw PgError, also when the table has changed its shape since it was read.
void insert_tracking_row(Oid relation, const TrackingRow& row);
/// Returns how many rows it deleted: there may be several where the primary key was taken away.
std::size_t delete_tracking_rows(Oid relation, std::string_view set, std::string_view version);
/// Changes the state of such rows and nothing else.
void set_tracking_state(Oid relation, std::string_view set, std::string_view version, TrackingState state);

/// The error for a table of another tool's shape, with the setting to use; it names the tool where the columns say
/// which it is. It does not name the schema.
[[nodiscard]] PgError foreign_tracking_table(Oid relation, const std::string& table);

}  // namespace tenancy
