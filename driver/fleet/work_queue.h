// What the lanes of an operation have still to do, and which target a lane takes next. No I/O and no clock in here.
//
//   add ──▶ waiting ──take──▶ in hand ──end──▶ gone
//              ▲                 │
//              └──── give_back ──┘   (at once, or behind the others when its time has come)
//
// Upwards a shared schema comes before the tenants of its database, and that of the control database before all;
// downwards it comes behind them. What needs one that failed is refused. Targets of one schema, which has several sets,
// are taken one at a time: they would wait for each other. Apart from that the order is that of add().
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "driver/fleet/outcome.h"
#include "driver/fleet/place.h"
#include "driver/fleet/server_gate.h"

namespace tenancy::driver {

/// A target, and what its attempts have come to.
struct WorkItem {
  Target target;
  int failed_attempts = 0;
  bool in_doubt = false;  ///< its session was lost during an attempt: that may have been carried out
  std::chrono::microseconds waited{0};
  std::shared_ptr<const Outcome> unsafe{};  ///< with in_doubt: it was told, and nobody knows whether it is safe
};

class WorkQueue {
 public:
  /// The bound of a server by its name; 0: none.
  using BoundOf = std::function<std::size_t(const std::string& server)>;

  WorkQueue(core::Direction direction, LaneOptions options, BoundOf bound_of)
      : direction_(direction), options_(std::move(options)), bound_of_(std::move(bound_of)) {}

  void add(Target target);

  struct Taken {
    WorkItem item;
    /// The lane's session will not do: it has been counted as connecting, see ServerGate::begin_connecting().
    bool connects = false;
    std::size_t known_failures = 0;
    /// It cannot be done, and this is why: nothing is to be opened for it.
    std::optional<ServerReport> refusal{};
  };
  /// For a lane with or without a session. One that connects closes its session first. Nothing: see wakes_at().
  std::optional<Taken> take(const std::optional<Place>& session, TimePoint now);

  /// Each item that was taken comes back in one of these ways.
  void end(const Target& target, bool success);
  void give_back(WorkItem item);
  void give_back(WorkItem item, TimePoint not_before);

  /// When there may be something to take though no item ends.
  [[nodiscard]] std::optional<TimePoint> wakes_at(TimePoint now) const;

  ServerGate& gate(const std::string& server) { return server_of(server).gate; }
  /// Has any server been reached?
  [[nodiscard]] bool has_reached_any() const noexcept;

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] std::size_t in_hand() const noexcept { return in_hand_; }

 private:
  using Items = std::list<WorkItem>;  // moved between lists without being copied; an empty one takes no memory

  struct Database {
    std::string name;
    Items shared, tenants;         ///< that may be taken when their turn has come
    std::size_t shared_left = 0;   ///< waiting, delayed or in hand
    std::size_t tenants_left = 0;  ///< likewise
    std::size_t shared_in_hand = 0;
    std::set<std::string, std::less<>> schemas_in_hand{};  ///< of tenants
  };
  struct Server {
    Server(std::string its_name, const LaneOptions& options, std::size_t bound)
        : name(std::move(its_name)), gate(options, bound) {}
    std::string name;
    ServerGate gate;
    std::list<Database> databases{};  ///< in the order in which they came
    std::map<std::string, std::list<Database>::iterator, std::less<>> by_name{};
  };
  using Group = std::pair<Place, std::string>;  ///< the targets of one migration set in a database

  Server& server_of(const std::string& name);
  static Database& database_of(Server& server, const std::string& name);
  Database& database_of(const Target& target) { return database_of(server_of(target.server), target.database); }
  void forget_if_done(Server& server, const std::string& database);
  void return_due(TimePoint now);
  /// What may be taken: a place in one of its lists.
  struct Next {
    Items* items;
    Items::iterator item;
  };
  [[nodiscard]] std::optional<Next> next_of(Database& database);
  [[nodiscard]] std::optional<ServerReport> refusal_of(const Target& target) const;
  Taken take_from(Database& database, const Next& next);
  /// It is no longer in hand.
  void leave(Database& database, const Target& target);
  std::optional<Taken> take_with_session(const Place& session);
  std::optional<Taken> take_elsewhere(const std::optional<Place>& session, TimePoint now);

  core::Direction direction_;
  LaneOptions options_;
  BoundOf bound_of_;
  std::list<Server> servers_;  ///< in the order in which they came
  std::map<std::string, Server*, std::less<>> by_name_;
  std::multimap<TimePoint, Items> delayed_;  ///< each holds one item
  std::set<Group> broken_;                   ///< what goes with a target there that failed is refused
  std::size_t control_shared_left_ = 0;
  std::size_t waiting_ = 0;
  std::size_t in_hand_ = 0;
};

}  // namespace tenancy::driver
