// What the reporters for people have in common: what is said, and how often.
#pragma once

#include <string>
#include <string_view>

#include "driver/output/appearance.h"
#include "driver/output/clock.h"
#include "driver/output/failure_groups.h"
#include "driver/output/output_options.h"
#include "driver/output/progress.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

/// An error that many targets have is printed for the first few of them; the summary counts the others.
class TextReporter : public Reporter {
 public:
  TextReporter(OutputOptions options, Clock clock);

  void begin(const Heading& heading) override;
  void expected(std::size_t targets) override;
  void found(std::size_t targets, bool complete) override;
  void unchanged(std::size_t targets) override;
  void started(const Target& target) override;
  void retrying(const Target& target, const ServerReport& report, int failed_attempts,
                std::chrono::milliseconds delay) override;
  void finished(const Outcome& outcome) override;
  void note(std::string_view text) override;
  void warning(std::string_view text) override;
  void end(const Summary& summary) override;

 protected:
  /// Whole lines, that stay.
  virtual void print(std::string_view lines) = 0;
  [[nodiscard]] virtual const Appearance& appearance() const = 0;

  [[nodiscard]] const OutputOptions& options() const noexcept { return options_; }
  [[nodiscard]] const Heading& heading() const noexcept { return heading_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  Progress progress_;

 private:
  void print_failure(const Target& target, const ServerReport& report);

  OutputOptions options_;
  Clock clock_;
  Heading heading_;
  FailureGroups failures_;
};

}  // namespace tenancy::driver
