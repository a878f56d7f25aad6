#include "driver/output/terminal_reporter.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "driver/output/report_text.h"

namespace tenancy::driver {

namespace {

/// What is printed faster than this waits for the next drawing.
constexpr std::chrono::milliseconds kBetweenDrawings{50};
constexpr std::size_t kUsualColumns = 80;
constexpr std::size_t kFewestColumns = 8;

}  // namespace

TerminalReporter::TerminalReporter(OutputOptions options, Clock clock, Stream& stream, Appearance appearance,
                                   std::function<std::size_t()> columns)
    : TextReporter(std::move(options), std::move(clock)),
      appearance_(appearance),
      columns_(std::move(columns)),
      drawn_(this->clock().now() - kBetweenDrawings),
      live_(stream) {}

TerminalReporter::~TerminalReporter() {
  ended_ = true;
  try {
    draw();
  } catch (const std::exception&) {
    // The terminal is gone, and the bar with it.
  }
}

void TerminalReporter::print(std::string_view lines) {
  waiting_ += lines;
  if (clock().now() - drawn_ >= kBetweenDrawings) draw();
}

void TerminalReporter::refresh() {
  progress_.sample();
  draw();
}

void TerminalReporter::end(const Summary& summary) {
  ended_ = true;
  TextReporter::end(summary);
  draw();
}

void TerminalReporter::draw() {
  const std::size_t columns = columns_();
  appearance_.columns = columns == 0 ? kUsualColumns : std::max(columns, kFewestColumns);
  std::vector<BarLine> lines;
  if (!ended_ && !options().quiet && progress_.total() > 0)
    lines = bar_lines(operation_text(heading()), progress_, appearance_);
  live_.draw(waiting_, lines, appearance_.columns);
  waiting_.clear();
  drawn_ = clock().now();
}

}  // namespace tenancy::driver
