// What an operation tells while it goes on. Each form of output (terminal, lines, JSON, JUnit, annotations) is one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "driver/fleet/outcome.h"

namespace tenancy::driver {

/// How an operation ended.
struct Summary {
  enum class End { done, failures, stopped, nothing_to_do, cannot_connect };
  End end = End::done;
  std::string reason{};      ///< why it stopped early, or could not connect
  std::size_t targets = 0;   ///< that the selection has
  std::size_t migrated = 0;  ///< with at least one step
  std::size_t unchanged = 0;
  std::size_t failed = 0;
  std::size_t cancelled = 0;
  std::size_t not_started = 0;
  std::size_t retries = 0;
  std::size_t skipping = 0;           ///< targets with migrations that were left out because they are out of order
  std::optional<std::int64_t> run{};  ///< its number in tenancy.runs, if it is recorded
  std::chrono::microseconds duration{0};
};

struct Heading {
  std::string operation;  ///< "upgrade", "downgrade", …
  std::string revision;
  std::string place;  ///< where: "app on db1.example.com"
  std::size_t lanes = 0;
};

/// Called from one thread. Output errors (a closed pipe) throw std::system_error.
class Reporter {
 public:
  virtual ~Reporter() = default;

  virtual void begin(const Heading&) {}
  /// How many targets there will be in all, those with nothing to do too; said once or oftener, or never.
  virtual void expected(std::size_t /*targets*/) {}
  /// So many more targets are known of; `complete` when these are all.
  virtual void found(std::size_t /*targets*/, bool /*complete*/) {}
  /// So many others were looked at, and have nothing to do.
  virtual void unchanged(std::size_t /*targets*/) {}
  /// An attempt begins; retrying() or finished() tells how it ended.
  virtual void started(const Target&) {}
  /// It failed, and will be tried again after `delay`.
  virtual void retrying(const Target&, const ServerReport&, int /*failed_attempts*/,
                        std::chrono::milliseconds /*delay*/) {}
  virtual void finished(const Outcome&) {}
  /// Something that people should know: a lost connection, a signal, a notice of the server. Lower case, one line.
  virtual void note(std::string_view) {}
  virtual void warning(std::string_view) {}
  /// Called a few times a second, for what moves.
  virtual void refresh() {}
  virtual void end(const Summary&) {}
};

}  // namespace tenancy::driver
