// The fleet: which targets there are, and one operation over all of them.
#pragma once

#include "extension/target.h"
#include "extension/tenants.h"

namespace tenancy {

/// A target of the fleet. Several tenants may share it (isolation rls); then `target.tenant` is empty.
struct FleetTarget {
  Target target;
  bool shared = false;     ///< the shared schema, migrated before all tenants (after them, downwards)
  std::string elsewhere;   ///< for a target that is not in this database: where it is
};

/// How one target of a run ended.
struct Outcome {
  bool success = false;
  std::string from, to;  ///< revisions; empty when unknown
  std::size_t steps = 0;
  std::chrono::microseconds duration{0};
  std::string sqlstate, error, detail, hint;  ///< of a failure
};

/// The outcome of a target that failed with `error`.
[[nodiscard]] Outcome failure(const PgError& error);

/// The shared schema's targets, one for each set that has migrations for it, then the tenants' ordered by schema,
/// each once. Throws PgError.
[[nodiscard]] std::vector<FleetTarget> fleet_targets(const TenantFilter& filter, const Settings& settings);

/// The target of a schema of this database: its tenant and its migration set, unless `set` names one.
[[nodiscard]] Target schema_target(const std::string& schema, const Value& set);

/// The shared schema as a target.
[[nodiscard]] Target shared_target(const Settings& settings, const std::string& set);

/// One fleet operation. A target that fails is an outcome; a failure in the shared schema, a cancel, or a lack of
/// memory ends the run with a PgError.
class FleetRun {
 public:
  using Report = std::function<void(const FleetTarget&, const Outcome&)>;

  /// How the work is made durable.
  enum class Commit {
    with_caller,  ///< in the caller's transaction, a subtransaction per target
    each_target,  ///< SPI_commit() after each target, durable when run() returns; the caller is connected to SPI, not
                  ///< atomic
  };

  /// Relative revisions are refused: a fleet's targets may stand at different ones. Downwards, the shared schema is
  /// left out when the filter leaves any tenant out.
  FleetRun(MemoryContext context, const TenantFilter& filter, Request request);

  [[nodiscard]] std::size_t size() const noexcept { return targets_.size(); }

  /// Looks at every target first and refuses what cannot be carried out as a whole; then works on those with
  /// something to do. Reports each target once, in order.
  void run(Commit commit, const Report& report);

 private:
  struct Look {
    bool pending = false;
    Outcome outcome;
  };
  void check_revision();
  [[nodiscard]] Look look_at(const FleetTarget& target);
  [[nodiscard]] Outcome work_on(const FleetTarget& target, Commit commit);

  Migrator migrator_;
  Request request_;
  std::vector<FleetTarget> targets_;
  std::size_t skipping_ = 0;  ///< targets with migrations that are left out because they are out of order
};

/// Keeps the memory of this backend flat over many schemas, whose catalogue entries it caches for ever: call it once
/// for every target; drops the caches now and then.
class CacheTrimmer {
 public:
  void target_done();

 private:
  int since_last_ = 0;
};

}  // namespace tenancy
