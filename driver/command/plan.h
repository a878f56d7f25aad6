// What an operation would do.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "driver/command/context.h"
#include "driver/fleet/selection.h"

namespace tenancy::driver {

struct PlanArguments {
  std::optional<std::string> tenant{};
  std::string revision = "heads";
  bool down = false;
  bool sql = false;
  Selection selection{};
};

/// Prints the plan of the fleet, or of a part of it, with or without a control database as the settings say. Throws
/// ServerError, and core::Error for a revision that no migration set knows.
boost::asio::awaitable<ExitCode> show_plan(Context& context, const PlanArguments& arguments);

}  // namespace tenancy::driver
