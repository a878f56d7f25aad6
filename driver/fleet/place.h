// Where a session is: a database of a server.
#pragma once

#include <compare>
#include <string>

#include "driver/fleet/target.h"

namespace tenancy::driver {

struct Place {
  std::string server;    ///< as in Target
  std::string database;  ///< as in Target

  friend auto operator<=>(const Place&, const Place&) = default;

  /// The database that the operation is led from, where its shared schemas are everybody's.
  [[nodiscard]] bool is_control() const noexcept { return server.empty() && database.empty(); }
};

[[nodiscard]] inline Place place_of(const Target& target) { return {target.server, target.database}; }

/// Is it one schema? It may have several migration sets.
[[nodiscard]] inline bool is_same_schema(const Target& one, const Target& other) {
  return one.schema == other.schema && place_of(one) == place_of(other);
}

/// Is it a schema that the tenants of its database share?
[[nodiscard]] inline bool is_shared(const Target& target) noexcept {
  return target.tenant.empty() && target.kind != core::TargetKind::tenant;
}

}  // namespace tenancy::driver
