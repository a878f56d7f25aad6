// The revisions that tenants are pinned to.
#pragma once

#include "core/requirements.h"
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

  /// What holds each set where the tenant lives, or in a schema of this database.
  [[nodiscard]] const core::PinnedSets& at(const Tenant& tenant) const;
  [[nodiscard]] const core::PinnedSets& at(const std::string& schema) const;

 private:
  [[nodiscard]] const core::PinnedSets& found(const std::string& place) const;

  std::unordered_map<std::string, core::PinnedSets> by_place_;
};

/// Adds a tenant's pin to what holds a schema; the lower one counts.
void add_pin(core::PinnedSets& pins, Store& store, const std::string& set, const std::string& pin);

/// Of one set; NULL: nothing holds it.
[[nodiscard]] Value pin_of(const core::PinnedSets& pins, const std::string& set);

/// Holds a target, of a fleet or of a page, by what holds the sets in its schema.
template <typename Held>
void hold(Held& target, core::PinnedSets pins) {
  target.held_at = pin_of(pins, target.target.set);
  target.pins = std::move(pins);
}

/// What holds the sets in a schema of this database, without a look at the others. Throws PgError.
[[nodiscard]] core::PinnedSets pins_in_schema(Store& store, const std::string& schema);

}  // namespace tenancy
