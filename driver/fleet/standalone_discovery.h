// Who the tenants of a standalone fleet are: named by the configuration, or found in the catalogues of a server.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "driver/config/settings.h"
#include "driver/connection/connection.h"
#include "driver/fleet/standalone_targets.h"

namespace tenancy::driver {

using OpenConnection = std::function<boost::asio::awaitable<Connection>()>;

/// All ways that the settings name are taken together; a tenant that two of them name counts once, as the configuration
/// itself names it. Connects only for patterns and queries. Throws ServerError, and std::runtime_error for a query
/// without a column id.
boost::asio::awaitable<std::vector<TenantPlace>> standalone_tenants(const Standalone& standalone,
                                                                    const std::vector<std::string>& shared_schemas,
                                                                    const OpenConnection& open);

}  // namespace tenancy::driver
