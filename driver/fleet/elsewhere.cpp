#include "driver/fleet/elsewhere.h"

#include <algorithm>
#include <map>

#include "driver/fleet/parallel.h"
#include "driver/fleet/place.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;
using See = std::function<void(std::size_t index, const TargetTracking& tracking)>;
using Indexes = std::vector<std::size_t>;  // of targets

struct Looker {
  const ServerDirectory& servers;
  const std::vector<Target>& targets;
  const Request& request;
  const LaneOptions& options;
  const See& see;
  std::map<std::string, std::map<std::string, Indexes>> places{};  ///< server, database

  [[nodiscard]] Deadline target_deadline() const {
    if (options.target_timeout.count() == 0) return kNoDeadline;
    return std::chrono::steady_clock::now() + options.target_timeout;
  }

  /// From `next` on; leaves `next` at the target that could not be looked at.
  awaitable<void> look_from(const Indexes& indexes, std::size_t& next) {
    const Target& first = targets[indexes.front()];
    Deadline const deadline = std::chrono::steady_clock::now() + options.connect_timeout;
    Connection connection = co_await Connection::open(servers.conninfo(first.server, first.database), deadline);
    for (; next < indexes.size(); ++next) {
      TargetTracking const tracking =
          co_await read_tracking(connection, targets[indexes[next]], request, target_deadline());
      see(indexes[next], tracking);
    }
  }

  awaitable<void> look_at_database(const Indexes& indexes) {
    std::size_t next = 0;
    TargetTracking failure;
    try {
      co_await look_from(indexes, next);
    } catch (const ServerError& error) {
      failure = {error.sqlstate() == "3D000" ? "missing" : "unreachable", error.what()};
    }
    for (; next < indexes.size(); ++next) see(indexes[next], failure);
  }
};

}  // namespace

awaitable<void> look_elsewhere(const ServerDirectory& servers, const std::vector<Target>& targets,
                               const Request& request, const LaneOptions& options, See see) {
  Looker looker{servers, targets, request, options, see};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    looker.places[targets[i].server][targets[i].database].push_back(i);
  }
  std::vector<std::pair<std::string, std::vector<const Indexes*>>> by_server;
  for (const auto& [server, databases] : looker.places) {
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
                       [&looker, &databases](std::size_t k) { return looker.look_at_database(*databases[k]); });
  });
}

}  // namespace tenancy::driver
