#include "driver/fleet/flusher.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

namespace tenancy::driver {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

/// What lanes can end while a healthy server flushes is less.
constexpr std::size_t kMostUnsafe = 1000;

ServerError session_was_replaced() {
  return {ServerError::Kind::lost,
          {.severity = "FATAL",
           .sqlstate = "08006",
           .message = "connection lost: the server may have lost what was committed and not yet safe"}};
}

}  // namespace

void Flusher::add(WorkItem item, Outcome outcome) {
  const std::string name = item.target.server;
  Server& server = servers_[name];
  server.waiting.push_back({std::move(item), std::move(outcome)});
  if (std::exchange(server.flushes, true)) return;
  start_(work(name, server));
}

asio::awaitable<void> Flusher::wait_for_room(std::string server) {
  const Server& its = servers_[server];
  while (its.flushes && its.waiting.size() >= kMostUnsafe) co_await room_.wait();
}

asio::awaitable<void> Flusher::work(std::string name, Server& server) {
  // Also when the reporter throws.
  struct Working {
    Flusher& flusher;
    Server& server;
    Working(Flusher& its_flusher, Server& its_server) : flusher(its_flusher), server(its_server) {}
    ~Working() {
      server.flushes = false;
      flusher.room_.wake_all();
    }
  };
  Working const working(*this, server);
  while (!server.waiting.empty()) {
    std::vector<Unsafe> group = std::exchange(server.waiting, {});
    room_.wake_all();
    OwedWait owed{CommitWait::off};
    for (const Unsafe& one : group) {
      owed.wait = std::max(owed.wait, one.outcome.owed->wait);
      owed.session = std::max(owed.session, one.outcome.owed->session);
    }
    // Of the two the first one that ends without an exception counts: flush() throws none.
    Result result;
    auto const ended = co_await (flush(name, owed, result) || abort_.wait());
    if (ended.index() == 1) {
      for (const Unsafe& one : group) dispatcher_.abandoned(one.item);
    } else {
      tell(std::move(group), owed, result);
    }
  }
}

asio::awaitable<void> Flusher::flush(const std::string& name, OwedWait owed, Result& result) {
  bool const is_bounded = options_.target_timeout.count() > 0;
  Deadline const deadline = is_bounded ? std::chrono::steady_clock::now() + options_.target_timeout : kNoDeadline;
  try {
    co_await sessions_.flush(name, owed, deadline);
  } catch (const ServerError& error) {
    result = error;
  } catch (...) {
    result = std::current_exception();
  }
}

void Flusher::tell(std::vector<Unsafe> group, OwedWait flushed, const Result& result) {
  if (auto* const error = std::get_if<std::exception_ptr>(&result)) std::rethrow_exception(*error);
  auto* const failure = std::get_if<ServerError>(&result);
  for (Unsafe& one : group) {
    if (failure == nullptr && one.outcome.owed->session == flushed.session) {
      dispatcher_.attempted(std::move(one.item), std::move(one.outcome));
      continue;
    }
    one.item.unsafe = std::make_shared<const Outcome>(std::move(one.outcome));
    dispatcher_.lost(std::move(one.item), failure != nullptr ? *failure : session_was_replaced());
  }
}

}  // namespace tenancy::driver
