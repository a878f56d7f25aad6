// Commits of a server that wait for nothing, and one session that makes up for it for many of them at once.
//
// A flush is a commit that writes something and waits, so that all that was committed before it is safe too: on the
// disk, and with synchronous standbys. It says nothing about commits before the session began: the server may have
// broken down in between and lost them, and this object is for noticing that.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "driver/connection/connection.h"
#include "driver/fleet/commit_wait.h"
#include "driver/fleet/event.h"

namespace tenancy::driver {

class CommitFlush {
 public:
  using Open = std::function<boost::asio::awaitable<Connection>()>;

  CommitFlush(const boost::asio::any_io_executor& executor, Open open) : open_(std::move(open)), opened_(executor) {}

  /// For a target over a session that leads to `address`: OwedWait::session for its commit; 0: the commit has to wait.
  /// Opens the session for the second target of the server. Where a pooler stands between, or nobody may write what a
  /// flush is made of, or no connection is free, commits wait. Throws nothing of the server's.
  boost::asio::awaitable<std::size_t> for_commit(const std::string& address);

  /// The same for one that may have happened, before it is looked up: it may be one that did not wait. Throws
  /// ServerError when a session that there was cannot be had again.
  boost::asio::awaitable<std::size_t> for_look_up();

  /// Throws ServerError, also for a session that is no more. One call at a time.
  boost::asio::awaitable<void> flush(OwedWait owed, Deadline deadline);

  boost::asio::awaitable<void> cancel();

 private:
  enum class State {
    unused,  ///< nothing was opened yet
    opening,
    open,
    lost,
    refused,  ///< there will never be one
  };

  boost::asio::awaitable<void> open();
  boost::asio::awaitable<bool> can_flush(Connection& connection);

  Open open_;
  Event opened_;  ///< or not
  State state_ = State::unused;
  bool is_begun_ = false;  ///< a target has come
  std::optional<Connection> connection_;
  std::size_t session_ = 0;
};

}  // namespace tenancy::driver
