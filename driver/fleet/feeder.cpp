// How a dispatcher gets its targets: by pages, a little ahead of the lanes.
#include <algorithm>

#include "driver/fleet/dispatcher.h"

namespace tenancy::driver {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

/// Lanes that find nothing among so many targets wait: those further on would only fill the memory.
constexpr std::size_t kMostAhead = 16384;

}  // namespace

bool Dispatcher::wants_more() const noexcept {
  // Lanes are idle for want of targets, or because all of these are on servers that are busy.
  return queue_.waiting() < options_.page_size || (idle_lanes_ > 0 && queue_.waiting() < kMostAhead);
}

void Dispatcher::add(TargetPage page) {
  expected_ = std::max(expected_, page.expected);
  summary_.targets += page.targets.size() + page.unchanged;
  summary_.unchanged += page.unchanged;
  summary_.skipping += page.skipping;
  if (expected_ > 0) reporter_.expected(expected_);
  if (page.unchanged > 0) reporter_.unchanged(page.unchanged);
  reporter_.found(page.targets.size(), false);
  for (Target& target : page.targets) queue_.add(std::move(target));
  wake_lanes();
}

asio::awaitable<std::optional<TargetPage>> Dispatcher::next_page(TargetSource& source) {
  TimePoint const begin = Clock::now();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (int failures = 1;; ++failures) {
    std::optional<ServerError> error;
    try {
      co_return co_await source.next();
    } catch (const ServerError& failure) {
      error = failure;
    }
    bool const was_there = summary_.targets > 0 || queue_.has_reached_any();
    bool const is_over =
        was_there ? Clock::now() - begin >= options_.reconnect_timeout : failures >= options_.retry.max_attempts;
    if (error->session_goes_on() || is_over || !is_transient(error->report())) throw *error;
    if (failures == 1) reporter_.note(std::string("cannot read the targets, trying again: ") + error->what());
    timer.expires_after(core::retry_delay(options_.retry, failures, random()));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> Dispatcher::feed(TargetSource& source) {
  for (;;) {
    std::optional<TargetPage> page = co_await next_page(source);
    if (!page) break;
    add(std::move(*page));
    while (!stopped_ && !wants_more()) co_await feeder_waits_.wait();
    if (stopped_) co_return;
  }
  complete_ = true;
  reporter_.found(0, true);
  wake_lanes();
}

}  // namespace tenancy::driver
