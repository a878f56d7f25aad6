// The rows of tenancy.run_targets, written directly, without the SQL layer: a run writes two for each of its targets.
//
// Rights are checked as SQL would, as the current user; triggers and constraints of the table are passed by.
#pragma once

#include "extension/outcome.h"
#include "extension/wire.h"

namespace tenancy {

/// A row when its run begins. What is empty is NULL, but for the wave.
struct RunTargetRow {
  std::uint32_t ordinal = 0;
  std::string wave, tenant, database, schema, set, kind, held_at;
  std::vector<std::string> versions_wanted;
  std::string from;
  std::string sqlstate, error, detail, hint;  ///< it failed before anything was tried

  void encode(WireWriter& writer) const;
  static RunTargetRow decode(WireReader& reader);
};

/// Throws PgError.
void insert_run_targets(std::int64_t run, std::span<const RunTargetRow> rows);

/// Records how far a target came: pending (more to do), retrying, done or failed. What it came to before is added to.
/// Sees what is committed now, whatever the transaction's snapshot. Throws PgError.
void record_outcome(std::int64_t run, std::uint32_t ordinal, const Outcome& outcome);

}  // namespace tenancy
