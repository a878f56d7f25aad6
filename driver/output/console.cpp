#include "driver/output/console.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "driver/output/composed_reporter.h"
#include "driver/output/display_text.h"
#include "driver/output/github_reporter.h"
#include "driver/output/json_reporter.h"
#include "driver/output/junit_reporter.h"
#include "driver/output/line_reporter.h"
#include "driver/output/report_text.h"
#include "driver/output/terminal_reporter.h"

namespace tenancy::driver {

namespace {

/// What must reach people although the results go to a machine.
class WarningReporter : public Reporter {
 public:
  WarningReporter(Stream& stream, Appearance appearance) : stream_(stream), appearance_(appearance) {}

  void warning(std::string_view text) override {
    stream_.write(painted("warning:", Color::yellow, appearance_) + ' ' + visible(text) + '\n');
  }
  void end(const Summary& summary) override {
    if (summary.end == Summary::End::stopped || summary.end == Summary::End::cannot_connect) {
      stream_.write("tenancy: " + ending_text(summary) + '\n');
    }
  }

 private:
  Stream& stream_;
  Appearance appearance_;
};

void add_text(std::vector<std::unique_ptr<Reporter>>& reporters, const OutputOptions& options, const Console& console) {
  if (options.json) {
    reporters.push_back(std::make_unique<JsonReporter>(console.output));
    reporters.push_back(std::make_unique<WarningReporter>(console.error, console.error_appearance));
  } else if (console.appearance.terminal) {
    reporters.push_back(std::make_unique<TerminalReporter>(options, console.clock, console.output, console.appearance,
                                                           console.columns));
  } else {
    reporters.push_back(std::make_unique<LineReporter>(options, console.clock, console.output, console.appearance));
  }
}

}  // namespace

Console standard_console(ColorMode mode) {
  static FileStream output(STDOUT_FILENO);
  static FileStream error(STDERR_FILENO);
  return {.output = output,
          .error = error,
          .appearance = appearance_of(STDOUT_FILENO, mode),
          .error_appearance = appearance_of(STDERR_FILENO, mode),
          .columns = [] { return terminal_columns(STDOUT_FILENO); },
          .environment = [](const char* name) -> const char* { return std::getenv(name); }};
}

std::unique_ptr<Reporter> make_reporter(const OutputOptions& options, const Console& console) {
  std::vector<std::unique_ptr<Reporter>> reporters;
  add_text(reporters, options, console);
  if (!options.junit_file.empty()) {
    reporters.push_back(std::make_unique<JUnitReporter>(options.junit_file, console.clock));
  }
  if (options.github) {
    const char* summary_file = console.environment("GITHUB_STEP_SUMMARY");
    reporters.push_back(std::make_unique<GitHubReporter>(options.json ? console.error : console.output,
                                                         summary_file == nullptr ? "" : summary_file));
  }
  return std::make_unique<ComposedReporter>(std::move(reporters));
}

}  // namespace tenancy::driver
