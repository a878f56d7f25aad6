#include "driver/output/junit_reporter.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "driver/output/display_text.h"
#include "driver/output/figures.h"
#include "driver/output/report_text.h"

namespace tenancy::driver {

namespace {

/// Room for the first lines, whose counts are known at the end only; what they do not fill is white space.
constexpr std::size_t kHead = 1024;

/// Lines of visible() text, in which XML's own signs are written as entities.
std::string xml_text(std::string_view text) {
  std::string out;
  for (const std::string& line : visible_lines(text)) {
    if (!out.empty()) out += '\n';
    for (const char c : line) {
      switch (c) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '"':
          out += "&quot;";
          break;
        default:
          out += c;
      }
    }
  }
  return out;
}

/// A line break in an attribute would be read as a space.
std::string xml_attribute(std::string_view text) { return xml_text(visible(text)); }

double seconds(std::chrono::microseconds duration) { return std::chrono::duration<double>(duration).count(); }

std::string failure_element(const Target& target, const ServerReport& report) {
  const std::string text = failure_text(target, report, true, {});
  return fmt::format("<failure type=\"{}\" message=\"{}\">{}</failure>", xml_attribute(report.sqlstate),
                     xml_attribute(without_label(report.message, target)), xml_text(text));
}

/// Where the target lives, as test reports group their cases: "tenancy", "tenancy.eu.app".
std::string class_name(const Target& target) {
  std::string name = "tenancy";
  if (!target.server.empty()) name += '.' + target.server;
  if (!target.database.empty()) name += '.' + target.database;
  return name;
}

std::string element_of(const Outcome& outcome) {
  switch (outcome.state) {
    case Outcome::State::failed:
      return failure_element(outcome.target, outcome.failure.value_or(ServerReport{}));
    case Outcome::State::cancelled:
      return "<skipped message=\"cancelled: as it was before\"/>";
    case Outcome::State::done:
      return "<system-out>" + xml_text(outcome_text(outcome, {})) + "</system-out>";
  }
  return "";
}

}  // namespace

JUnitReporter::JUnitReporter(const std::string& file, Clock clock)
    : path_(file),
      partial_(file + ".partial"),
      file_(partial_, std::ios::binary | std::ios::trunc),
      clock_(std::move(clock)),
      timestamp_(iso8601(clock_.wall())) {
  write(std::string(kHead, ' '));
}

JUnitReporter::~JUnitReporter() {
  if (!file_.is_open()) return;
  file_.close();
  std::error_code ignored;  // nobody is left to tell
  std::filesystem::remove(partial_, ignored);
}

void JUnitReporter::write(const std::string& text) {
  if (file_ << text) return;
  throw std::system_error(errno, std::generic_category(), "could not write \"" + partial_.string() + "\"");
}

void JUnitReporter::finished(const Outcome& outcome) {
  ++tests_;
  if (outcome.state == Outcome::State::failed) ++failures_;
  if (outcome.state == Outcome::State::cancelled) ++skipped_;
  const Target& target = outcome.target;
  write(fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\">{}</testcase>\n",
                    xml_attribute(class_name(target)),
                    xml_attribute(target.tenant.empty() ? target.schema : target.tenant), seconds(outcome.duration),
                    element_of(outcome)));
}

void JUnitReporter::end(const Summary& summary) {
  // A run that never reached its targets must not look like success.
  std::size_t errors = 0;
  if (summary.end == Summary::End::cannot_connect || summary.end == Summary::End::stopped) {
    ++tests_;
    ++errors;
    write(fmt::format("  <testcase classname=\"tenancy\" name=\"{}\" time=\"0\"><error message=\"{}\"/></testcase>\n",
                      xml_attribute(operation_text(heading_)), xml_attribute(ending_text(summary))));
  }
  write("</testsuite>\n");
  file_.seekp(0);
  std::string name = xml_attribute(truncated(operation_text(heading_), 100));
  write(
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<testsuite name=\"tenancy {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
                  "time=\"{:.6f}\" timestamp=\"{}\"",
                  name, tests_, failures_, errors, skipped_, seconds(summary.duration), timestamp_));
  file_.seekp(kHead - 2);
  write(">\n");
  file_.close();
  if (file_.fail())
    throw std::system_error(errno, std::generic_category(), "could not write \"" + path_.string() + "\"");
  std::filesystem::rename(partial_, path_);
}

}  // namespace tenancy::driver
