#include "driver/fleet/elsewhere.h"

#include <algorithm>
#include <map>

#include "driver/fleet/parallel.h"
#include "driver/fleet/place.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;
using Indexes = std::vector<std::size_t>;  // of targets

Deadline target_deadline(const LaneOptions& options) {
  if (options.target_timeout.count() == 0) return kNoDeadline;
  return std::chrono::steady_clock::now() + options.target_timeout;
}

struct Visitor {
  const ServerDirectory& servers;
  const std::vector<Target>& targets;
  const LaneOptions& options;
  const Visit& visit;
  const Missed& missed;
  std::map<std::string, std::map<std::string, Indexes>> places{};  ///< server, database

  /// From `next` on; leaves `next` at the target that could not be visited.
  awaitable<void> visit_from(const Indexes& indexes, std::size_t& next) {
    const Target& first = targets[indexes.front()];
    Deadline const deadline = std::chrono::steady_clock::now() + options.connect_timeout;
    Connection connection = co_await Connection::open(servers.conninfo(first.server, first.database), deadline);
    for (; next < indexes.size(); ++next) co_await visit(connection, indexes[next]);
  }

  awaitable<void> visit_database(const Indexes& indexes) {
    std::size_t next = 0;
    std::optional<ServerError> failure;
    try {
      co_await visit_from(indexes, next);
    } catch (const ServerError& error) {
      failure = error;
    }
    for (; next < indexes.size(); ++next) missed(indexes[next], *failure);
  }
};

}  // namespace

awaitable<void> visit_elsewhere(const ServerDirectory& servers, const std::vector<Target>& targets,
                                const LaneOptions& options, Visit visit, Missed missed) {
  Visitor visitor{servers, targets, options, visit, missed};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    visitor.places[targets[i].server][targets[i].database].push_back(i);
  }
  std::vector<std::pair<std::string, std::vector<const Indexes*>>> by_server;
  for (const auto& [server, databases] : visitor.places) {
    auto& [name, all] = by_server.emplace_back(server, std::vector<const Indexes*>());
    for (const auto& [database, indexes] : databases) all.push_back(&indexes);
  }
  // The lanes are shared out among the servers.
  std::size_t const at_once = std::min(by_server.size(), options.lanes);
  auto const bound_of = [&](const std::string& server) {
    std::size_t most = std::max<std::size_t>(1, options.lanes / std::max<std::size_t>(1, at_once));
    if (std::size_t const bound = servers.bound(server); bound > 0) most = std::min(most, bound);
    return options.per_server > 0 ? std::min(most, options.per_server) : most;
  };
  co_await in_parallel(by_server.size(), at_once, [&](std::size_t i) {
    const auto& [server, databases] = by_server[i];
    return in_parallel(databases.size(), bound_of(server),
                       [&visitor, &databases](std::size_t k) { return visitor.visit_database(*databases[k]); });
  });
}

awaitable<void> look_elsewhere(const ServerDirectory& servers, const std::vector<Target>& targets,
                               const Request& request, const LaneOptions& options,
                               std::function<void(std::size_t index, const TargetTracking& tracking)> see) {
  Visit const look = [&](Connection& connection, std::size_t i) -> awaitable<void> {
    TargetTracking const tracking = co_await read_tracking(connection, targets[i], request, target_deadline(options));
    see(i, tracking);
  };
  Missed const missed = [&](std::size_t i, const ServerError& error) {
    see(i, {error.sqlstate() == "3D000" ? "missing" : "unreachable", error.what()});
  };
  co_await visit_elsewhere(servers, targets, options, look, missed);
}

}  // namespace tenancy::driver
