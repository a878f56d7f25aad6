// The revisions that tenants are pinned to.
#pragma once

#include "extension/store.h"
#include "extension/tenants.h"

namespace tenancy {

/// What holds each target back. Tenants that share one are held at the lowest of their pins, whichever of them an
/// operation selects: they cannot be at different revisions.
class Pins {
 public:
  /// Throws PgError.
  explicit Pins(Store& store);

  /// The revision that a tenant's target is not taken beyond; NULL: none. A pin whose migration is gone is returned
  /// too: whoever plans with it is told so.
  [[nodiscard]] Value of(const Tenant& tenant) const;
  /// The same for a schema of this database.
  [[nodiscard]] Value of(const std::string& schema, const std::string& set) const;

 private:
  std::unordered_map<std::string, std::string> by_place_;
};

/// Of the pins of tenants that share a target, the one that holds it; NULL without any.
[[nodiscard]] Value lowest_pin(const core::MigrationSet& set, const std::vector<std::string>& pins);

}  // namespace tenancy
