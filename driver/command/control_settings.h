// The extension's settings in the control database.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "driver/config/configuration.h"
#include "driver/connection/connection.h"
#include "driver/fleet/extension_settings.h"

namespace tenancy::driver {

/// What the configuration does not say is as the control database has it (ALTER DATABASE … SET tenancy.…), so that the
/// driver and calls in psql do the same. Throws ServerError.
boost::asio::awaitable<void> adopt_settings(Connection& control, const Configuration& configuration, Request& request,
                                            Deadline deadline);

/// Makes the variables of this call those of a session. Throws ServerError.
boost::asio::awaitable<void> give_variables(Connection& control, const Request& request);

}  // namespace tenancy::driver
