#include "driver/config/conninfo_text.h"

#include <stdexcept>

namespace tenancy::driver {

namespace {

bool is_database_name(std::string_view text) {
  return text.find('=') == std::string_view::npos && text.find("://") == std::string_view::npos;
}

}  // namespace

Conninfo parse_conninfo_text(std::string_view text) {
  if (!is_database_name(text)) return Conninfo::parse(text);
  Conninfo conninfo;
  conninfo.set("dbname", text);
  return conninfo;
}

std::string masked_conninfo_text(std::string_view text) {
  if (is_database_name(text)) return std::string(text);
  try {
    return Conninfo::parse(text).masked();
  } catch (const std::invalid_argument&) {
    return "***";
  }
}

}  // namespace tenancy::driver
