#include "driver/output/line_reporter.h"

#include <algorithm>
#include <utility>

#include "driver/output/figures.h"
#include "driver/output/report_text.h"

namespace tenancy::driver {

namespace {

using std::chrono::microseconds;

/// Of the time so far; so an operation of hours has a line a minute, and one of a minute a line every five seconds.
microseconds until_next(microseconds elapsed) {
  return std::clamp<microseconds>(elapsed / 12, std::chrono::seconds(5), std::chrono::minutes(1));
}

std::string progress_line(const Progress& progress) {
  std::string line = number_text(progress.finished()) + " of " + number_text(progress.total());
  line += progress.complete() ? " targets (" + percent_text(progress.finished(), progress.total()) + ")" : "+ targets";
  if (progress.failed() > 0) line += ", " + number_text(progress.failed()) + " failed";
  if (progress.retrying() > 0) line += ", " + number_text(progress.retrying()) + " retrying";
  line += ", " + rate_text(progress.per_second());
  if (const auto left = progress.time_left()) {
    line += ", " + seconds_text(std::chrono::ceil<std::chrono::seconds>(*left)) + " left";
  }
  return line + '\n';
}

}  // namespace

LineReporter::LineReporter(OutputOptions options, Clock clock, Stream& stream, Appearance appearance)
    : TextReporter(std::move(options), std::move(clock)), stream_(stream), appearance_(appearance) {
  appearance_.columns = 0;
}

void LineReporter::print(std::string_view lines) {
  const std::string time = iso8601(clock().wall()) + ' ';
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    out += time;
    out += lines.substr(0, end);
    lines.remove_prefix(end);
  }
  stream_.write(out);
}

void LineReporter::refresh() {
  progress_.sample();
  const microseconds elapsed = progress_.elapsed();
  if (options().quiet || elapsed - told_ < until_next(elapsed)) return;
  told_ = elapsed;
  print(progress_line(progress_));
}

}  // namespace tenancy::driver
