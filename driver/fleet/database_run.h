// A fleet operation that the database carries out itself, with its background workers, watched from here.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver/connection/connection.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

/// All that is referred to must outlive the operation.
struct DatabaseRun {
  Heading heading;
  Statement call;                                               ///< CALL tenancy.rollout(…), or one like it
  std::optional<std::int64_t> run{};                            ///< that goes on; without it a new one begins
  std::vector<std::pair<std::string, std::string>> settings{};  ///< of the session that calls
  std::function<boost::asio::awaitable<Connection>()> open;     ///< a session with the control database
  Reporter& reporter;
};

/// Calls, and tells of each target that ends while the call goes on, and of all at the end. SIGINT or SIGTERM once
/// aborts the run, so that the targets in hand are finished; twice cancels it. Throws ServerError for a call that was
/// refused before there was a run, and what the reporter throws.
boost::asio::awaitable<Summary> run_in_database(DatabaseRun run);

}  // namespace tenancy::driver
