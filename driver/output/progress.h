// How far an operation is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "driver/fleet/outcome.h"
#include "driver/output/clock.h"

namespace tenancy::driver {

class Progress {
 public:
  explicit Progress(Clock clock);

  void expected(std::size_t targets);
  void found(std::size_t targets, bool complete);
  /// They count as done.
  void unchanged(std::size_t targets);
  void started(const Target& target);
  void retrying(const Target& target);
  void finished(const Outcome& outcome);
  /// Remembers how far it is now, for per_second(); a few times a second.
  void sample();

  [[nodiscard]] std::size_t total() const noexcept { return std::max(expected_, found_); }
  /// Is total() all that there is?
  [[nodiscard]] bool complete() const noexcept { return complete_ || expected_ > 0; }
  [[nodiscard]] std::size_t done() const noexcept { return done_; }
  [[nodiscard]] std::size_t failed() const noexcept { return failed_; }
  [[nodiscard]] std::size_t retrying() const noexcept { return retrying_.size(); }
  [[nodiscard]] std::size_t finished() const noexcept { return done_ + failed_ + cancelled_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return total() > finished() ? total() - finished() : 0; }

  [[nodiscard]] std::chrono::microseconds elapsed() const;
  /// Of the last ten seconds or so.
  [[nodiscard]] double per_second() const;
  /// Nothing while it cannot be said.
  [[nodiscard]] std::optional<std::chrono::microseconds> time_left() const;

  struct Running {
    std::string name;  ///< not made visible
    std::chrono::microseconds since;
  };
  /// Targets that run for at least `least`, the longest first.
  [[nodiscard]] std::vector<Running> running(std::chrono::microseconds least) const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Sample {
    Time time;
    std::size_t finished;
  };

  Clock clock_;
  Time began_;
  std::size_t expected_ = 0;
  std::size_t found_ = 0;  ///< unchanged ones included
  bool complete_ = false;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  std::size_t cancelled_ = 0;
  std::set<std::string> retrying_;        ///< by label, those that wait for their next attempt or are in it
  std::map<std::string, Time> in_lanes_;  ///< by label
  std::deque<Sample> samples_;
};

}  // namespace tenancy::driver
