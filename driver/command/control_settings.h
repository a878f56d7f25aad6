// The extension's settings in the control database, and those of a request.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>
#include <vector>

#include "driver/config/configuration.h"
#include "driver/connection/connection.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// What the configuration does not say is as the control database has it (ALTER DATABASE … SET tenancy.…), so that the
/// driver and calls in psql do the same. Throws ServerError.
boost::asio::awaitable<void> adopt_settings(Connection& control, const Configuration& configuration, Request& request,
                                            Deadline deadline);

/// The settings by their names, for set_config.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> extension_settings(const Request& request);

}  // namespace tenancy::driver
