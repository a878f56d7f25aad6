// The call by which the database carries a fleet operation out itself.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "driver/connection/connection.h"
#include "driver/fleet/selection.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

struct InDatabaseOptions {
  std::optional<std::size_t> workers{};       ///< else as tenancy.concurrency says
  std::optional<std::string> max_failures{};  ///< as tenancy.rollout takes it
};

/// Throws UsageError for what only the driver's own connections can do.
[[nodiscard]] Statement in_database_call(const Request& request, const Selection& selection,
                                         const InDatabaseOptions& options);

}  // namespace tenancy::driver
