// Progress where no terminal is: lines with the time in front, fit for the log of a pipeline.
#pragma once

#include <chrono>

#include "driver/output/appearance.h"
#include "driver/output/stream.h"
#include "driver/output/text_reporter.h"

namespace tenancy::driver {

/// How far it is comes every five seconds, less often in long operations.
class LineReporter : public TextReporter {
 public:
  LineReporter(OutputOptions options, Clock clock, Stream& stream, Appearance appearance);

  void refresh() override;

 protected:
  void print(std::string_view lines) override;
  [[nodiscard]] const Appearance& appearance() const override { return appearance_; }

 private:
  Stream& stream_;
  Appearance appearance_;
  std::chrono::microseconds told_{0};  ///< elapsed when progress was told last
};

}  // namespace tenancy::driver
