// One of the coroutines that carry an operation out: it has one session at a time, and one target.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <variant>

#include "driver/fleet/dispatcher.h"
#include "driver/fleet/flusher.h"
#include "driver/fleet/target_session.h"

namespace tenancy::driver {

class Lane {
 public:
  Lane(const boost::asio::any_io_executor& executor, Dispatcher& dispatcher, Flusher& flusher, SessionFactory& sessions,
       const LaneOptions& options)
      : dispatcher_(dispatcher), flusher_(flusher), sessions_(sessions), options_(options), abort_(executor) {}

  /// Takes targets until there are none. What it throws is for Dispatcher::fail().
  boost::asio::awaitable<void> work();

  /// Asks the server to cancel the target that the lane has in hand.
  boost::asio::awaitable<void> cancel();
  /// Waits no longer for the target in hand: its session is closed.
  void abort() { abort_.wake_all(); }
  [[nodiscard]] bool is_busy() const noexcept { return busy_; }

 private:
  using Opened = std::variant<std::unique_ptr<TargetSession>, ServerError, std::exception_ptr>;
  using Attempt = std::variant<Outcome, ServerError, std::exception_ptr>;

  boost::asio::awaitable<void> carry_out(WorkQueue::Taken taken);
  boost::asio::awaitable<bool> connect(WorkQueue::Taken& taken);
  boost::asio::awaitable<void> open(Place place, Opened& opened);
  boost::asio::awaitable<void> attempt(WorkItem& item, Attempt& result);
  boost::asio::awaitable<std::optional<Outcome>> look_up(WorkItem& item, Deadline deadline);
  void judge(WorkItem item, Attempt result);
  void close();

  Dispatcher& dispatcher_;
  Flusher& flusher_;
  SessionFactory& sessions_;
  const LaneOptions& options_;
  std::unique_ptr<TargetSession> session_;
  std::optional<Place> place_;  ///< of the session
  Event abort_;
  bool busy_ = false;
};

}  // namespace tenancy::driver
