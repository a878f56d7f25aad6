#include "extension/pins.h"

#include "core/revision.h"

namespace tenancy {

namespace {

std::string place_key(const std::string& place, const std::string& schema, const std::string& set) {
  return place + '\0' + schema + '\0' + set;
}

std::string place_key(const Tenant& tenant) {
  return place_key(tenant.is_here ? "" : tenant.place(), tenant.schema, tenant.migration_set);
}

/// Of a pin among the versions of the set. One that means nothing there comes first, so that its target fails and says
/// why.
std::int64_t position(const core::MigrationSet& set, const std::string& pin) {
  try {
    core::Revision const revision = core::parse_revision(pin);
    if (revision.kind == core::Revision::Kind::base) return 0;
    return static_cast<std::int64_t>(core::resolve_version(set, revision.version)) + 1;
  } catch (const core::Error&) {
    return -1;
  }
}

}  // namespace

Value lowest_pin(const core::MigrationSet& set, const std::vector<std::string>& pins) {
  auto const lowest = std::min_element(pins.begin(), pins.end(), [&](const std::string& one, const std::string& other) {
    return position(set, one) < position(set, other);
  });
  return lowest == pins.end() ? Value() : Value(*lowest);
}

Pins::Pins(Store& store) {
  TenantFilter pinned;
  pinned.pinned = true;
  for (const Tenant& tenant : select_tenants(pinned)) {
    const std::string& pin = *tenant.pinned_revision;
    auto const [known, is_new] = by_place_.try_emplace(place_key(tenant), pin);
    if (is_new || known->second == pin) continue;
    const core::MigrationSet& set = store.set(tenant.migration_set);
    if (position(set, pin) < position(set, known->second)) known->second = pin;
  }
}

Value Pins::of(const Tenant& tenant) const {
  auto const known = by_place_.find(place_key(tenant));
  return known == by_place_.end() ? Value() : Value(known->second);
}

Value Pins::of(const std::string& schema, const std::string& set) const {
  auto const known = by_place_.find(place_key({}, schema, set));
  return known == by_place_.end() ? Value() : Value(known->second);
}

}  // namespace tenancy
