#include "driver/connection/answer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

namespace tenancy::driver {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text != nullptr ? text : "";
}

/// Takes the first line away from `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void add_line(std::string& text, std::string_view line) {
  if (!text.empty()) text += '\n';
  text += line;
}

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

/// "FATAL:  28P01: password authentication failed", which only a server says.
bool take_server_words(std::string_view line, ServerReport& report) {
  constexpr std::string_view kBehindSeverity = ":  ";
  const std::size_t severity_end = line.find(kBehindSeverity);
  if (severity_end == std::string_view::npos) return false;
  std::string_view rest = line.substr(severity_end + kBehindSeverity.size());
  if (!is_sqlstate(rest.substr(0, 5)) || !rest.substr(5).starts_with(": ")) return false;
  report.severity = line.substr(0, severity_end);
  report.sqlstate = rest.substr(0, 5);
  report.message = rest.substr(7);
  return true;
}

/// Of the last attempt, for libpq tells all of them, each from a line that begins with "connection to server".
ServerReport last_attempt(std::string_view words) {
  ServerReport report;
  std::string* part = &report.message;
  while (!words.empty()) {
    std::string_view line = take_line(words);
    if (line.starts_with("connection to server ")) {
      report = {};
      part = &report.message;
      constexpr std::string_view kFailed = " failed: ";
      if (const std::size_t at = line.find(kFailed); at != std::string_view::npos) {
        line.remove_prefix(at + kFailed.size());
      }
    }
    if (report.message.empty() && take_server_words(line, report)) continue;
    if (take_prefix(line, "DETAIL:  ")) part = &report.detail;
    if (take_prefix(line, "HINT:  ")) part = &report.hint;
    // libpq's own advice stands in lines of its own.
    if (take_prefix(line, "\t")) part = &report.hint;
    if (line.starts_with("LOCATION:  ")) continue;
    add_line(*part, line);
  }
  return report;
}

}  // namespace

Meaning meaning_of(const Result& result) noexcept {
  switch (PQresultStatus(result.native())) {
    case PGRES_SINGLE_TUPLE:
      return Meaning::row;
    case PGRES_PIPELINE_SYNC:
      return Meaning::synced;
    case PGRES_PIPELINE_ABORTED:
      return Meaning::skipped;
    case PGRES_COPY_IN:
      return Meaning::wants_copy;
    case PGRES_COPY_OUT:
      return Meaning::sends_copy;
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
    case PGRES_COPY_BOTH:  // only a walsender offers it
      return Meaning::failed;
    default:
      return Meaning::done;
  }
}

ServerReport report_of(const PGresult* result) {
  ServerReport report{.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
                      .sqlstate = field(result, PG_DIAG_SQLSTATE),
                      .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
                      .detail = field(result, PG_DIAG_MESSAGE_DETAIL),
                      .hint = field(result, PG_DIAG_MESSAGE_HINT),
                      .context = field(result, PG_DIAG_CONTEXT),
                      .position = std::atoi(field(result, PG_DIAG_STATEMENT_POSITION).c_str())};
  // libpq's own errors have words only.
  if (report.message.empty()) {
    report.message = PQresultErrorMessage(result);
    while (report.message.ends_with('\n')) report.message.pop_back();
  }
  // PgBouncer sends the one for people only.
  if (report.severity.empty()) report.severity = field(result, PG_DIAG_SEVERITY);
  if (report.severity.empty()) report.severity = "ERROR";
  return report;
}

ServerReport lost_report(std::string_view words) {
  const std::string_view reason = take_line(words);
  return {.severity = "FATAL", .sqlstate = "08006", .message = fmt::format("connection lost: {}", reason)};
}

ServerReport unreached_report(const Endpoint& endpoint, std::string_view words) {
  ServerReport report = last_attempt(words);
  report.message = fmt::format("cannot connect to database \"{}\" on host \"{}\", port {}, as user \"{}\": {}",
                               endpoint.database, endpoint.host, endpoint.port, endpoint.user, report.message);
  if (report.severity.empty()) report.severity = "FATAL";
  if (report.sqlstate.empty()) report.sqlstate = "08001";
  return report;
}

}  // namespace tenancy::driver
