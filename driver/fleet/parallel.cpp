#include "driver/fleet/parallel.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

struct Shared {
  std::size_t next = 0;
  std::size_t running = 0;
  std::exception_ptr failure{};
};

awaitable<void> run_lane(Shared& shared, std::size_t count, const std::function<awaitable<void>(std::size_t)>& work) {
  while (shared.next < count && !shared.failure) co_await work(shared.next++);
}

}  // namespace

awaitable<void> in_parallel(std::size_t count, std::size_t most, std::function<awaitable<void>(std::size_t)> work) {
  auto const executor = co_await boost::asio::this_coro::executor;
  // Never expires: the last lane cancels it.
  boost::asio::steady_timer done(executor, boost::asio::steady_timer::time_point::max());
  Shared shared;
  shared.running = std::min(count, most);
  std::size_t const lanes = shared.running;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    boost::asio::co_spawn(executor, run_lane(shared, count, work), [&shared, &done](std::exception_ptr failure) {
      if (failure && !shared.failure) shared.failure = failure;
      if (--shared.running == 0) done.cancel();
    });
  }
  boost::system::error_code ignored;
  if (shared.running > 0) {
    co_await done.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  if (shared.failure) std::rethrow_exception(shared.failure);
}

}  // namespace tenancy::driver
