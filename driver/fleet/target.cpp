#include "driver/fleet/target.h"

namespace tenancy::driver {

std::string Target::label() const {
  std::string place = "schema \"" + schema + "\"";
  if (!database.empty()) place = "database \"" + database + "\", " + place;
  if (!server.empty()) place = "server \"" + server + "\", " + place;
  if (tenant.empty()) return place;
  if (tenant == schema && database.empty() && server.empty()) return "tenant \"" + tenant + "\"";
  return "tenant \"" + tenant + "\" (" + place + ")";
}

}  // namespace tenancy::driver
