#include "driver/fleet/operation.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <list>
#include <utility>

#include "driver/fleet/dispatcher.h"
#include "driver/fleet/interruption.h"
#include "driver/fleet/lane.h"

namespace tenancy::driver {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kRefreshInterval{200};
/// A cancel request may come between two statements: it is repeated until the target ends.
constexpr milliseconds kCancelInterval{500};
constexpr int kCancelRequests = 20;

class RunningOperation {
 public:
  RunningOperation(const asio::any_io_executor& executor, Operation& operation)
      : executor_(executor),
        operation_(operation),
        dispatcher_(executor, operation.direction, operation.options, operation.bound_of, operation.reporter),
        flusher_(executor, dispatcher_, operation.sessions, operation.options,
                 [this](asio::awaitable<void> part) { start(std::move(part)); }),
        ended_(executor) {}

  asio::awaitable<Summary> run() {
    auto const begin = std::chrono::steady_clock::now();
    operation_.reporter.begin(operation_.heading);
    {
      Interruption const interruption(
          executor_, [this](const std::string& signal) { stop(signal); },
          [this](const std::string& signal) { cancel(signal); });
      Steered const steered(*this);
      for (std::size_t i = 0; i < operation_.options.lanes; ++i) {
        start(lanes_.emplace_back(executor_, dispatcher_, flusher_, operation_.sessions, operation_.options).work());
      }
      start(feed());
      co_await (wait_for_end() || refresh());
    }
    co_await wait_for_cancel_requests();
    Summary summary = dispatcher_.summary();
    summary.duration = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    operation_.reporter.end(summary);
    co_return summary;
  }

 private:
  /// While it lives, others may steer.
  class Steered {
   public:
    explicit Steered(RunningOperation& running) : steering_(running.operation_.steering) {
      if (steering_ == nullptr) return;
      steering_->stop = [&running](const std::string& reason) {
        running.dispatcher_.stop(reason);
        running.guarded([&] { running.operation_.reporter.note(reason + ": no further target begins"); });
      };
      steering_->pause = [&running](bool paused) { running.guarded([&] { running.dispatcher_.pause(paused); }); };
    }
    Steered(const Steered&) = delete;
    Steered& operator=(const Steered&) = delete;
    ~Steered() {
      if (steering_ != nullptr) *steering_ = {};
    }

   private:
    Steering* steering_;
  };

  void start(asio::awaitable<void> part) {
    ++running_;
    asio::co_spawn(executor_, std::move(part), [this](std::exception_ptr error) {
      --running_;
      if (error) dispatcher_.fail(std::move(error));
      ended_.wake_all();
    });
  }

  asio::awaitable<void> feed() {
    // What it throws comes as a value: an exception would let the other one be waited for.
    std::exception_ptr error;
    co_await (read_source(error) || dispatcher_.wait_for_stop());
    if (error) std::rethrow_exception(error);
  }

  asio::awaitable<void> read_source(std::exception_ptr& error) {
    try {
      co_await dispatcher_.feed(operation_.source);
    } catch (...) {
      error = std::current_exception();
    }
  }

  asio::awaitable<void> wait_for_end() {
    while (running_ > 0) co_await ended_.wait();
  }

  asio::awaitable<void> wait_for_cancel_requests() {
    while (cancelling_ || cancel_requests_ > 0) co_await ended_.wait();
  }

  /// Never ends by itself.
  asio::awaitable<void> refresh() {
    asio::steady_timer timer(executor_);
    for (;;) {
      timer.expires_after(kRefreshInterval);
      co_await timer.async_wait(asio::use_awaitable);
      try {
        operation_.reporter.refresh();
      } catch (...) {
        dispatcher_.fail(std::current_exception());
      }
    }
  }

  void stop(const std::string& signal) {
    dispatcher_.stop(signal);
    guarded([&] {
      operation_.reporter.note(signal + ": no further target begins; the same again cancels those that are running");
    });
  }

  void cancel(const std::string& signal) {
    dispatcher_.cancel(signal);
    guarded([&] { operation_.reporter.note(signal + ": cancelling what runs"); });
    cancelling_ = true;
    asio::co_spawn(executor_, cancel_lanes(), [this](std::exception_ptr error) {
      if (error) dispatcher_.fail(std::move(error));
      cancelling_ = false;
      ended_.wake_all();
    });
  }

  asio::awaitable<void> cancel_lanes() {
    asio::steady_timer timer(executor_);
    for (int request = 0; request < kCancelRequests && running_ > 0; ++request) {
      for (Lane& lane : lanes_) send(lane.cancel());
      send(operation_.sessions.cancel_flushes());
      timer.expires_after(kCancelInterval);
      co_await (timer.async_wait(asio::use_awaitable) || wait_for_end());
    }
    for (Lane& lane : lanes_) lane.abort();
    flusher_.abort();
  }

  void send(asio::awaitable<void> cancel) {
    ++cancel_requests_;
    asio::co_spawn(executor_, std::move(cancel), [this](std::exception_ptr error) {
      --cancel_requests_;
      if (error) dispatcher_.fail(std::move(error));
      ended_.wake_all();
    });
  }

  template <typename Tell>
  void guarded(Tell tell) {
    try {
      tell();
    } catch (...) {
      dispatcher_.fail(std::current_exception());
    }
  }

  asio::any_io_executor executor_;
  Operation& operation_;
  Dispatcher dispatcher_;
  Flusher flusher_;
  std::list<Lane> lanes_;
  std::size_t running_ = 0;  ///< lanes, the feeder and flushes
  bool cancelling_ = false;
  std::size_t cancel_requests_ = 0;  ///< under way
  Event ended_;
};

}  // namespace

asio::awaitable<Summary> run_operation(Operation operation) {
  RunningOperation running(co_await asio::this_coro::executor, operation);
  co_return co_await running.run();
}

}  // namespace tenancy::driver
