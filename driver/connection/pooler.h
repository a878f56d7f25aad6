// A pooler between here and the server.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "driver/connection/connection.h"

namespace tenancy::driver {

/// Does another process serve the session than the one that it was opened with? Then each transaction may have another
/// session of the server, and what is set or locked for longer is for anybody. Throws ServerError.
[[nodiscard]] boost::asio::awaitable<bool> is_pooled(Connection& connection, Deadline deadline = kNoDeadline);

}  // namespace tenancy::driver
