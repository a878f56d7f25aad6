#include "driver/output/text_reporter.h"

#include <utility>

#include "driver/output/display_text.h"
#include "driver/output/figures.h"
#include "driver/output/report_text.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kPrintedOfAKind = 5;

}  // namespace

TextReporter::TextReporter(OutputOptions options, Clock clock)
    : progress_(clock), options_(std::move(options)), clock_(std::move(clock)) {}

void TextReporter::begin(const Heading& heading) {
  heading_ = heading;
  if (options_.quiet) return;
  std::string line = painted(operation_text(heading), Color::bold, appearance());
  if (!heading.place.empty()) line += ": " + visible(heading.place);
  if (heading.lanes > 0) line += ", " + counted(heading.lanes, "target", "targets") + " at once";
  print(line + '\n');
}

void TextReporter::expected(std::size_t targets) { progress_.expected(targets); }

void TextReporter::found(std::size_t targets, bool complete) { progress_.found(targets, complete); }

void TextReporter::unchanged(std::size_t targets) { progress_.unchanged(targets); }

void TextReporter::started(const Target& target) { progress_.started(target); }

void TextReporter::retrying(const Target& target, const ServerReport& report, int failed_attempts,
                            std::chrono::milliseconds delay) {
  progress_.retrying(target);
  if (!options_.verbose) return;
  print(painted("retrying:", Color::yellow, appearance()) + ' ' + visible(target.label()) + ": " +
        visible(without_label(report.message, target)) + "; attempt " + std::to_string(failed_attempts + 1) + " in " +
        duration_text(delay) + '\n');
}

void TextReporter::finished(const Outcome& outcome) {
  progress_.finished(outcome);
  if (outcome.state == Outcome::State::failed) {
    print_failure(outcome.target, outcome.failure.value_or(ServerReport{}));
  } else if (options_.verbose) {
    print(outcome_text(outcome, appearance()) + '\n');
  }
}

void TextReporter::print_failure(const Target& target, const ServerReport& report) {
  const std::size_t targets = failures_.add(target, report);
  if (options_.verbose || targets <= kPrintedOfAKind) {
    print(failure_text(target, report, options_.verbose, appearance()));
  } else if (targets == kPrintedOfAKind + 1) {
    print("more targets fail so; they are counted in the summary, and all printed with --verbose\n");
  }
}

void TextReporter::note(std::string_view text) {
  if (!options_.quiet) print(visible(text) + '\n');
}

void TextReporter::warning(std::string_view text) {
  print(painted("warning:", Color::yellow, appearance()) + ' ' + visible(text) + '\n');
}

void TextReporter::end(const Summary& summary) { print(summary_text(heading_, summary, failures_, appearance())); }

}  // namespace tenancy::driver
