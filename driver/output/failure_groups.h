// Failures of many targets by what went wrong: a fleet rarely fails in more than a few ways.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "driver/connection/server_error.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// What a server says of a target without the target's own label in front.
[[nodiscard]] std::string_view without_label(std::string_view message, const Target& target);

class FailureGroups {
 public:
  struct Group {
    std::string message{};  ///< of the first target, without its label; not made visible
    std::string sqlstate{};
    std::string first{};      ///< label of the first target
    std::size_t targets = 0;  ///< that failed so
  };

  /// Two failures are the same when they have one SQLSTATE, and one message where the tenant, schema and database are
  /// named. Returns how many there are of the kind now.
  std::size_t add(const Target& target, const ServerReport& report);

  /// The largest first; of equal ones, the one that was seen first.
  [[nodiscard]] std::vector<Group> largest_first() const;
  [[nodiscard]] bool empty() const noexcept { return groups_.empty(); }

 private:
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace tenancy::driver
