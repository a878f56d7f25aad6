#include "driver/config/secret.h"

namespace tenancy::driver {

std::string masked_conninfo(std::string_view conninfo) {
  bool const may_hold_secret =
      conninfo.find("assword") != std::string_view::npos || conninfo.find('@') != std::string_view::npos;
  return may_hold_secret ? "***" : std::string(conninfo);
}

}  // namespace tenancy::driver
