// The fleet: which targets there are, and one operation over all of them.
#pragma once

#include "extension/target.h"
#include "extension/tenants.h"

namespace tenancy {

/// A target of the fleet. Several tenants may share it (isolation rls); then `target.tenant` is empty.
struct FleetTarget {
  Target target;
  bool shared = false;    ///< the shared schema, migrated before all tenants (after them, downwards)
  std::string elsewhere;  ///< for a target that is not in this database: where it is
};

/// How one target of a run ended.
struct Outcome {
  bool success = false;
  std::string from, to;  ///< revisions; the same where it failed; empty when unknown
  std::size_t steps = 0;
  std::chrono::microseconds duration{0};
  std::string sqlstate, error, detail, hint;  ///< of a failure
};

[[nodiscard]] Outcome success(const TargetResult& result);
[[nodiscard]] Outcome failure(const PgError& error);
/// The error of an outcome that is a failure.
[[nodiscard]] PgError to_error(const Outcome& outcome);

/// The shared schema's targets, one for each set that has migrations for it, then the tenants' ordered by schema,
/// each once. Throws PgError.
[[nodiscard]] std::vector<FleetTarget> fleet_targets(const TenantFilter& filter, const Settings& settings);

/// The target of a schema of this database: its tenant and its migration set, unless `set` names one.
[[nodiscard]] Target schema_target(const std::string& schema, const Value& set);

/// The shared schema as a target.
[[nodiscard]] Target shared_target(const Settings& settings, const std::string& set);

/// Keeps the memory of this backend flat over many schemas, whose catalogue entries it caches for ever: call it once
/// for every target; drops the caches now and then.
class CacheTrimmer {
 public:
  void target_done();

 private:
  int since_last_ = 0;
};

/// One fleet operation. A target that fails is an outcome; a failure in the shared schema, a cancel, or a lack of
/// memory ends the run with a PgError.
class FleetRun {
 public:
  /// Told of each target's outcome as it comes, in no order.
  using Progress = std::function<void(const FleetTarget&, const Outcome&)>;

  /// Who does the work when no background worker does, and how it is made durable.
  enum class Alone {
    in_transaction,  ///< this backend, in the caller's transaction, a subtransaction per target
    committing,      ///< this backend, with SPI_commit() after each target; the caller is connected to SPI, not atomic
  };

  /// Relative revisions are refused: a fleet's targets may stand at different ones. Downwards, the shared schema is
  /// left out when the filter leaves any tenant out.
  FleetRun(MemoryContext context, const TenantFilter& filter, Request request);

  [[nodiscard]] const std::vector<FleetTarget>& targets() const noexcept { return targets_; }

  /// Looks at every target first and refuses what cannot be carried out as a whole; then works on those with
  /// something to do, with up to `workers` background workers. 0, or none that is free: alone. Returns the outcomes
  /// in the order of targets(). What workers or `committing` did is durable then, also behind an error.
  std::vector<Outcome> run(Alone alone, int workers, const Progress& progress);

 private:
  void check_revision();
  void look_at_all();
  void look_at(std::size_t index);
  /// The targets [first, last), which are all shared or all tenants'.
  void run_phase(std::size_t first, std::size_t last, Alone alone, int workers, const Progress& progress);
  void run_alone(const std::vector<std::size_t>& pending, Alone alone, const Progress& progress);
  [[nodiscard]] bool run_in_parallel(const std::vector<std::size_t>& pending, int workers, const Progress& progress);
  [[nodiscard]] Outcome work_on(const FleetTarget& target, Alone alone);
  void finish(std::size_t index, Outcome outcome, const Progress& progress);

  Migrator migrator_;
  Request request_;
  std::vector<FleetTarget> targets_;
  std::vector<bool> pending_;
  std::vector<Outcome> outcomes_;
  std::size_t failed_ = 0;
  std::size_t skipping_ = 0;  ///< targets with migrations that are left out because they are out of order
  XLogRecPtr last_commit_ = InvalidXLogRecPtr;
  CacheTrimmer trimmer_;
};

}  // namespace tenancy
