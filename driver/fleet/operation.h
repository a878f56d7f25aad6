// A fleet operation: targets of a source, carried out by lanes, told to a reporter.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "driver/fleet/lane_options.h"
#include "driver/fleet/steering.h"
#include "driver/fleet/target_session.h"
#include "driver/fleet/target_source.h"
#include "driver/fleet/work_queue.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

/// All that is referred to must outlive the operation.
struct Operation {
  Heading heading;
  core::Direction direction = core::Direction::up;
  LaneOptions options{};
  TargetSource& source;
  SessionFactory& sessions;
  WorkQueue::BoundOf bound_of;
  Reporter& reporter;
  Steering* steering = nullptr;  ///< if anybody is to steer it
};

/// Carries it out: one failing target never stops the others, until more fail than are allowed. SIGINT or SIGTERM once
/// lets running targets finish, twice cancels them. Throws what the source throws before any target was found, and what
/// the reporter throws; the targets that were begun are then done with. The executor must be single-threaded.
boost::asio::awaitable<Summary> run_operation(Operation operation);

}  // namespace tenancy::driver
