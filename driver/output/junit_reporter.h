// Results for continuous integration: a JUnit file with a test case for each target.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "driver/output/clock.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

/// Test cases go to `FILE.partial` as targets finish, so that they take no memory; at the end that becomes FILE. An
/// operation that ends by an exception leaves neither.
class JUnitReporter : public Reporter {
 public:
  /// Throws std::system_error when the file cannot be written.
  JUnitReporter(const std::string& file, Clock clock);
  ~JUnitReporter() override;
  JUnitReporter(const JUnitReporter&) = delete;
  JUnitReporter& operator=(const JUnitReporter&) = delete;

  void begin(const Heading& heading) override { heading_ = heading; }
  void finished(const Outcome& outcome) override;
  void end(const Summary& summary) override;

 private:
  void write(const std::string& text);

  std::filesystem::path path_;
  std::filesystem::path partial_;
  std::ofstream file_;
  Clock clock_;
  Heading heading_;
  std::string timestamp_;
  std::size_t tests_ = 0;
  std::size_t failures_ = 0;
  std::size_t skipped_ = 0;
};

}  // namespace tenancy::driver
