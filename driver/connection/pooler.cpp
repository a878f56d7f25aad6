#include "driver/connection/pooler.h"

#include <string>

namespace tenancy::driver {

boost::asio::awaitable<bool> is_pooled(Connection& connection, Deadline deadline) {
  const Result row = co_await connection.query("SELECT pg_catalog.pg_backend_pid()", {}, deadline);
  co_return row.text(0, 0) != std::to_string(connection.backend_pid());
}

}  // namespace tenancy::driver
