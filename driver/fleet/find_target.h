// The target of one tenant.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "driver/connection/connection.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// As the control database has it registered. Throws ServerError, and std::runtime_error for a tenant that is not.
boost::asio::awaitable<Target> find_target(Connection& control, const std::string& tenant,
                                           const std::string& shared_schema);

}  // namespace tenancy::driver
