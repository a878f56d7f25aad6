#include "driver/output/json_text.h"

#include <fmt/format.h>

#include "core/utf8.h"

namespace tenancy::driver {

namespace {

namespace json = boost::json;

void append(std::string& out, const json::value& value);

void append(std::string& out, const json::object& object) {
  out += '{';
  for (const auto& member : object) {
    if (out.back() != '{') out += ',';
    out += json::serialize(member.key()) + ':';
    append(out, member.value());
  }
  out += '}';
}

void append(std::string& out, const json::array& array) {
  out += '[';
  for (const json::value& element : array) {
    if (out.back() != '[') out += ',';
    append(out, element);
  }
  out += ']';
}

void append(std::string& out, const json::value& value) {
  if (const json::object* const object = value.if_object()) return append(out, *object);
  if (const json::array* const array = value.if_array()) return append(out, *array);
  const double* const number = value.if_double();
  out += number != nullptr ? fmt::format("{}", *number) : json::serialize(value);
}

}  // namespace

std::string json_line(const json::object& object) {
  std::string line;
  append(line, object);
  return line + '\n';
}

boost::json::string json_string(std::string_view text) {
  boost::json::string out;
  while (!text.empty()) {
    const std::size_t valid = core::valid_utf8_length(text);
    out.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    out.append(fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0])));
    text.remove_prefix(1);
  }
  return out;
}

boost::json::value json_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return json_string(text);
}

boost::json::object json_target(const Target& target) {
  return {{"tenant", json_or_null(target.tenant)},
          {"server", json_or_null(target.server)},
          {"database", json_or_null(target.database)},
          {"schema", json_string(target.schema)},
          {"kind", target.kind == core::TargetKind::shared ? "shared" : "tenant"},
          {"set", json_string(target.migration_set)}};
}

boost::json::object json_report(const ServerReport& report) {
  return {{"sqlstate", json_or_null(report.sqlstate)},
          {"message", json_string(report.message)},
          {"detail", json_or_null(report.detail)},
          {"hint", json_or_null(report.hint)},
          {"context", json_or_null(report.context)}};
}

std::string_view to_string(Outcome::State state) noexcept {
  switch (state) {
    case Outcome::State::done:
      return "done";
    case Outcome::State::failed:
      return "failed";
    case Outcome::State::cancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace tenancy::driver
