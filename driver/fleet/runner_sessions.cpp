#include "driver/fleet/runner_sessions.h"

#include <stdexcept>
#include <utility>

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

class RunnerSession : public TargetSession {
 public:
  RunnerSession(Connection connection, TargetRunner& runner) : connection_(std::move(connection)), runner_(runner) {}

  awaitable<Outcome> run(const Target& target, Deadline deadline) override {
    return runner_.run(connection_, target, deadline);
  }
  awaitable<std::optional<Outcome>> look_up(const Target& target, Deadline deadline) override {
    return runner_.look_up(connection_, target, deadline);
  }
  awaitable<void> cancel() override { return connection_.cancel(); }

 private:
  Connection connection_;
  TargetRunner& runner_;
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

awaitable<std::unique_ptr<TargetSession>> RunnerSessions::open(const Place& place, Deadline deadline) {
  Connection connection = co_await Connection::open(conninfo_of(servers_, place), deadline);
  if (on_notice_) {
    connection.on_notice([this, place](const ServerReport& notice) { on_notice_(place, notice); });
  }
  TargetRunner* const runner = co_await runners_.choose(connection, place, deadline);
  co_return std::make_unique<RunnerSession>(std::move(connection), *runner);
}

}  // namespace tenancy::driver
