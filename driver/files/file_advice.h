// What may be said of migrations that are no errors.
#pragma once

#include <vector>

#include "driver/files/migration_files.h"

namespace tenancy::driver {

/// Adds warnings: numbers that are left out, numbers and timestamps in one set, migrations that cannot be taken back.
/// `migrations` are those of the folder, in their order.
void advise(const MigrationFolder& folder, const std::vector<core::Migration>& migrations,
            std::vector<Finding>& findings);

}  // namespace tenancy::driver
