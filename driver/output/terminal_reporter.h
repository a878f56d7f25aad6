// Progress on a terminal: a bar at the bottom, and above it what stays.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "driver/output/appearance.h"
#include "driver/output/live_lines.h"
#include "driver/output/text_reporter.h"

namespace tenancy::driver {

class TerminalReporter : public TextReporter {
 public:
  /// `columns` says how wide the terminal is at the moment; 0 is taken for 80.
  TerminalReporter(OutputOptions options, Clock clock, Stream& stream, Appearance appearance,
                   std::function<std::size_t()> columns);
  /// Takes the bar off the terminal, however the operation ended.
  ~TerminalReporter() override;
  TerminalReporter(const TerminalReporter&) = delete;
  TerminalReporter& operator=(const TerminalReporter&) = delete;

  void refresh() override;
  void end(const Summary& summary) override;

 protected:
  void print(std::string_view lines) override;
  [[nodiscard]] const Appearance& appearance() const override { return appearance_; }

 private:
  void draw();

  Appearance appearance_;
  std::function<std::size_t()> columns_;
  std::chrono::steady_clock::time_point drawn_;
  bool ended_ = false;
  std::string waiting_;  ///< printed, and not drawn yet
  LiveLines live_;
};

}  // namespace tenancy::driver
