// Where the SQL for a target is about.
#pragma once

#include "core/target_sql.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

[[nodiscard]] core::TargetPlace place_of(const Request& request, const Target& target, int server_version);

}  // namespace tenancy::driver
