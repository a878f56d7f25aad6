#include "driver/fleet/lane.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <chrono>

namespace tenancy::driver {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using Clock = std::chrono::steady_clock;

asio::awaitable<void> Lane::work() {
  for (;;) {
    std::optional<WorkQueue::Taken> taken = co_await dispatcher_.take(place_);
    if (!taken) break;
    co_await carry_out(std::move(*taken));
  }
  close();
}

void Lane::close() {
  if (!place_) return;
  session_.reset();
  dispatcher_.closed(place_->server);
  place_.reset();
}

asio::awaitable<void> Lane::carry_out(WorkQueue::Taken taken) {
  if (taken.connects) {
    bool const is_connected = co_await connect(taken);
    if (!is_connected) co_return;
  }
  busy_ = true;
  dispatcher_.started(taken.item.target);
  // Of the two the first one that ends without an exception counts: attempt() throws none.
  Attempt result;
  auto const ended = co_await (attempt(taken.item, result) || abort_.wait());
  busy_ = false;
  if (ended.index() == 1) {
    close();
    dispatcher_.abandoned(taken.item);
    co_return;
  }
  std::string const server = taken.item.target.server;
  judge(std::move(taken.item), std::move(result));
  co_await flusher_.wait_for_room(server);
}

asio::awaitable<bool> Lane::connect(WorkQueue::Taken& taken) {
  close();
  const Place place = place_of(taken.item.target);
  Opened opened;
  auto const ended = co_await (open(place, opened) || dispatcher_.wait_for_stop());
  if (ended.index() == 1) {
    dispatcher_.not_begun(std::move(taken.item), true);
    co_return false;
  }
  if (auto* const error = std::get_if<ServerError>(&opened)) {
    dispatcher_.unreached(std::move(taken.item), *error, taken.known_failures);
    co_return false;
  }
  if (auto* const error = std::get_if<std::exception_ptr>(&opened)) std::rethrow_exception(*error);
  session_ = std::move(std::get<std::unique_ptr<TargetSession>>(opened));
  place_ = place;
  dispatcher_.reached(place.server);
  co_return true;
}

asio::awaitable<void> Lane::open(Place place, Opened& opened) {
  try {
    opened = co_await sessions_.open(place, Clock::now() + options_.connect_timeout);
  } catch (const ServerError& error) {
    opened = error;
  } catch (...) {
    opened = std::current_exception();
  }
}

asio::awaitable<void> Lane::attempt(WorkItem& item, Attempt& result) {
  bool const is_bounded = options_.target_timeout.count() > 0;
  Deadline const deadline = is_bounded ? Clock::now() + options_.target_timeout : kNoDeadline;
  try {
    if (item.in_doubt) {
      std::optional<Outcome> outcome = co_await look_up(item, deadline);
      if (outcome) {
        result = std::move(*outcome);
        co_return;
      }
      item.in_doubt = false;
      item.unsafe.reset();
    }
    result = co_await session_->run(item.target, deadline);
  } catch (const ServerError& error) {
    result = error;
  } catch (...) {
    result = std::current_exception();
  }
}

asio::awaitable<std::optional<Outcome>> Lane::look_up(WorkItem& item, Deadline deadline) {
  if (item.unsafe) return session_->look_up_again(*item.unsafe, deadline);
  return session_->look_up(item.target, deadline);
}

void Lane::judge(WorkItem item, Attempt result) {
  if (auto* const outcome = std::get_if<Outcome>(&result)) {
    if (outcome->owed) {
      flusher_.add(std::move(item), std::move(*outcome));
      return;
    }
    dispatcher_.attempted(std::move(item), std::move(*outcome));
    return;
  }
  // Whatever was thrown, nobody knows what is left in the session.
  close();
  if (auto* const error = std::get_if<std::exception_ptr>(&result)) std::rethrow_exception(*error);
  const ServerError& error = std::get<ServerError>(result);
  if (!error.session_goes_on()) {
    dispatcher_.lost(std::move(item), error);
    return;
  }
  Outcome outcome{.target = item.target, .state = Outcome::State::failed};
  outcome.failure = error.report();
  dispatcher_.attempted(std::move(item), std::move(outcome));
}

asio::awaitable<void> Lane::cancel() {
  if (busy_ && session_) co_await session_->cancel();
}

}  // namespace tenancy::driver
