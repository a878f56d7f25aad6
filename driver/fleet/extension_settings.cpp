#include "driver/fleet/extension_settings.h"

#include <boost/json.hpp>

#include "core/tracking_sql.h"

namespace tenancy::driver {

std::string_view to_string(RunAs run_as) noexcept {
  switch (run_as) {
    case RunAs::automatic:
      return "auto";
    case RunAs::caller:
      return "caller";
    case RunAs::owner:
      return "owner";
  }
  return "";
}

std::string variables_setting(const core::VariableMap& variables) {
  boost::json::object object;
  for (const auto& [name, value] : variables) object[name] = value;
  return boost::json::serialize(object);
}

std::vector<std::pair<std::string, std::string>> extension_settings(const Request& request) {
  std::string schemas;
  for (const std::string& schema : request.shared_schemas) {
    if (!schemas.empty()) schemas += ", ";
    schemas += core::quote_identifier(schema);
  }
  std::vector<std::pair<std::string, std::string>> settings{
      {"tenancy.tracking_table", request.tracking_table},
      {"tenancy.shared_schemas", std::move(schemas)},
      {"tenancy.out_of_order", std::string(core::to_string(request.out_of_order))},
      {"tenancy.run_as", std::string(to_string(request.run_as))},
      {"tenancy.asynchronous_commit", request.asynchronous_commit ? "on" : "off"},
      {"tenancy.lock_timeout", std::to_string(request.lock_timeout.count())},
      {"tenancy.statement_timeout", std::to_string(request.statement_timeout.count())}};
  // An empty one would take away what the database's own setting says.
  if (!request.variables.empty()) settings.emplace_back(kVariablesSetting, variables_setting(request.variables));
  return settings;
}

}  // namespace tenancy::driver
