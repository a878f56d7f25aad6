#include "driver/fleet/server_directory.h"

#include <stdexcept>

namespace tenancy::driver {

boost::asio::awaitable<void> ServerDirectory::read(Connection& control, Deadline deadline) {
  Result const rows = co_await control.query(
      "SELECT name, conninfo, coalesce(max_connections, 0) FROM tenancy.servers ORDER BY name", {}, deadline);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::string const name(rows.text(row, 0));
    auto const most = static_cast<std::size_t>(rows.integer(row, 2));
    try {
      add(name, Conninfo::parse(rows.text(row, 1)), most);
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error("server \"" + name + "\": " + error.what());
    }
  }
}

void ServerDirectory::add(std::string name, Conninfo conninfo, std::size_t max_connections) {
  servers_[std::move(name)] = {std::move(conninfo), max_connections};
}

Conninfo ServerDirectory::conninfo(std::string_view server, std::string_view database) const {
  auto const found = servers_.find(server);
  if (found == servers_.end()) throw std::runtime_error("server \"" + std::string(server) + "\" is not known");
  return database.empty() ? found->second.conninfo : found->second.conninfo.with_database(database);
}

std::size_t ServerDirectory::bound(std::string_view server) const {
  auto const found = servers_.find(server);
  return found == servers_.end() ? 0 : found->second.max_connections;
}

}  // namespace tenancy::driver
