// The end of a command that cannot go on.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "driver/command/exit_code.h"

namespace tenancy::driver {

/// Thrown by a command: what people are told, and what the process returns. `what()` begins in lower case; the hint is
/// a full sentence that says what to do, or empty.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode exit_code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), exit_code_(exit_code), hint_(std::move(hint)) {}

  [[nodiscard]] ExitCode exit_code() const noexcept { return exit_code_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  ExitCode exit_code_;
  std::string hint_;
};

/// Wrong arguments, configuration or files.
class UsageError : public Failure {
 public:
  explicit UsageError(const std::string& message, std::string hint = {}) : Failure(kUsage, message, std::move(hint)) {}
};

}  // namespace tenancy::driver
