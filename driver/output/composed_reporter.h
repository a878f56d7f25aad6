// Several forms of output at once.
#pragma once

#include <memory>
#include <vector>

#include "driver/output/reporter.h"

namespace tenancy::driver {

/// Every reporter hears of everything, also when one before it throws; then the first error is thrown.
class ComposedReporter : public Reporter {
 public:
  explicit ComposedReporter(std::vector<std::unique_ptr<Reporter>> reporters) : reporters_(std::move(reporters)) {}

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
  void refresh() override;
  void end(const Summary& summary) override;

 private:
  template <typename Call>
  void tell_all(Call call);

  std::vector<std::unique_ptr<Reporter>> reporters_;
};

}  // namespace tenancy::driver
