#include "driver/files/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace tenancy::driver {

namespace {

const char* kind_name(Finding::Kind kind) { return kind == Finding::Kind::error ? "error" : "warning"; }

/// As workflow commands want it: a value of a property has two more characters that end it.
std::string escaped(std::string_view text, bool is_property) {
  std::string result;
  for (char const c : text) {
    bool const special = c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','));
    result += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return result;
}

}  // namespace

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    if (!finding.file.empty()) text += finding.file + ":";
    if (finding.line > 0) text += std::to_string(finding.line) + ":";
    text += fmt::format("{}{}: {}\n", finding.file.empty() ? "" : " ", kind_name(finding.kind), finding.message);
    if (!finding.hint.empty()) text += "  hint: " + finding.hint + "\n";
  }
  return text;
}

std::string findings_annotations(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    std::string properties = finding.file.empty() ? "" : " file=" + escaped(finding.file, true);
    if (!finding.file.empty() && finding.line > 0) properties += fmt::format(",line={}", finding.line);
    std::string const hint = finding.hint.empty() ? "" : "\n" + finding.hint;
    text += fmt::format("::{}{}::{}\n", kind_name(finding.kind), properties, escaped(finding.message + hint, false));
  }
  return text;
}

std::string findings_json(const std::vector<Finding>& findings) {
  boost::json::array array;
  for (const Finding& finding : findings) {
    boost::json::object object{{"kind", kind_name(finding.kind)}, {"message", finding.message}};
    if (!finding.file.empty()) object["file"] = finding.file;
    if (finding.line > 0) object["line"] = finding.line;
    if (!finding.hint.empty()) object["hint"] = finding.hint;
    array.push_back(std::move(object));
  }
  return boost::json::serialize(array);
}

std::string findings_count(const std::vector<Finding>& findings) {
  auto const of_kind = [&](Finding::Kind kind) {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [&](const Finding& finding) { return finding.kind == kind; }));
  };
  std::size_t const errors = of_kind(Finding::Kind::error);
  std::size_t const warnings = of_kind(Finding::Kind::warning);
  std::string text = errors > 0 ? counted(errors, "error") : "";
  if (warnings > 0) text += (text.empty() ? "" : ", ") + counted(warnings, "warning");
  return text;
}

std::string counted(std::size_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace tenancy::driver
