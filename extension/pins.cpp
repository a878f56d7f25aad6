#include "extension/pins.h"

#include "core/revision.h"

namespace tenancy {

namespace {

std::string place_key(const std::string& place, const std::string& schema) { return place + '\0' + schema; }

std::string place_key(const Tenant& tenant) { return place_key(tenant.is_here ? "" : tenant.place(), tenant.schema); }

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

void add_pin(core::PinnedSets& pins, Store& store, const std::string& set, const std::string& pin) {
  auto const [known, is_new] = pins.try_emplace(set, pin);
  if (is_new || known->second == pin) return;
  const core::MigrationSet& migrations = store.set(set);
  if (position(migrations, pin) < position(migrations, known->second)) known->second = pin;
}

Value pin_of(const core::PinnedSets& pins, const std::string& set) {
  auto const known = pins.find(set);
  return known == pins.end() ? Value() : Value(known->second);
}

core::PinnedSets pins_in_schema(Store& store, const std::string& schema) {
  core::PinnedSets pins;
  for (const Tenant& tenant : tenants_in_schema(schema)) {
    if (tenant.pinned_revision) add_pin(pins, store, tenant.migration_set, *tenant.pinned_revision);
  }
  return pins;
}

Pins::Pins(Store& store) {
  TenantFilter pinned;
  pinned.pinned = true;
  for (const Tenant& tenant : select_tenants(pinned)) {
    add_pin(by_place_[place_key(tenant)], store, tenant.migration_set, *tenant.pinned_revision);
  }
}

const core::PinnedSets& Pins::found(const std::string& place) const {
  static const core::PinnedSets kNone;
  auto const known = by_place_.find(place);
  return known == by_place_.end() ? kNone : known->second;
}

const core::PinnedSets& Pins::at(const Tenant& tenant) const { return found(place_key(tenant)); }

const core::PinnedSets& Pins::at(const std::string& schema) const { return found(place_key({}, schema)); }

Value Pins::of(const Tenant& tenant) const { return pin_of(at(tenant), tenant.migration_set); }

}  // namespace tenancy
