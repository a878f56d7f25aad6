// Requests to cancel what a session's server does.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "driver/connection/socket_wait.h"

namespace tenancy::driver {

/// The requests of one session that are under way. A server that gets one cancels what it does at that moment, so the
/// session must begin nothing new before.
class CancelRequests {
 public:
  explicit CancelRequests(const boost::asio::any_io_executor& executor) : ended_(executor) {}

  /// Sends one and is over when the server has taken it, or nothing can be sent. After the deadline it may still be
  /// taken. It is under way from this call on; the session may end before it does.
  static boost::asio::awaitable<void> send(std::shared_ptr<CancelRequests> requests, const PGconn* session,
                                           Deadline deadline);

  /// Waits until none is under way. False: the deadline passed before, or one is under way that nobody waits for.
  boost::asio::awaitable<bool> wait_for_end(Deadline deadline);

 private:
  boost::asio::steady_timer ended_;  // cancelled when a request ends
  int under_way_ = 0;
  bool is_one_astray_ = false;
  friend class CancelRequest;
};

}  // namespace tenancy::driver
