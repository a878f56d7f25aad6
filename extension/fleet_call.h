// What the SQL calls on the fleet have in common.
#pragma once

#include "extension/fleet_run.h"
#include "extension/sql_call.h"

namespace tenancy {

/// Arguments from `first` on: pattern, tier, labels, statuses, migration_set.
[[nodiscard]] TenantFilter filter_arguments(const Arguments& arguments, int first);

/// What is asked of every target. Throws PgError.
[[nodiscard]] Request make_request(core::Direction direction, const std::string& revision, const Value& run_as);

/// The number of background workers: what is given, or the setting. Throws PgError.
[[nodiscard]] int concurrency_or_default(std::optional<int> given);

/// A word in the filter that no tenant has must not look like success.
void warn_about_nobody(const TenantFilter& filter, const std::vector<FleetTarget>& targets);

/// The filter as jsonb, for the record of the run.
[[nodiscard]] Value recorded_filter(const TenantFilter& filter);

}  // namespace tenancy
