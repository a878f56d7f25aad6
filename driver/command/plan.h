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
  std::string revision = "head";
  bool down = false;
  bool sql = false;
  Selection selection{};
};

/// Prints the plan of the fleet that the control database knows, or of a part of it. Throws ServerError.
boost::asio::awaitable<ExitCode> show_plan(Context& context, const PlanArguments& arguments);

}  // namespace tenancy::driver
