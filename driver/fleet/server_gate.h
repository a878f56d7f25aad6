// Which lanes may open a session with a server, and what it means when a session does not come about.
//
// A server that cannot be reached is tried again by one lane at a time, with backoff, until the policy gives it up: its
// targets then fail at once, and not each with a timeout of its own. A server without a free connection keeps the
// sessions that it has given us, and is asked for one more from time to time. No I/O and no clock in here.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "driver/connection/server_error.h"
#include "driver/fleet/lane_options.h"

namespace tenancy::driver {

using TimePoint = std::chrono::steady_clock::time_point;

class ServerGate {
 public:
  /// At most `bound` sessions at once; 0: any number.
  ServerGate(const LaneOptions& options, std::size_t bound) : options_(options), bound_(bound) {}

  /// May a lane begin to connect? `leaves` says that it closes another session with this server first.
  [[nodiscard]] bool admits(TimePoint now, bool leaves) const noexcept;
  /// When time alone will make it admit somebody; nothing when that takes a session to close.
  [[nodiscard]] std::optional<TimePoint> opens_at(TimePoint now) const noexcept;

  /// A lane connects. Gives the number of failures that it knows of, for unreached().
  std::size_t begin_connecting() noexcept;
  void reached() noexcept;
  /// A session that was reached is no more.
  void closed() noexcept { --open_; }
  /// Connecting was given up, for no fault of the server's.
  void abandoned() noexcept { --connecting_; }

  enum class Verdict {
    later,         ///< the target goes back to the queue
    full,          ///< the same: the server has no connection free, and we have others there
    target_fails,  ///< the server is there, and refuses this database or this role
    server_fails,  ///< all targets of the server fail
  };
  /// `random`, in [0, 1), is for the backoff.
  Verdict unreached(const ServerError& error, std::size_t known_failures, TimePoint now, double random);

  /// Why the server was given up.
  [[nodiscard]] const std::optional<ServerReport>& given_up() const noexcept { return given_up_; }
  [[nodiscard]] bool was_reached() const noexcept { return was_reached_; }
  [[nodiscard]] bool is_down() const noexcept { return failures_in_a_row_ > 0; }
  [[nodiscard]] std::size_t sessions() const noexcept { return open_ + connecting_; }

 private:
  [[nodiscard]] bool has_room(TimePoint now, bool leaves) const noexcept;
  void shrink(TimePoint now, double random);
  Verdict give_up(const ServerReport& report);

  LaneOptions options_;
  std::size_t bound_;
  std::size_t open_ = 0;
  std::size_t connecting_ = 0;
  bool was_reached_ = false;

  // Of a server that cannot be reached.
  std::size_t failures_ = 0;  ///< in all, but those that lanes met at the same time
  int failures_in_a_row_ = 0;
  TimePoint down_since_{};
  TimePoint closed_until_{};
  std::optional<ServerReport> given_up_;

  // Of a server that has no connection free.
  std::optional<std::size_t> most_;  ///< sessions that it gave us
  int refusals_ = 0;
  TimePoint grows_at_{};
};

}  // namespace tenancy::driver
