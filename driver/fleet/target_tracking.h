// What is applied in a target, read over any connection; changes nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/requirements.h"
#include "driver/connection/connection.h"
#include "driver/fleet/stored_sets.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

struct TargetTracking {
  /// missing (the schema), foreign, denied or locked (its tracking table), unreachable (for any other reason); empty
  /// when it was read.
  std::string state{};
  std::string detail{};
  std::vector<core::AppliedMigration> applied{};                                   ///< of the target's set
  std::map<std::string, std::vector<core::AppliedMigration>> applied_of_others{};  ///< of the sets that were asked for

  /// Of a set that was asked for; `own` is the target's.
  [[nodiscard]] std::span<const core::AppliedMigration> rows_of(const std::string& set, const std::string& own) const {
    return set == own ? applied : applied_of_others.at(set);
  }
};

/// What is asked of a target.
struct TrackingQuestion {
  const Target& target;
  std::vector<std::string> other_sets{};  ///< whose rows are read, too
};

/// Asks for targets of the connection's database in one round trip, each in a transaction of its own, so that no more
/// is locked at once than one tracking table. `request` says what that is called. `see` is told of each, in their order
/// and as it comes. The session's time limit holds for each. Throws ServerError(lost), and what `see` throws.
boost::asio::awaitable<void> read_tracking(Connection& connection, std::span<const TrackingQuestion> questions,
                                           const Request& request,
                                           std::function<void(const TargetTracking& tracking)> see);

/// Where a target stands, in the words of tenancy.status().
struct TargetStanding {
  std::string state;
  std::optional<std::string> revision{}, head{};
  std::optional<std::size_t> pending{};
  std::string detail{};
};

/// What holds the sets in the target's schema, its own among them.
[[nodiscard]] core::PinnedSets pins_of(const Target& target);

/// Where the target has pins, `tracking` must have the rows of sets.others(), too.
[[nodiscard]] TargetStanding standing_of(const Target& target, const TargetTracking& tracking, const StoredSets& sets,
                                         core::OutOfOrder out_of_order);

}  // namespace tenancy::driver
