#include "driver/fleet/work_queue.h"

#include <algorithm>

namespace tenancy::driver {

namespace {

constexpr const char* kNotInPrerequisiteState = "55000";

bool is_control_shared(const Target& target) { return is_shared(target) && place_of(target).is_control(); }

}  // namespace

WorkQueue::Server& WorkQueue::server_of(const std::string& name) {
  auto const found = by_name_.find(name);
  if (found != by_name_.end()) return *found->second;
  Server& server = servers_.emplace_back(name, options_, bound_of_(name));
  by_name_.emplace(name, &server);
  return server;
}

WorkQueue::Database& WorkQueue::database_of(Server& server, const std::string& name) {
  auto const found = server.by_name.find(name);
  if (found != server.by_name.end()) return *found->second;
  Database& database = server.databases.emplace_back();
  database.name = name;
  server.by_name.emplace(name, std::prev(server.databases.end()));
  return database;
}

void WorkQueue::forget_if_done(Server& server, const std::string& database) {
  auto const found = server.by_name.find(database);
  if (found->second->shared_left + found->second->tenants_left > 0) return;
  server.databases.erase(found->second);
  server.by_name.erase(found);
}

void WorkQueue::add(Target target) {
  Database& database = database_of(target);
  bool const shared = is_shared(target);
  ++(shared ? database.shared_left : database.tenants_left);
  if (is_control_shared(target)) ++control_shared_left_;
  ++waiting_;
  Items& items = shared ? database.shared : database.tenants;
  items.push_back({.target = std::move(target)});
}

std::optional<WorkQueue::Next> WorkQueue::next_of(Database& database) {
  bool const up = direction_ == core::Direction::up;
  bool const shared_may_begin = database.shared_in_hand == 0 && (up || database.tenants_left == 0);
  if (!database.shared.empty() && shared_may_begin) return Next{&database.shared, database.shared.begin()};
  bool const tenants_may_begin = !up || (database.shared_left == 0 && control_shared_left_ == 0);
  if (!tenants_may_begin) return std::nullopt;
  Items& items = database.tenants;
  auto const free = std::find_if(items.begin(), items.end(), [&](const WorkItem& item) {
    return !database.schemas_in_hand.contains(item.target.schema);
  });
  if (free == items.end()) return std::nullopt;
  return Next{&items, free};
}

std::optional<ServerReport> WorkQueue::refusal_of(const Target& target) const {
  if (!broken_.contains({place_of(target), target.migration_set})) return std::nullopt;
  bool const up = direction_ == core::Direction::up;
  return ServerReport{.severity = "ERROR",
                      .sqlstate = kNotInPrerequisiteState,
                      .message = target.label() + ": left as it is: " +
                                 (up ? "the shared schema of its database failed" : "tenants of its database failed")};
}

WorkQueue::Taken WorkQueue::take_from(Database& database, const Next& next) {
  Taken taken{.item = std::move(*next.item)};
  next.items->erase(next.item);
  if (is_shared(taken.item.target)) {
    ++database.shared_in_hand;
  } else {
    database.schemas_in_hand.insert(taken.item.target.schema);
  }
  --waiting_;
  ++in_hand_;
  taken.refusal = refusal_of(taken.item.target);
  return taken;
}

void WorkQueue::leave(Database& database, const Target& target) {
  --in_hand_;
  if (is_shared(target)) {
    --database.shared_in_hand;
  } else {
    database.schemas_in_hand.erase(target.schema);
  }
}

std::optional<WorkQueue::Taken> WorkQueue::take_with_session(const Place& session) {
  Server& server = server_of(session.server);
  auto const found = server.by_name.find(session.database);
  if (found == server.by_name.end()) return std::nullopt;
  std::optional<Next> const next = next_of(*found->second);
  if (!next) return std::nullopt;
  return take_from(*found->second, *next);
}

std::optional<WorkQueue::Taken> WorkQueue::take_elsewhere(const std::optional<Place>& session, TimePoint now) {
  // The server with the fewest sessions, so that none stands idle while another one is crowded.
  Server* chosen = nullptr;
  Database* database = nullptr;
  for (Server& server : servers_) {
    if (chosen != nullptr && server.gate.sessions() >= chosen->gate.sessions()) continue;
    if (!server.gate.admits(now, session && session->server == server.name)) continue;
    auto const found = std::find_if(server.databases.begin(), server.databases.end(),
                                    [this](Database& one) { return next_of(one).has_value(); });
    if (found == server.databases.end()) continue;
    chosen = &server;
    database = &*found;
  }
  if (chosen == nullptr) return std::nullopt;
  Taken taken = take_from(*database, *next_of(*database));
  if (chosen->gate.given_up()) taken.refusal = chosen->gate.given_up();
  if (taken.refusal) return taken;
  taken.connects = true;
  taken.known_failures = chosen->gate.begin_connecting();
  return taken;
}

std::optional<WorkQueue::Taken> WorkQueue::take(const std::optional<Place>& session, TimePoint now) {
  return_due(now);
  if (session) {
    if (std::optional<Taken> taken = take_with_session(*session)) return taken;
  }
  return take_elsewhere(session, now);
}

void WorkQueue::end(const Target& target, bool success) {
  Server& server = server_of(target.server);
  Database& database = database_of(server, target.database);
  leave(database, target);
  bool const shared = is_shared(target);
  --(shared ? database.shared_left : database.tenants_left);
  if (is_control_shared(target)) --control_shared_left_;
  bool const others_need_it = shared == (direction_ == core::Direction::up);
  if (!success && others_need_it) broken_.insert({place_of(target), target.migration_set});
  forget_if_done(server, target.database);
}

void WorkQueue::give_back(WorkItem item) {
  Database& database = database_of(item.target);
  leave(database, item.target);
  ++waiting_;
  Items& items = is_shared(item.target) ? database.shared : database.tenants;
  items.push_front(std::move(item));
}

void WorkQueue::give_back(WorkItem item, TimePoint not_before) {
  leave(database_of(item.target), item.target);
  ++waiting_;
  Items one;
  one.push_back(std::move(item));
  delayed_.emplace(not_before, std::move(one));
}

void WorkQueue::return_due(TimePoint now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    Items& one = delayed_.begin()->second;
    Database& database = database_of(one.front().target);
    Items& items = is_shared(one.front().target) ? database.shared : database.tenants;
    items.splice(items.end(), one);
    delayed_.erase(delayed_.begin());
  }
}

std::optional<TimePoint> WorkQueue::wakes_at(TimePoint now) const {
  std::optional<TimePoint> earliest;
  auto const consider = [&](TimePoint time) { earliest = earliest ? std::min(*earliest, time) : time; };
  if (!delayed_.empty()) consider(delayed_.begin()->first);
  for (const Server& server : servers_) {
    if (server.databases.empty()) continue;
    if (auto const opens = server.gate.opens_at(now)) consider(*opens);
  }
  return earliest;
}

bool WorkQueue::has_reached_any() const noexcept {
  return std::any_of(servers_.begin(), servers_.end(), [](const Server& one) { return one.gate.was_reached(); });
}

}  // namespace tenancy::driver
