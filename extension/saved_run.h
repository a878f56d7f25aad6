// Runs that were recorded before, as the plans of runs to come.
#pragma once

#include "extension/fleet_run.h"

namespace tenancy {

/// A paused run whose session is alive goes on by itself: true when it was one. Throws PgError when there is no such
/// run.
bool wake_paused_run(std::int64_t run);

enum class RetryFailed { no, yes };

/// What is left of a run: its targets that are pending, with those that failed if asked for, in the order of then. A
/// shared schema that failed is always among them: the tenants need it. Tenants that are pinned now are held back; who
/// is no longer registered in that place is left alone, and fails. `run_as` is the recorded one when it is nothing.
/// Throws PgError when nothing is left, and for what a record must not make its reader do.
[[nodiscard]] RunPlan plan_resumption(Migrator& migrator, std::int64_t run, RetryFailed retry_failed,
                                      const Value& run_as);

/// Takes back what a run applied, tenants first. Unless irreversible steps are to be skipped, with their targets, the
/// run does not begin when there is one, nor when a tenant is no longer registered. Throws PgError, also while the run
/// goes on.
[[nodiscard]] RunPlan plan_rollback_run(Migrator& migrator, std::int64_t run, bool skip_irreversible,
                                        const Value& run_as);

}  // namespace tenancy
