// A time limit for statements that run inside another statement.
//
// Setting statement_timeout inside a function does nothing: PostgreSQL arms that timer when a command of the
// client begins. So we have a timer of our own, which cancels the backend's work as that one does and
// remembers that it was us; the client's own statement_timeout goes on beside it.
#pragma once

#include "extension/guard.h"

namespace tenancy {

class StatementTimer {
 public:
  /// Zero is no limit. Throws PgError when the backend has no timer left.
  explicit StatementTimer(std::chrono::milliseconds limit);
  ~StatementTimer() { stop(); }
  StatementTimer(const StatementTimer&) = delete;
  StatementTimer& operator=(const StatementTimer&) = delete;

  void start() noexcept;
  /// Check for interrupts afterwards: the timer may just have fired.
  void stop() noexcept;
  /// For a statement that cannot fail any more: takes back what the timer asked for, if it came too late.
  void forget() noexcept;

  /// When this timer caused the error: says so, and confines the error to its target (its SQLSTATE, 57014,
  /// would else mean that the user cancelled the whole run).
  void explain(PgError& error) const;

 private:
  std::chrono::milliseconds limit_;
};

}  // namespace tenancy
