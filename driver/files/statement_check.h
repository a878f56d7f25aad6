// Statements that no migration may hold, as far as that can be told without a server.
#pragma once

#include <vector>

#include "driver/files/migration_files.h"

namespace tenancy::driver {

/// Adds an error for each such statement of up SQL, and a warning for one of down SQL: transaction control, COPY from
/// the client, commands of psql, what a transaction or a tenant's schema cannot have.
void check_statements(const MigrationFolder& folder, const std::vector<core::Migration>& migrations,
                      std::vector<Finding>& findings);

}  // namespace tenancy::driver
