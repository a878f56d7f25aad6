// An operation of the driver as a run of the control database: in tenancy.runs and tenancy.run_targets, as those are
// that the database carries out itself.
//
// One session leads the run, as long as it lives; another one writes. Targets are recorded page by page before they are
// begun, outcomes a few times a second, many in one statement: a driver that is killed leaves a run that is
// interrupted, whose last targets may be further than it says. What is asked of the run by others (pause, abort) is
// obeyed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "driver/fleet/event.h"
#include "driver/fleet/run_statements.h"
#include "driver/fleet/steering.h"
#include "driver/fleet/target_source.h"

namespace tenancy::driver {

/// A run that goes on.
struct ResumedRun {
  std::int64_t run = 0;
  bool retries_failed = false;  ///< what failed in it, too
};

class RunRecord {
 public:
  /// A session with the control database. Throws ServerError.
  using Open = std::function<boost::asio::awaitable<Connection>()>;
  using Warn = std::function<void(const std::string& text)>;

  /// `patience`: how long the control database may be away when the run ends.
  RunRecord(boost::asio::any_io_executor executor, Open open, RunHeader header, std::optional<ResumedRun> resumed,
            Warn warn, std::chrono::milliseconds patience);
  RunRecord(const RunRecord&) = delete;
  RunRecord& operator=(const RunRecord&) = delete;

  /// Records the targets before they are begun; without any no new run begins. Of a run that goes on it takes out what
  /// failed and is not to be tried again. Throws ServerError, after which it may be called again with that page.
  boost::asio::awaitable<void> add(TargetPage& page);
  /// What others are told of targets that were added.
  void retrying(const Target& target, const ServerReport& report, int failed_attempts);
  void finished(const Outcome& outcome);

  /// Records how it ended; nothing more may come. Must be called, also when the operation threw. What cannot be
  /// recorded is warned of: the targets themselves say what is applied. Where targets of a run that went on have failed
  /// before and were left alone, `summary` then says so. Throws what warning throws.
  boost::asio::awaitable<void> close(Summary& summary);

  [[nodiscard]] std::optional<std::int64_t> run() const noexcept { return run_; }
  [[nodiscard]] Steering& steering() noexcept { return steering_; }

 private:
  class Turn;
  boost::asio::awaitable<void> begin();
  boost::asio::awaitable<std::optional<std::int64_t>> try_to_begin(Deadline deadline);
  boost::asio::awaitable<void> lead(std::int64_t run);
  boost::asio::awaitable<std::vector<std::optional<std::size_t>>> number(const TargetPage& page);
  void take(TargetPage& page, const std::vector<std::optional<std::size_t>>& ordinals);
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<void> write();
  boost::asio::awaitable<void> obey();
  boost::asio::awaitable<void> finish(Summary& summary);
  boost::asio::awaitable<BatchResult> send(const std::vector<Statement>& statements);
  boost::asio::awaitable<Result> send_one(Statement statement);

  boost::asio::any_io_executor executor_;
  Open open_;
  RunHeader header_;
  std::optional<ResumedRun> resumed_;
  Warn warn_;
  std::chrono::milliseconds patience_;
  Steering steering_;
  std::optional<Connection> leader_, writer_;
  bool is_writing_ = false;  ///< somebody uses the sessions
  Event writing_ended_;
  std::optional<std::int64_t> run_;
  std::size_t newest_ = 0;  ///< ordinal
  std::size_t known_ = 0;   ///< targets, those too that are unchanged
  std::size_t unchanged_ = 0;
  std::unordered_map<std::string, std::size_t> ordinals_;  ///< of targets that have not ended, by place
  boost::json::array unwritten_;                           ///< outcomes
  std::string state_ = "running";                          ///< that others have asked for
  bool has_warned_ = false;
  bool works_ = false;
  bool closes_ = false;
  std::exception_ptr error_;  ///< that work() ended with
  Event work_;                ///< it ends, or is to end
};

}  // namespace tenancy::driver
