// Calls of the procedures that carry a run out in the database: rollout, resume, retry_failed, rollback_run.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver/command/context.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

struct RunCall {
  std::string operation;                                        ///< as Heading has it
  std::string revision{};                                       ///< likewise
  Statement statement;                                          ///< the CALL
  std::size_t workers = 0;                                      ///< 0: as many as the database says
  std::optional<std::int64_t> run{};                            ///< that goes on; without it a new one begins
  std::vector<std::pair<std::string, std::string>> settings{};  ///< of the session that calls; none: --var
};

/// Calls it, and shows it as any operation. The first SIGINT or SIGTERM lets the targets in hand finish, the second one
/// cancels them. Throws ServerError when no run began.
boost::asio::awaitable<Summary> call_run(Context& context, RunCall call);

/// Where the control database is: "app on db1.example.com"; where the settings leave it to libpq, only what is known.
[[nodiscard]] std::string control_place(Context& context);

/// What the server says, with the commands of this program in place of its calls.
[[nodiscard]] std::string in_commands(const std::string& text);

}  // namespace tenancy::driver
