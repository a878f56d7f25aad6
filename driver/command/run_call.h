// Calls of the procedures that carry a run out in the database: rollout, resume, retry_failed, rollback_run.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "driver/command/context.h"

namespace tenancy::driver {

/// Calls it, prints its notices as they come, and what the run has come to. The first SIGINT or SIGTERM lets the
/// targets in hand finish, the second one cancels them. `run` is one that goes on; without it a new one begins. Returns
/// done, targets_failed or stopped. Throws ServerError when no run began.
boost::asio::awaitable<ExitCode> call_run(Context& context, std::string sql, Parameters parameters,
                                          std::optional<std::int64_t> run = {});

/// What the server says, with the commands of this program in place of its calls.
[[nodiscard]] std::string in_commands(const std::string& text);

}  // namespace tenancy::driver
