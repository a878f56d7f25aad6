#include "driver/connection/socket_wait.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tenancy::driver {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators are found in no other way

namespace {

using Socket = asio::posix::stream_descriptor;

asio::awaitable<void> ready(Socket& socket, Interest interest) {
  if (interest == Interest::read) {
    co_await socket.async_wait(Socket::wait_read, asio::use_awaitable);
  } else if (interest == Interest::write) {
    co_await socket.async_wait(Socket::wait_write, asio::use_awaitable);
  } else {
    co_await (socket.async_wait(Socket::wait_read, asio::use_awaitable) ||
              socket.async_wait(Socket::wait_write, asio::use_awaitable));
  }
}

}  // namespace

asio::awaitable<bool> wait_for(Socket& socket, Interest interest, Deadline deadline) {
  if (deadline == kNoDeadline) {
    co_await ready(socket, interest);
    co_return true;
  }
  asio::steady_timer timer(socket.get_executor(), deadline);
  const auto first = co_await (ready(socket, interest) || timer.async_wait(asio::use_awaitable));
  co_return first.index() == 0;
}

asio::awaitable<bool> wait_once(int socket, Interest interest, Deadline deadline) {
  BorrowedDescriptor watch(co_await asio::this_coro::executor, socket);
  co_return co_await wait_for(watch.get(), interest, deadline);
}

}  // namespace tenancy::driver
