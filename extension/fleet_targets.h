// The targets of a fleet: where the tenants are, each place once.
#pragma once

#include <tuple>

#include "extension/target.h"
#include "extension/tenants.h"

namespace tenancy {

/// A target of the fleet. Several tenants may share it (isolation rls); then `target.tenant` is empty.
struct FleetTarget {
  Target target;
  bool shared = false;                ///< the shared schema, migrated before all tenants (after them, downwards)
  std::string elsewhere;              ///< for a target that cannot be reached from here: where it is
  bool is_registered = true;          ///< false: no longer, when a recorded run goes on
  Value held_at;                      ///< a revision of this target that it is not taken beyond, upwards
  core::PinnedSets pins;              ///< likewise of all sets in its schema
  std::vector<std::string> versions;  ///< a rollback takes exactly these back
  std::optional<core::VariableMap> variables;  ///< for a worker that cannot read what is stored here
  std::uint32_t ordinal = 0;                   ///< its place in the run

  Value wave_value;             ///< see TenantDetails
  std::int64_t created_at = 0;  ///< microseconds

  /// The schema, which may have several sets; valid as long as the target.
  using Place = std::tuple<const std::string&, const std::string&, const std::string&>;
  [[nodiscard]] Place place() const noexcept { return {elsewhere, target.database, target.schema}; }

  /// Is it migrated with the shared schema: the one that tenants in another database share?
  [[nodiscard]] bool goes_with_shared() const noexcept {
    return shared || (target.kind == core::TargetKind::shared && !target.database.empty());
  }
};

/// The shared schema's targets, one for each set that has migrations for it, then the tenants' ordered by schema,
/// each once. Throws PgError.
[[nodiscard]] std::vector<FleetTarget> fleet_targets(const TenantFilter& filter, const TenantDetails& details,
                                                     Store& store, const Settings& settings);

/// Those of the tenants, as select_tenants() ordered them, that are in other databases of this cluster; before them
/// what they share there. Throws PgError.
[[nodiscard]] std::vector<FleetTarget> database_targets(const std::vector<Tenant>& tenants, const class Pins& pins,
                                                        const Settings& settings);

/// Where a schema has several sets, puts those first that others require, downwards last.
void order_sets(std::vector<FleetTarget>& targets, core::Direction direction, Store& store);

/// FleetTarget::elsewhere of a target on a server.
[[nodiscard]] std::string on_server(const std::string& server);

/// The target of a schema of this database: its tenant and its migration set, unless `set` names one.
[[nodiscard]] Target schema_target(const std::string& schema, const Value& set);

/// The shared schema as a target.
[[nodiscard]] Target shared_target(const Settings& settings, const std::string& set);

/// Does the filter select every tenant that has a target here? A suspended tenant needs the shared schema too.
[[nodiscard]] bool selects_everybody(TenantFilter filter);

/// Keeps the memory of this backend flat over many schemas, whose catalogue entries it caches for ever: call it once
/// for every target; drops the caches now and then.
class CacheTrimmer {
 public:
  void target_done();

 private:
  int since_last_ = 0;
};

}  // namespace tenancy
