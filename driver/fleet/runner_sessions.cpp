#include "driver/fleet/runner_sessions.h"

#include <stdexcept>
#include <utility>

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

/// Its commits wait.
class RunnerSession : public TargetSession {
 public:
  RunnerSession(Connection connection, TargetRunner& runner) : connection_(std::move(connection)), runner_(runner) {}

  awaitable<Outcome> run(const Target& target, Deadline deadline) override {
    return runner_.run(connection_, target, deadline);
  }
  awaitable<std::optional<Outcome>> look_up(const Target& target, Deadline deadline) override {
    return runner_.look_up(connection_, target, deadline);
  }
  awaitable<std::optional<Outcome>> look_up_again(Outcome outcome, Deadline deadline) override {
    bool const holds = co_await runner_.holds(connection_, outcome, deadline);
    if (!holds) co_return std::nullopt;
    co_return outcome;
  }
  awaitable<void> cancel() override { return connection_.cancel(); }

 protected:
  Connection connection_;
  TargetRunner& runner_;
};

/// Its commits are waited for by others, as far as that is possible.
class FlushedSession : public RunnerSession {
 public:
  FlushedSession(Connection connection, TargetRunner& runner, CommitFlush& flush)
      : RunnerSession(std::move(connection), runner), flush_(flush), address_(connection_.address()) {}

  awaitable<Outcome> run(const Target& target, Deadline deadline) override {
    std::size_t const session = co_await flush_.for_commit(address_);
    Commit const commit = session == 0 ? Commit::waits : Commit::does_not_wait;
    Outcome outcome = co_await runner_.run(connection_, target, deadline, commit);
    if (outcome.owed) outcome.owed->session = session;
    co_return outcome;
  }

  awaitable<std::optional<Outcome>> look_up(const Target& target, Deadline deadline) override {
    std::size_t const session = co_await flush_.for_look_up();
    std::optional<Outcome> outcome = co_await runner_.look_up(connection_, target, deadline);
    // The commit that was lost may be one that did not wait.
    if (outcome && session != 0) co_await owe(*outcome, session, deadline);
    co_return outcome;
  }

  awaitable<std::optional<Outcome>> look_up_again(Outcome outcome, Deadline deadline) override {
    std::size_t const session = co_await flush_.for_look_up();
    bool const holds = co_await runner_.holds(connection_, outcome, deadline);
    if (!holds) co_return std::nullopt;
    outcome.owed->session = session;
    co_return outcome;
  }

 private:
  awaitable<void> owe(Outcome& outcome, std::size_t session, Deadline deadline) {
    Result const wait =
        co_await connection_.query("SELECT pg_catalog.current_setting('synchronous_commit')", {}, deadline);
    outcome.owed = owed_by(wait.text(0, 0));
    if (outcome.owed) outcome.owed->session = session;
  }

  CommitFlush& flush_;
  std::string address_;
};

/// A target on a server that nobody knows fails like one whose server is not there.
Conninfo conninfo_of(const ServerDirectory& servers, const Place& place) {
  try {
    return servers.conninfo(place.server, place.database);
  } catch (const std::runtime_error& error) {
    throw ServerError(ServerError::Kind::unreached,
                      {.severity = "ERROR", .sqlstate = "08001", .message = error.what()});
  }
}

}  // namespace

CommitFlush& RunnerSessions::flush_of(const Place& place) {
  CommitFlush::Open open = [this, place] {
    return Connection::open(conninfo_of(servers_, place), std::chrono::steady_clock::now() + commits_.connect_timeout);
  };
  return flushes_.try_emplace(place.server, executor_, std::move(open)).first->second;
}

awaitable<std::unique_ptr<TargetSession>> RunnerSessions::open(const Place& place, Deadline deadline) {
  Connection connection = co_await Connection::open(conninfo_of(servers_, place), deadline);
  if (on_notice_) {
    connection.on_notice([this, place](const ServerReport& notice) { on_notice_(place, notice); });
  }
  TargetRunner* const runner = co_await runners_.runner();
  if (commits_.wait) co_return std::make_unique<RunnerSession>(std::move(connection), *runner);
  co_return std::make_unique<FlushedSession>(std::move(connection), *runner, flush_of(place));
}

awaitable<void> RunnerSessions::flush(const std::string& server, OwedWait owed, Deadline deadline) {
  return flushes_.at(server).flush(owed, deadline);
}

awaitable<void> RunnerSessions::cancel_flushes() {
  for (auto& [server, flush] : flushes_) co_await flush.cancel();
}

}  // namespace tenancy::driver
