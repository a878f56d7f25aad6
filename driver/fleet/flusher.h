// Outcomes whose commits waited for nothing: they are told when a flush of their server has made up for it.
//
//   add ──▶ waiting ──flush──▶ told
//                     └──▶ looked up, and maybe run, again when it went wrong
//
// A flush is for all that wait when it begins; what comes meanwhile is for the next one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "driver/fleet/dispatcher.h"
#include "driver/fleet/target_session.h"

namespace tenancy::driver {

class Flusher {
 public:
  /// Starts a coroutine, which must have ended before the object does; what it throws is for Dispatcher::fail().
  using Start = std::function<void(boost::asio::awaitable<void>)>;

  /// What is referred to must outlive the object.
  Flusher(const boost::asio::any_io_executor& executor, Dispatcher& dispatcher, SessionFactory& sessions,
          const LaneOptions& options, Start start)
      : dispatcher_(dispatcher),
        sessions_(sessions),
        options_(options),
        start_(std::move(start)),
        room_(executor),
        abort_(executor) {}

  /// The outcome owes a wait; its target is in hand until it is told.
  void add(WorkItem item, Outcome outcome);

  /// Until so few outcomes of the server wait that there may be one more: while a flush does not come to its end, the
  /// fleet is not to go on for ever.
  boost::asio::awaitable<void> wait_for_room(std::string server);

  /// Waits no longer for the flushes that are under way.
  void abort() { abort_.wake_all(); }

 private:
  struct Unsafe {
    WorkItem item;
    Outcome outcome;
  };
  struct Server {
    std::vector<Unsafe> waiting;
    bool flushes = false;
  };
  using Result = std::variant<std::monostate, ServerError, std::exception_ptr>;

  boost::asio::awaitable<void> work(std::string name, Server& server);
  boost::asio::awaitable<void> flush(const std::string& name, OwedWait owed, Result& result);
  void tell(std::vector<Unsafe> group, OwedWait flushed, const Result& result);

  Dispatcher& dispatcher_;
  SessionFactory& sessions_;
  const LaneOptions& options_;
  Start start_;
  Event room_;
  Event abort_;
  std::map<std::string, Server> servers_;
};

}  // namespace tenancy::driver
