// Hands the targets of an operation to its lanes, judges what came of each, and tells the reporter.
//
// All of it runs on one single-threaded executor. Lanes and the feeder are coroutines, which must have ended before the
// object does.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <exception>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "driver/fleet/event.h"
#include "driver/fleet/lane_options.h"
#include "driver/fleet/outcome.h"
#include "driver/fleet/target_source.h"
#include "driver/fleet/work_queue.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

class Dispatcher {
 public:
  Dispatcher(const boost::asio::any_io_executor& executor, core::Direction direction, const LaneOptions& options,
             WorkQueue::BoundOf bound_of, Reporter& reporter);

  /// Reads the source as lanes have use for its targets, until it ends or the operation stops.
  boost::asio::awaitable<void> feed(TargetSource& source);

  /// The next target for a lane with or without a session; waits for one. Nothing: the lane's work is over.
  boost::asio::awaitable<std::optional<WorkQueue::Taken>> take(std::optional<Place> session);

  // What becomes of a lane's session.
  void reached(const std::string& server);
  void closed(const std::string& server);

  // What becomes of a target that was taken: one of these.
  void unreached(WorkItem item, const ServerError& error, std::size_t known_failures);
  void not_begun(WorkItem item, bool was_connecting);
  void attempted(WorkItem item, Outcome outcome);
  void lost(WorkItem item, const ServerError& error);
  void abandoned(const WorkItem& item);  ///< it did not end when it was cancelled

  void started(const Target& target) { reporter_.started(target); }

  /// No further target begins until it is not paused any more; those that were begun go on.
  void pause(bool paused);
  /// No further target begins; those that were begun go on. The first reason counts.
  void stop(const std::string& reason);
  /// The same, and what is cut off from now on is cancelled, not failed.
  void cancel(const std::string& reason);
  /// The same as stop(); the error comes out of summary().
  void fail(std::exception_ptr error);
  [[nodiscard]] bool is_stopped() const noexcept { return stopped_; }
  boost::asio::awaitable<void> wait_for_stop();

  /// How it ended, when all lanes have. Throws what fail() was given.
  [[nodiscard]] Summary summary() const;

 private:
  boost::asio::awaitable<std::optional<TargetPage>> next_page(TargetSource& source);
  void add(TargetPage page);
  [[nodiscard]] bool wants_more() const noexcept;
  [[nodiscard]] bool is_done() const noexcept;
  void wake_lanes();
  void arm(std::optional<TimePoint> time);
  void finish(const WorkItem& item, Outcome outcome);
  void fail_target(const WorkItem& item, const ServerReport& report);
  void try_again(WorkItem item, const ServerReport& report);
  void count(const Outcome& outcome);
  void check_failures(const Outcome& outcome);
  double random() { return distribution_(generator_); }

  LaneOptions options_;
  core::Direction direction_;
  WorkQueue queue_;
  Reporter& reporter_;
  Event lanes_wait_;
  Event feeder_waits_;
  Event stop_waits_;
  boost::asio::steady_timer alarm_;  ///< wakes lanes when the time of something has come
  TimePoint alarm_at_ = TimePoint::max();
  std::size_t idle_lanes_ = 0;
  bool complete_ = false;  ///< the source has ended
  bool paused_ = false;
  bool stopped_ = false;
  bool cancelled_ = false;
  std::exception_ptr error_;
  std::set<std::string> full_servers_;  ///< that people were told of
  std::size_t expected_ = 0;            ///< targets in all; 0: nobody knows
  Summary summary_;
  std::minstd_rand generator_{std::random_device{}()};
  std::uniform_real_distribution<double> distribution_{0.0, 1.0};
};

}  // namespace tenancy::driver
