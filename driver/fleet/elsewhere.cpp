#include "driver/fleet/elsewhere.h"

#include <algorithm>
#include <map>
#include <utility>

#include "driver/fleet/parallel.h"
#include "driver/fleet/place.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;
using Indexes = std::vector<std::size_t>;  // of targets

/// Of so many in one database each session has its part.
constexpr std::size_t kTargetsOfSession = 250;

/// What is sent, and not answered yet, is kept in memory here.
constexpr std::size_t kTargetsOfRoundTrip = 100;

/// What is done with targets of one database over a session with it, from `next` on. Leaves `next` at the target that
/// could not be visited.
using VisitPart = std::function<awaitable<void>(Connection& connection, const Indexes& indexes, std::size_t& next)>;

struct Visitor {
  const ServerDirectory& servers;
  const std::vector<Target>& targets;
  const LaneOptions& options;
  const VisitPart& visit;
  const Missed& missed;
  /// By server: targets of one database each, of large ones several times.
  std::map<std::string, std::vector<Indexes>> parts{};
  std::map<std::pair<std::string, std::string>, std::size_t> newest_part{};  ///< of a database, counted from 1

  void add(std::size_t index) {
    const Target& target = targets[index];
    std::vector<Indexes>& all = parts[target.server];
    std::size_t& part = newest_part[{target.server, target.database}];
    if (part == 0 || all[part - 1].size() == kTargetsOfSession) {
      all.emplace_back();
      part = all.size();
    }
    all[part - 1].push_back(index);
  }

  awaitable<void> visit_from(const Indexes& indexes, std::size_t& next) {
    const Target& first = targets[indexes.front()];
    Deadline const deadline = std::chrono::steady_clock::now() + options.connect_timeout;
    Connection connection = co_await Connection::open(servers.conninfo(first.server, first.database), deadline);
    connection.set_time_limit(options.target_timeout);
    co_await visit(connection, indexes, next);
  }

  awaitable<void> visit_part(const Indexes& indexes) {
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

awaitable<void> visit_parts(const ServerDirectory& servers, const std::vector<Target>& targets,
                            const LaneOptions& options, const VisitPart& visit, const Missed& missed) {
  Visitor visitor{servers, targets, options, visit, missed};
  for (std::size_t i = 0; i < targets.size(); ++i) visitor.add(i);
  std::vector<const std::pair<const std::string, std::vector<Indexes>>*> by_server;
  for (const auto& server : visitor.parts) by_server.push_back(&server);
  // The lanes are shared out among the servers.
  std::size_t const at_once = std::min(by_server.size(), options.lanes);
  auto const bound_of = [&](const std::string& server) {
    std::size_t most = std::max<std::size_t>(1, options.lanes / std::max<std::size_t>(1, at_once));
    if (std::size_t const bound = servers.bound(server); bound > 0) most = std::min(most, bound);
    return options.per_server > 0 ? std::min(most, options.per_server) : most;
  };
  co_await in_parallel(by_server.size(), at_once, [&](std::size_t i) {
    const auto& [server, parts] = *by_server[i];
    return in_parallel(parts.size(), bound_of(server),
                       [&visitor, &parts = parts](std::size_t k) { return visitor.visit_part(parts[k]); });
  });
}

}  // namespace

awaitable<void> visit_elsewhere(const ServerDirectory& servers, const std::vector<Target>& targets,
                                const LaneOptions& options, Visit visit, Missed missed) {
  VisitPart const one_by_one = [&](Connection& connection, const Indexes& indexes,
                                   std::size_t& next) -> awaitable<void> {
    for (; next < indexes.size(); ++next) co_await visit(connection, indexes[next]);
  };
  co_await visit_parts(servers, targets, options, one_by_one, missed);
}

awaitable<void> look_elsewhere(const ServerDirectory& servers, const std::vector<Target>& targets,
                               const Request& request, const LaneOptions& options,
                               std::function<void(std::size_t index, const TargetTracking& tracking)> see,
                               std::function<std::vector<std::string>(const Target& target)> other_sets) {
  VisitPart const together = [&](Connection& connection, const Indexes& indexes, std::size_t& next) -> awaitable<void> {
    auto const see_next = [&](const TargetTracking& tracking) {
      see(indexes[next], tracking);
      ++next;
    };
    while (next < indexes.size()) {
      std::vector<TrackingQuestion> questions;
      for (std::size_t i = next; i < std::min(next + kTargetsOfRoundTrip, indexes.size()); ++i) {
        questions.push_back({targets[indexes[i]]});
        if (other_sets) questions.back().other_sets = other_sets(targets[indexes[i]]);
      }
      co_await read_tracking(connection, questions, request, see_next);
    }
  };
  Missed const missed = [&](std::size_t i, const ServerError& error) {
    see(i, {error.sqlstate() == "3D000" ? "missing" : "unreachable", error.what()});
  };
  co_await visit_parts(servers, targets, options, together, missed);
}

}  // namespace tenancy::driver
