// Waiting for the socket of a libpq connection.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>

namespace tenancy::driver {

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

enum class Interest { read, write, either };

/// Waits until the socket can do what is of interest. False: the deadline passed before.
boost::asio::awaitable<bool> wait_for(boost::asio::posix::stream_descriptor& socket, Interest interest,
                                      Deadline deadline);

/// Waits for a socket that libpq may close or exchange behind it, as it does while it connects: Asio knows the
/// descriptor for this one wait only, and never closes it.
boost::asio::awaitable<bool> wait_once(int socket, Interest interest, Deadline deadline);

/// An object of Asio for a descriptor that somebody else owns: lets it go however its scope ends.
class BorrowedDescriptor {
 public:
  BorrowedDescriptor(const boost::asio::any_io_executor& executor, int descriptor) : watch_(executor, descriptor) {}
  ~BorrowedDescriptor() { release(); }
  BorrowedDescriptor(const BorrowedDescriptor&) = delete;
  BorrowedDescriptor& operator=(const BorrowedDescriptor&) = delete;

  void release() noexcept {
    if (watch_.is_open()) watch_.release();
  }
  [[nodiscard]] boost::asio::posix::stream_descriptor& get() noexcept { return watch_; }

 private:
  boost::asio::posix::stream_descriptor watch_;
};

}  // namespace tenancy::driver
