// Servers and a reporter that do what a test says, for tests of operations without a server.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "driver/fleet/event.h"
#include "driver/fleet/operation.h"

namespace tenancy::driver::test {

inline ServerError lost() {
  return {ServerError::Kind::lost,
          {.severity = "FATAL", .sqlstate = "08006", .message = "server closed the connection"}};
}

inline ServerError unreached(const char* sqlstate = "08001", const char* message = "Connection refused") {
  return {ServerError::Kind::unreached, {.severity = "FATAL", .sqlstate = sqlstate, .message = message}};
}

inline ServerReport report(const char* sqlstate, const char* message = "no") {
  return {.severity = "ERROR", .sqlstate = sqlstate, .message = message};
}

/// What one attempt of a target comes to.
struct Act {
  std::optional<ServerReport> fails{};
  std::optional<ServerError> throws{};
  bool done_when_lost = false;  ///< it was committed before the session was lost
  bool waits = false;           ///< until release() or a cancel
  std::size_t steps = 1;
  bool owes = false;  ///< its commit waited for nothing
};

/// What a flush comes to.
struct Flush {
  std::optional<ServerError> throws{};
  std::set<std::string> loses{};  ///< schemas whose commits the server has lost
  bool waits = false;             ///< until release() or a cancel
};

class ScriptedFleet : public SessionFactory {
 public:
  explicit ScriptedFleet(boost::asio::io_context& context)
      : release_(context.get_executor()), cancelled_(context.get_executor()) {}

  // By the target's schema, what its attempts come to; then they are done. By server, what connecting comes to.
  std::map<std::string, std::deque<Act>> acts{};
  std::map<std::string, std::deque<ServerError>> refusals{};
  std::map<std::string, std::deque<Flush>> flushes{};  ///< likewise
  bool owes = false;                                   ///< what acts do not say
  std::size_t most_sessions = 1000;                    ///< of each server; more get 53300
  std::function<void(const std::string& schema)> when_running = [](const std::string&) {};

  // What happened.
  std::vector<std::string> log{};
  std::map<std::string, int> migrated{};  ///< how often the steps of a schema were carried out
  std::map<std::string, std::size_t> open_sessions{}, peak_sessions{};
  std::size_t connects = 0;

  void release() {
    released_ = true;
    release_.wake_all();
  }

  boost::asio::awaitable<std::unique_ptr<TargetSession>> open(const Place& place, Deadline deadline) override;
  boost::asio::awaitable<void> flush(const std::string& server, OwedWait owed, Deadline deadline) override;
  boost::asio::awaitable<void> cancel_flushes() override {
    cancelled_.wake_all();
    co_return;
  }

 private:
  class ScriptedSession;
  Event release_;
  Event cancelled_;  ///< flushes are
  bool released_ = false;
  std::set<std::string> committed_in_doubt_;
};

class ScriptedFleet::ScriptedSession : public TargetSession {
 public:
  ScriptedSession(ScriptedFleet& fleet, Place place, const boost::asio::any_io_executor& executor)
      : fleet_(fleet), place_(std::move(place)), cancelled_(executor) {
    std::size_t& open = fleet_.open_sessions[place_.server];
    fleet_.peak_sessions[place_.server] = std::max(fleet_.peak_sessions[place_.server], ++open);
  }
  ~ScriptedSession() override { --fleet_.open_sessions[place_.server]; }

  boost::asio::awaitable<Outcome> run(const Target& target, Deadline /*deadline*/) override {
    if (place_of(target) != place_) throw std::logic_error("a session with another database");
    fleet_.log.push_back("run " + target.schema);
    fleet_.when_running(target.schema);
    Act const act = next_act(target);
    boost::asio::steady_timer breath(co_await boost::asio::this_coro::executor, std::chrono::steady_clock::duration(0));
    co_await breath.async_wait(boost::asio::use_awaitable);
    Outcome outcome{.target = target};
    if (act.waits && !fleet_.released_) {
      using namespace boost::asio::experimental::awaitable_operators;
      auto const ended = co_await (fleet_.release_.wait() || cancelled_.wait());
      if (ended.index() == 1) co_return failed(std::move(outcome), report("57014", "canceling statement"));
    }
    if (act.throws) {
      if (act.done_when_lost) fleet_.committed_in_doubt_.insert(target.schema);
      throw *act.throws;
    }
    if (act.fails) co_return failed(std::move(outcome), *act.fails);
    fleet_.migrated[target.schema] += 1;
    outcome.steps.resize(act.steps);
    if (act.owes) outcome.owed = OwedWait{};
    co_return outcome;
  }

  boost::asio::awaitable<std::optional<Outcome>> look_up(const Target& target, Deadline /*deadline*/) override {
    fleet_.log.push_back("look up " + target.schema);
    if (!fleet_.committed_in_doubt_.contains(target.schema)) co_return std::nullopt;
    fleet_.migrated[target.schema] += 1;
    Outcome outcome{.target = target};
    outcome.steps.resize(1);
    co_return outcome;
  }

  boost::asio::awaitable<std::optional<Outcome>> look_up_again(Outcome outcome, Deadline /*deadline*/) override {
    fleet_.log.push_back("look up again " + outcome.target.schema);
    if (fleet_.migrated[outcome.target.schema] == 0) co_return std::nullopt;
    co_return outcome;
  }

  boost::asio::awaitable<void> cancel() override {
    cancelled_.wake_all();
    co_return;
  }

 private:
  Act next_act(const Target& target) {
    auto& left = fleet_.acts[target.schema];
    if (left.empty()) return {.owes = fleet_.owes};
    Act act = left.front();
    left.pop_front();
    return act;
  }

  static Outcome failed(Outcome outcome, ServerReport why) {
    outcome.state = Outcome::State::failed;
    outcome.failure = std::move(why);
    return outcome;
  }

  ScriptedFleet& fleet_;
  Place place_;
  Event cancelled_;
};

inline boost::asio::awaitable<std::unique_ptr<TargetSession>> ScriptedFleet::open(const Place& place,
                                                                                  Deadline /*deadline*/) {
  ++connects;
  auto const executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer breath(executor, std::chrono::steady_clock::duration(0));
  co_await breath.async_wait(boost::asio::use_awaitable);
  auto& left = refusals[place.server];
  if (!left.empty()) {
    ServerError const error = left.front();
    left.pop_front();
    throw error;
  }
  if (open_sessions[place.server] >= most_sessions) throw unreached("53300", "sorry, too many clients already");
  co_return std::make_unique<ScriptedSession>(*this, place, executor);
}

inline boost::asio::awaitable<void> ScriptedFleet::flush(const std::string& server, OwedWait /*owed*/,
                                                         Deadline /*deadline*/) {
  log.push_back("flush " + server);
  Flush flush;
  if (auto& left = flushes[server]; !left.empty()) {
    flush = left.front();
    left.pop_front();
  }
  boost::asio::steady_timer breath(co_await boost::asio::this_coro::executor, std::chrono::steady_clock::duration(0));
  co_await breath.async_wait(boost::asio::use_awaitable);
  if (flush.waits && !released_) {
    using namespace boost::asio::experimental::awaitable_operators;
    co_await (release_.wait() || cancelled_.wait());
  }
  for (const std::string& schema : flush.loses) migrated[schema] = 0;
  if (flush.throws) throw *flush.throws;
}

/// Writes everything down.
class RecordingReporter : public Reporter {
 public:
  void found(std::size_t targets, bool complete) override {
    known += targets;
    is_complete = complete;
  }
  void retrying(const Target& target, const ServerReport& why, int failed_attempts,
                std::chrono::milliseconds) override {
    retries.push_back(target.schema + " " + why.sqlstate + " " + std::to_string(failed_attempts));
  }
  void finished(const Outcome& outcome) override {
    outcomes.push_back(outcome);
    if (when_finished) when_finished(outcome);
  }
  void note(std::string_view text) override { notes.emplace_back(text); }
  void warning(std::string_view text) override { warnings.emplace_back(text); }
  void end(const Summary&) override { ++ends; }

  std::function<void(const Outcome&)> when_finished{};
  std::size_t known = 0;
  bool is_complete = false;
  int ends = 0;
  std::vector<std::string> retries{}, notes{}, warnings{};
  std::vector<Outcome> outcomes{};
};

/// Gives what a test has written down, in pages.
class ScriptedSource : public TargetSource {
 public:
  std::vector<Target> targets{};
  std::size_t page_size = 3;
  std::size_t unchanged = 0;  ///< told of with the first page
  std::deque<std::exception_ptr> errors{};
  std::size_t given = 0;

  boost::asio::awaitable<std::optional<TargetPage>> next() override {
    if (!errors.empty()) {
      auto const error = errors.front();
      errors.pop_front();
      std::rethrow_exception(error);
    }
    TargetPage page;
    if (given == 0) std::swap(page.unchanged, unchanged);
    while (page.targets.size() < page_size && given < targets.size()) page.targets.push_back(targets[given++]);
    if (page.targets.empty() && page.unchanged == 0) co_return std::nullopt;
    co_return page;
  }
};

}  // namespace tenancy::driver::test
