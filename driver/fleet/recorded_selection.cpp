#include "driver/fleet/recorded_selection.h"

#include <boost/json.hpp>

#include "driver/output/json_text.h"

namespace tenancy::driver {

namespace json = boost::json;

namespace {

json::array array_of(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.push_back(json_string(text));
  return array;
}

std::optional<std::string> text_in(const json::object& object, const char* name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value->as_string());
}

std::vector<std::string> texts_in(const json::object& object, const char* name) {
  const json::value* const value = object.if_contains(name);
  return value == nullptr ? std::vector<std::string>{} : json::value_to<std::vector<std::string>>(*value);
}

}  // namespace

std::string recorded_selection(const Selection& selection) {
  json::object object;
  auto const add = [&](const char* name, const std::optional<std::string>& text) {
    if (text) object[name] = json_string(*text);
  };
  if (!selection.tenants.empty()) object["tenants"] = array_of(selection.tenants);
  add("pattern", selection.pattern);
  add("tier", selection.tier);
  if (selection.labels) object["labels"] = json::parse(*selection.labels);
  if (selection.tenants.empty()) object["statuses"] = array_of(selection.statuses);
  add("migration_set", selection.migration_set);
  add("server", selection.server);
  if (selection.shard.count > 1) {
    object["shard"] = std::to_string(selection.shard.index) + "/" + std::to_string(selection.shard.count);
  }
  if (!selection.shared) object["part"] = "tenants";
  if (!selection.tenants_too) object["part"] = "shared";
  return json::serialize(object);
}

Selection parse_recorded_selection(const std::string& text) {
  json::object const object = json::parse(text).as_object();
  Selection selection;
  selection.tenants = texts_in(object, "tenants");
  selection.pattern = text_in(object, "pattern");
  selection.tier = text_in(object, "tier");
  if (const json::value* const labels = object.if_contains("labels")) selection.labels = json::serialize(*labels);
  selection.statuses = texts_in(object, "statuses");
  selection.migration_set = text_in(object, "migration_set");
  selection.server = text_in(object, "server");
  if (auto const shard = text_in(object, "shard")) selection.shard = parse_shard(*shard);
  std::optional<std::string> const part = text_in(object, "part");
  selection.shared = part != "tenants";
  selection.tenants_too = part != "shared";
  return selection;
}

}  // namespace tenancy::driver
