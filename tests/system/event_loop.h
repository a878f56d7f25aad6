// Runs coroutines of the driver in tests, which are none.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace tenancy::test {

/// A loop in the thread of those who call it. Whatever hangs for a minute fails its test.
class EventLoop {
 public:
  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

  /// Runs a coroutine to its end, and others meanwhile; returns what it returns, throws what it throws. Throws
  /// std::runtime_error when it hangs.
  template <typename T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> value;
    run(keep(std::move(work), value));
    return std::move(*value);
  }

  void run(boost::asio::awaitable<void> work) {
    std::exception_ptr thrown;
    bool is_over = false;
    boost::asio::co_spawn(context_, std::move(work), [&](std::exception_ptr error) {
      thrown = std::move(error);
      is_over = true;
    });
    const auto deadline = std::chrono::steady_clock::now() + kHang;
    context_.restart();
    while (!is_over && context_.run_one_until(deadline) > 0) continue;
    if (!is_over) throw std::runtime_error("a coroutine hangs");
    if (thrown) std::rethrow_exception(thrown);
  }

  /// Starts a coroutine, which runs on when others are run.
  void start(boost::asio::awaitable<void> work) {
    boost::asio::co_spawn(context_, std::move(work), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }

  /// Runs all that is left of what was started.
  void run_rest() {
    context_.restart();
    context_.run_for(kHang);
    if (!context_.stopped()) throw std::runtime_error("a coroutine hangs");
  }

 private:
  static constexpr std::chrono::seconds kHang{60};

  template <typename T>
  static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> work, std::optional<T>& value) {
    value.emplace(co_await std::move(work));
  }

  boost::asio::io_context context_;
};

}  // namespace tenancy::test
