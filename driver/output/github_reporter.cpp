#include "driver/output/github_reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "driver/output/display_text.h"
#include "driver/output/figures.h"
#include "driver/output/report_text.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kMostAnnotations = 10;
constexpr std::size_t kMostRows = 50;
constexpr std::size_t kLongestMessage = 1000;  // columns; a summary of more than 1 MiB is not shown

/// `property`: commas and colons end it.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string annotation(std::string_view kind, std::string_view title, std::string_view message) {
  return fmt::format("::{} title={}::{}\n", kind, escaped(title, true), escaped(message, false));
}

/// Text in a cell of a table: no sign of Markdown or HTML is obeyed.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : truncated(visible(text), kLongestMessage)) {
    constexpr std::string_view kObeyed = "\\`*_{}[]<>()#+-.!|~&@:";
    if (kObeyed.find(c) != std::string_view::npos) {
      out += fmt::format("&#{};", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string counts_table(const Summary& summary) {
  const std::array<std::pair<std::string_view, std::size_t>, 7> counts{{{"Targets", summary.targets},
                                                                        {"Migrated", summary.migrated},
                                                                        {"Unchanged", summary.unchanged},
                                                                        {"Failed", summary.failed},
                                                                        {"Cancelled", summary.cancelled},
                                                                        {"Not started", summary.not_started},
                                                                        {"Retries", summary.retries}}};
  std::string names = "|";
  std::string rule = "|";
  std::string numbers = "|";
  for (const auto& [name, number] : counts) {
    names += fmt::format(" {} |", name);
    rule += " ---: |";
    numbers += fmt::format(" {} |", number_text(number));
  }
  return names + '\n' + rule + '\n' + numbers + '\n';
}

std::string failures_table(const FailureGroups& failures) {
  std::string out = "\n| Targets | Error | SQLSTATE | First |\n| ---: | --- | --- | --- |\n";
  const std::vector<FailureGroups::Group> groups = failures.largest_first();
  for (std::size_t i = 0; i < std::min(groups.size(), kMostRows); ++i) {
    out += fmt::format("| {} | {} | {} | {} |\n", number_text(groups[i].targets), cell(groups[i].message),
                       cell(groups[i].sqlstate), cell(groups[i].first));
  }
  if (groups.size() > kMostRows) {
    out += fmt::format("\nAnd {}.\n", counted(groups.size() - kMostRows, "other error", "other errors"));
  }
  return out;
}

}  // namespace

void GitHubReporter::finished(const Outcome& outcome) {
  if (outcome.state == Outcome::State::failed) {
    failures_.add(outcome.target, outcome.failure.value_or(ServerReport{}));
  }
}

void GitHubReporter::warning(std::string_view text) {
  if (++warnings_ <= kMostAnnotations) stream_.write(annotation("warning", "tenancy", visible(text)));
}

void GitHubReporter::end(const Summary& summary) {
  std::string out;
  std::size_t room = kMostAnnotations;
  if (summary.end == Summary::End::stopped || summary.end == Summary::End::cannot_connect) {
    out += annotation("error", "tenancy " + operation_text(heading_), ending_text(summary));
    --room;
  }
  const std::vector<FailureGroups::Group> groups = failures_.largest_first();
  for (std::size_t i = 0; i < std::min(groups.size(), room); ++i) {
    const std::string title =
        fmt::format("tenancy {}: {} failed", operation_text(heading_), counted(groups[i].targets, "target", "targets"));
    out += annotation("error", title, group_text(groups[i]));
  }
  if (!out.empty()) stream_.write(out);
  if (!summary_file_.empty()) append_summary(summary);
}

void GitHubReporter::append_summary(const Summary& summary) const {
  std::ofstream file(summary_file_, std::ios::app);
  file << "### tenancy " << cell(operation_text(heading_)) << ": " << cell(ending_text(summary)) << "\n\n";
  file << counts_table(summary);
  if (!failures_.empty()) file << failures_table(failures_);
  file << "\nIt took " << duration_text(summary.duration) << ". " << next_step(summary) << "\n\n";
  if (!file.flush()) {
    throw std::system_error(errno, std::generic_category(), "could not write \"" + summary_file_ + "\"");
  }
}

}  // namespace tenancy::driver
