#include "driver/fleet/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenancy::driver {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::string_view kQueryCanceled = "57014";

std::string name_of(const std::string& server) {
  return server.empty() ? std::string("the server") : fmt::format("server \"{}\"", server);
}

}  // namespace

Dispatcher::Dispatcher(const asio::any_io_executor& executor, core::Direction direction, const LaneOptions& options,
                       WorkQueue::BoundOf bound_of, Reporter& reporter)
    : options_(options),
      direction_(direction),
      queue_(direction, options, std::move(bound_of)),
      reporter_(reporter),
      lanes_wait_(executor),
      feeder_waits_(executor),
      stop_waits_(executor),
      alarm_(executor) {}

void Dispatcher::wake_lanes() {
  if (idle_lanes_ == 0) return;
  // Those that find nothing count themselves again.
  idle_lanes_ = 0;
  lanes_wait_.wake_all();
}

void Dispatcher::arm(std::optional<TimePoint> time) {
  if (!time || *time >= alarm_at_) return;
  alarm_at_ = *time;
  alarm_.expires_at(*time);
  alarm_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    alarm_at_ = TimePoint::max();
    wake_lanes();
  });
}

asio::awaitable<std::optional<WorkQueue::Taken>> Dispatcher::take(std::optional<Place> session) {
  while (!stopped_ && !is_done()) {
    TimePoint const now = Clock::now();
    std::optional<WorkQueue::Taken> taken;
    if (!paused_) taken = queue_.take(session, now);
    if (wants_more()) feeder_waits_.wake_all();
    if (taken && !taken->refusal) co_return taken;
    if (taken) {
      fail_target(taken->item, *taken->refusal);
      continue;
    }
    if (!paused_) arm(queue_.wakes_at(now));
    ++idle_lanes_;
    feeder_waits_.wake_all();
    co_await lanes_wait_.wait();
  }
  co_return std::nullopt;
}

void Dispatcher::reached(const std::string& server) {
  ServerGate& gate = queue_.gate(server);
  if (gate.is_down()) reporter_.note(name_of(server) + " is there again");
  gate.reached();
  wake_lanes();
}

void Dispatcher::closed(const std::string& server) {
  queue_.gate(server).closed();
  wake_lanes();
}

void Dispatcher::unreached(WorkItem item, const ServerError& error, std::size_t known_failures) {
  const std::string server = item.target.server;
  ServerGate& gate = queue_.gate(server);
  bool const was_down = gate.is_down();
  bool const was_given_up = gate.given_up().has_value();
  switch (gate.unreached(error, known_failures, Clock::now(), random())) {
    case ServerGate::Verdict::later:
      if (!was_down)
        reporter_.note(fmt::format("{} cannot be reached, trying again: {}", name_of(server), error.what()));
      queue_.give_back(std::move(item));
      break;
    case ServerGate::Verdict::full:
      if (full_servers_.insert(server).second) {
        reporter_.note(fmt::format("{} has no connection free, going on with {} lane{} there: {}", name_of(server),
                                   gate.sessions(), gate.sessions() == 1 ? "" : "s", error.what()));
      }
      queue_.give_back(std::move(item));
      break;
    case ServerGate::Verdict::server_fails:
      if (!was_given_up) reporter_.warning(fmt::format("{} is given up: {}", name_of(server), error.what()));
      [[fallthrough]];
    case ServerGate::Verdict::target_fails:
      fail_target(item, error.report());
      break;
  }
  wake_lanes();
}

void Dispatcher::not_begun(WorkItem item, bool was_connecting) {
  if (was_connecting) queue_.gate(item.target.server).abandoned();
  queue_.give_back(std::move(item));
}

void Dispatcher::try_again(WorkItem item, const ServerReport& report) {
  ++item.failed_attempts;
  auto const delay = core::retry_delay(options_.retry, item.failed_attempts, random());
  item.waited += delay;
  ++summary_.retries;
  reporter_.retrying(item.target, report, item.failed_attempts, delay);
  queue_.give_back(std::move(item), Clock::now() + delay);
  wake_lanes();
}

void Dispatcher::attempted(WorkItem item, Outcome outcome) {
  if (outcome.state == Outcome::State::failed && outcome.failure) {
    bool const has_attempts_left = item.failed_attempts + 1 < options_.retry.max_attempts;
    if (core::is_retryable(outcome.failure->sqlstate) && has_attempts_left && !stopped_) {
      try_again(std::move(item), *outcome.failure);
      return;
    }
    if (cancelled_ && outcome.failure->sqlstate == kQueryCanceled) outcome.state = Outcome::State::cancelled;
  }
  finish(item, std::move(outcome));
}

void Dispatcher::lost(WorkItem item, const ServerError& error) {
  item.in_doubt = true;
  if (item.failed_attempts + 1 < options_.retry.max_attempts && !stopped_) {
    try_again(std::move(item), error.report());
    return;
  }
  ServerReport report = error.report();
  report.hint =
      "It is not known whether the migration was carried out. Run the operation again: what is done stays done.";
  Outcome outcome{.target = item.target};
  outcome.state = cancelled_ ? Outcome::State::cancelled : Outcome::State::failed;
  outcome.failure = std::move(report);
  finish(item, std::move(outcome));
}

void Dispatcher::abandoned(const WorkItem& item) {
  Outcome outcome{.target = item.target, .state = Outcome::State::cancelled};
  outcome.failure = ServerReport{
      .severity = "ERROR",
      .sqlstate = std::string(kQueryCanceled),
      .message = item.target.label() + ": did not end when it was cancelled: its session was closed",
      .hint =
          "It is not known whether the migration was carried out. Run the operation again: what is done stays done."};
  finish(item, std::move(outcome));
}

void Dispatcher::fail_target(const WorkItem& item, const ServerReport& report) {
  Outcome outcome{.target = item.target, .state = Outcome::State::failed};
  outcome.failure = report;
  finish(item, std::move(outcome));
}

void Dispatcher::finish(const WorkItem& item, Outcome outcome) {
  outcome.attempts = item.failed_attempts + 1;
  outcome.waited = item.waited;
  count(outcome);
  queue_.end(item.target, outcome.state == Outcome::State::done);
  reporter_.finished(outcome);
  if (outcome.state == Outcome::State::failed) check_failures(outcome);
  // Others may have waited for a shared schema, for another set of this one, or for the last target to end.
  if (queue_.waiting() > 0 || is_done()) wake_lanes();
}

void Dispatcher::count(const Outcome& outcome) {
  if (outcome.state == Outcome::State::done && !outcome.skipped.empty()) ++summary_.skipping;
  switch (outcome.state) {
    case Outcome::State::done:
      ++(outcome.steps.empty() ? summary_.unchanged : summary_.migrated);
      break;
    case Outcome::State::failed:
      ++summary_.failed;
      break;
    case Outcome::State::cancelled:
      ++summary_.cancelled;
      break;
  }
}

void Dispatcher::check_failures(const Outcome& outcome) {
  bool const up = direction_ == core::Direction::up;
  if (up && is_shared(outcome.target) && place_of(outcome.target).is_control()) {
    stop("the shared schema failed, which all tenants need");
    return;
  }
  std::size_t const all = std::max(expected_, summary_.targets);
  if (!options_.max_failures.allows(summary_.failed, all)) {
    stop(fmt::format("{} of {} targets failed, more than are allowed", summary_.failed, all));
  }
}

void Dispatcher::pause(bool paused) {
  if (paused_ == paused || stopped_) return;
  paused_ = paused;
  reporter_.note(paused ? "paused: no further target begins until the run is resumed" : "the run goes on");
  wake_lanes();
}

void Dispatcher::stop(const std::string& reason) {
  if (stopped_) return;
  stopped_ = true;
  summary_.reason = reason;
  wake_lanes();
  feeder_waits_.wake_all();
  stop_waits_.wake_all();
}

void Dispatcher::cancel(const std::string& reason) {
  cancelled_ = true;
  stop(reason);
}

void Dispatcher::fail(std::exception_ptr error) {
  if (!error_) error_ = std::move(error);
  stop("an error");
}

asio::awaitable<void> Dispatcher::wait_for_stop() {
  while (!stopped_) co_await stop_waits_.wait();
}

bool Dispatcher::is_done() const noexcept { return complete_ && queue_.waiting() == 0 && queue_.in_hand() == 0; }

Summary Dispatcher::summary() const {
  if (error_) std::rethrow_exception(error_);
  Summary summary = summary_;
  summary.not_started = queue_.waiting();
  if (stopped_) {
    summary.end = Summary::End::stopped;
  } else if (summary.failed > 0) {
    summary.end = queue_.has_reached_any() ? Summary::End::failures : Summary::End::cannot_connect;
  } else {
    summary.end = summary.migrated > 0 ? Summary::End::done : Summary::End::nothing_to_do;
  }
  return summary;
}

}  // namespace tenancy::driver
