// Where every tenant stands, read from the targets themselves.
#pragma once

#include "extension/fleet_targets.h"
#include "extension/target_status.h"

namespace tenancy {

struct TenantStatus : TargetStatus {
  Value tenant;  ///< NULL: the shared schema
  std::string isolation;
  std::string schema;
  Value status;
  Value tier;
  std::string migration_set;
  Value server;    ///< NULL: this cluster
  Value database;  ///< NULL: this database
};

/// The shared schema first, then a row per tenant that the filter selects. Throws PgError.
void report_status(const TenantFilter& filter, MemoryContext context,
                   const std::function<void(const TenantStatus&)>& report);

}  // namespace tenancy
