// Where every tenant stands, read from the targets themselves.
#pragma once

#include "extension/fleet_targets.h"

namespace tenancy {

struct TenantStatus {
  Value tenant;  ///< NULL: the shared schema
  std::string isolation;
  std::string schema;
  Value status;
  Value tier;
  std::string migration_set;
  Value revision;  ///< NULL: not known
  Value head;      ///< NULL: the set has no migration for it
  std::optional<std::size_t> pending;
  /// current, pinned, behind, diverged, in doubt, running, missing, foreign, denied, locked, elsewhere
  std::string state;
  TimestampTz last_applied_at = 0;  ///< 0: never
  Value detail;
};

/// The shared schema first, then a row per tenant that the filter selects. Throws PgError.
void report_status(const TenantFilter& filter, MemoryContext context,
                   const std::function<void(const TenantStatus&)>& report);

}  // namespace tenancy
