// The settings of the extension (GUCs, all of them for any user to set).
//   tenancy.shared_schemas     'public'             the shared schemas; the first is the one that is migrated
//   tenancy.tracking_table     'schema_migrations'  name of the tracking table in each target
//   tenancy.out_of_order       refuse | apply | skip
//   tenancy.run_as             auto | caller | owner
//   tenancy.lock_timeout       2s                   for each lock wait of a migration; 0 waits for ever
//   tenancy.statement_timeout  0                    for each statement of a migration; 0 is no limit
//   tenancy.concurrency        4                    background workers of a fleet operation; 0 is none
//   tenancy.asynchronous_commit on                  a fleet operation waits for the disk once, at its end
//   tenancy.max_attempts       5                    of a target of a fleet that is busy (locks, deadlocks)
//   tenancy.retry_delay        200ms                before its second attempt; later ones wait longer
//   tenancy.variables          ''                   values for a call: a JSON object
//   tenancy.run_retention      30d                  how long finished runs stay in tenancy.runs; 0 keeps them
#pragma once

#include "extension/guard.h"

#include "core/plan.h"
#include "core/retry.h"
#include "core/variables.h"

namespace tenancy {

enum class RunAs { automatic, caller, owner };

/// The settings in force, read once for an operation.
struct Settings {
  std::vector<std::string> shared_schemas;  ///< never empty
  std::string tracking_table;
  core::OutOfOrder out_of_order;
  RunAs run_as;
  std::chrono::milliseconds lock_timeout;
  std::chrono::milliseconds statement_timeout;
  int concurrency;
  core::RetryPolicy retry;
  bool asynchronous_commit;
};

/// Called once, when the library is loaded. ereports.
void define_settings();

/// Throws PgError.
[[nodiscard]] Settings current_settings();

/// Those of the setting tenancy.variables. Throws PgError.
[[nodiscard]] core::VariableMap current_variables();

/// "auto", "caller" or "owner"; throws PgError.
[[nodiscard]] RunAs parse_run_as(std::string_view text);

}  // namespace tenancy
