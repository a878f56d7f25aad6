// Looks at targets that are not in the control database: over connections of their own, several at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <vector>

#include "driver/fleet/lane_options.h"
#include "driver/fleet/server_directory.h"
#include "driver/fleet/target_tracking.h"

namespace tenancy::driver {

/// What is done with targets[index] over a session with its database.
using Visit = std::function<boost::asio::awaitable<void>(Connection& connection, std::size_t index)>;
/// It was not reached, or the session was lost while it was visited.
using Missed = std::function<void(std::size_t index, const ServerError& error)>;

/// Visits each target, in no order. Throws what the two throw other than ServerError.
boost::asio::awaitable<void> visit_elsewhere(const ServerDirectory& servers, const std::vector<Target>& targets,
                                             const LaneOptions& options, Visit visit, Missed missed);

/// Reads each target's tracking table; those of a database are asked for together, many in a round trip. `see` is told
/// of each as it comes, in no order. A place that cannot be reached gives its targets the state `unreachable`, or
/// `missing` where the database does not exist. Throws what `see` throws. `other_sets` says of which other sets a
/// target's rows are read, too.
boost::asio::awaitable<void> look_elsewhere(
    const ServerDirectory& servers, const std::vector<Target>& targets, const Request& request,
    const LaneOptions& options, std::function<void(std::size_t index, const TargetTracking& tracking)> see,
    std::function<std::vector<std::string>(const Target& target)> other_sets = {});

}  // namespace tenancy::driver
