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

boost::asio::awaitable<Connection> Context::connect() {
  Deadline const deadline = std::chrono::steady_clock::now() + settings().lanes.connect_timeout;
  co_return co_await Connection::open(control_conninfo(), deadline);
}

}  // namespace tenancy::driver
