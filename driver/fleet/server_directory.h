// How to reach the servers that targets live on.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "driver/connection/connection.h"

namespace tenancy::driver {

class ServerDirectory {
 public:
  /// Knows the cluster of the control database, which has no name.
  explicit ServerDirectory(Conninfo control) { servers_[""] = {std::move(control), 0}; }

  /// Adds what the control database has in tenancy.servers. Throws ServerError, and std::runtime_error, which names the
  /// server, for a connection string that libpq does not understand.
  boost::asio::awaitable<void> read(Connection& control, Deadline deadline);

  /// `max_connections` 0: no bound.
  void add(std::string name, Conninfo conninfo, std::size_t max_connections);

  /// The connection to a database there; an empty one is the control database's, or what the server's conninfo names.
  /// Throws std::runtime_error for a server that is not known.
  [[nodiscard]] Conninfo conninfo(std::string_view server, std::string_view database) const;

  /// Connections at once; 0: no bound.
  [[nodiscard]] std::size_t bound(std::string_view server) const;

 private:
  struct Server {
    Conninfo conninfo;
    std::size_t max_connections = 0;
  };
  std::map<std::string, Server, std::less<>> servers_;
};

}  // namespace tenancy::driver
