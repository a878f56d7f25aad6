// What an operation works on and what comes of it, recorded on its way.
#pragma once

#include <optional>

#include "driver/fleet/run_record.h"
#include "driver/fleet/target_source.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

/// Targets are recorded before they are begun. What is referred to must outlive the object.
class RecordedSource : public TargetSource {
 public:
  RecordedSource(TargetSource& source, RunRecord& record) : source_(source), record_(record) {}

  boost::asio::awaitable<std::optional<TargetPage>> next() override;

 private:
  TargetSource& source_;
  RunRecord& record_;
  std::optional<TargetPage> page_;  ///< that came, and is not recorded yet
};

/// Tells both; the end is told by whoever closes the record.
class RecordedReporter : public Reporter {
 public:
  RecordedReporter(Reporter& reporter, RunRecord& record) : reporter_(reporter), record_(record) {}

  void begin(const Heading& heading) override { reporter_.begin(heading); }
  void expected(std::size_t targets) override { reporter_.expected(targets); }
  void found(std::size_t targets, bool complete) override { reporter_.found(targets, complete); }
  void unchanged(std::size_t targets) override { reporter_.unchanged(targets); }
  void started(const Target& target) override { reporter_.started(target); }
  void retrying(const Target& target, const ServerReport& report, int failed_attempts,
                std::chrono::milliseconds delay) override {
    record_.retrying(target, report, failed_attempts);
    reporter_.retrying(target, report, failed_attempts, delay);
  }
  void finished(const Outcome& outcome) override {
    record_.finished(outcome);
    reporter_.finished(outcome);
  }
  void note(std::string_view text) override { reporter_.note(text); }
  void warning(std::string_view text) override { reporter_.warning(text); }
  void refresh() override { reporter_.refresh(); }

 private:
  Reporter& reporter_;
  RunRecord& record_;
};

}  // namespace tenancy::driver
