#include "driver/command/context.h"

#include <filesystem>

#include "driver/config/conninfo_text.h"

namespace tenancy::driver {

const Configuration& Context::configuration() {
  if (!configuration_) {
    configuration_ = Configuration::load(flags_, process_variable, std::filesystem::current_path());
  }
  return *configuration_;
}

Conninfo Context::control_conninfo() {
  Conninfo conninfo = parse_conninfo_text(settings().database);
  if (!conninfo.get("application_name")) conninfo.set("fallback_application_name", "tenancy");
  return conninfo;
}

boost::asio::awaitable<Connection> Context::connect() { return connect_to(control_conninfo()); }

boost::asio::awaitable<Connection> Context::connect_to(Conninfo conninfo) {
  const LaneOptions& limits = settings().lanes;
  Deadline const deadline = std::chrono::steady_clock::now() + limits.connect_timeout;
  Connection connection = co_await Connection::open(std::move(conninfo), deadline);
  connection.set_time_limit(limits.target_timeout);
  co_return connection;
}

}  // namespace tenancy::driver
