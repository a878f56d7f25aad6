#include "driver/connection/blocking_call.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

/// Those of people are for the loop's thread; the SIGPIPE of a connection that breaks is for nobody.
void block_signals() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

asio::awaitable<bool> run_in_thread(std::function<void()> work, Deadline deadline) {
  // The thread tells its end by closing its side of a pipe. So it needs nothing of ours, which may be gone by then.
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor end(executor, ends[0]);
  try {
    std::thread([work = std::move(work), done = ends[1]] {
      block_signals();
      work();
      close(done);
    }).detach();
  } catch (...) {
    close(ends[1]);
    throw;
  }
  co_return co_await wait_for(end, Interest::read, deadline);
}

}  // namespace tenancy::driver
