#include "driver/command/context.h"

#include <filesystem>

namespace tenancy::driver {

const Configuration& Context::configuration() {
  if (!configuration_) {
    configuration_ = Configuration::load(flags_, process_variable, std::filesystem::current_path());
  }
  return *configuration_;
}

Conninfo Context::control_conninfo() {
  const std::string& database = settings().database;
  Conninfo conninfo;
  // Like psql: a word alone is the name of a database.
  if (database.find('=') == std::string::npos && database.find("://") == std::string::npos) {
    conninfo.set("dbname", database);
  } else {
    conninfo = Conninfo::parse(database);
  }
  if (!conninfo.get("application_name")) conninfo.set("fallback_application_name", "tenancy");
  return conninfo;
}

boost::asio::awaitable<Connection> Context::connect() {
  Deadline const deadline = std::chrono::steady_clock::now() + settings().lanes.connect_timeout;
  co_return co_await Connection::open(control_conninfo(), deadline);
}

}  // namespace tenancy::driver
