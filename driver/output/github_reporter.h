// Annotations and the job summary of GitHub Actions.
#pragma once

#include <cstddef>
#include <string>

#include "driver/output/failure_groups.h"
#include "driver/output/reporter.h"
#include "driver/output/stream.h"

namespace tenancy::driver {

/// GitHub shows ten errors and ten warnings of a step: there is one for each kind of failure, the most frequent first.
class GitHubReporter : public Reporter {
 public:
  /// `summary_file` is what GITHUB_STEP_SUMMARY says; empty: no summary.
  GitHubReporter(Stream& stream, std::string summary_file) : stream_(stream), summary_file_(std::move(summary_file)) {}

  void begin(const Heading& heading) override { heading_ = heading; }
  void finished(const Outcome& outcome) override;
  void warning(std::string_view text) override;
  void end(const Summary& summary) override;

 private:
  void append_summary(const Summary& summary) const;

  Stream& stream_;
  std::string summary_file_;
  Heading heading_;
  FailureGroups failures_;
  std::size_t warnings_ = 0;
};

}  // namespace tenancy::driver
