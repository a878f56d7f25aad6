// One fleet operation, from its targets to its record.
#pragma once

#include <map>
#include <set>

#include "extension/dispatcher.h"
#include "extension/session_executor.h"

#include "core/rollout.h"

namespace tenancy {

/// How a run goes about its targets.
struct RunPolicy {
  core::RolloutPolicy waves;
  Value wave_by;  ///< "tier", or the key of a label
  bool stop_after_canary = false;
  std::optional<core::FailureBudget> most_failures, most_wave_failures;
  Value recorded;  ///< the same as jsonb
};

/// What becomes a run.
struct RunPlan {
  std::string operation;  ///< upgrade, downgrade or rollback
  std::string revision;   ///< as it was asked for
  Request request;
  RunPolicy policy;
  Value filter;  ///< as jsonb, for the record
  bool takes_shared_last = false;
  std::vector<FleetTarget> targets;
  std::optional<std::int64_t> rolls_back;
  /// A run that goes on: its id; then `waves` are those of its targets.
  std::optional<std::int64_t> resumes;
  std::vector<core::Wave> waves;
  /// Only if nothing is irreversible; else the run does not begin.
  bool all_or_nothing = false;
};

/// Throws PgError for a relative revision: a fleet's targets may stand at different ones.
void require_absolute(const core::Revision& revision);

/// An upgrade or downgrade of the tenants that the filter selects. Relative revisions are refused. Downwards, the
/// shared schema is left out when the filter leaves any tenant out.
[[nodiscard]] RunPlan plan_run(Migrator& migrator, const TenantFilter& filter, Request request, RunPolicy policy);

/// A target that fails is an outcome; a failure in the shared schema, a cancel, or a lack of memory ends the run with a
/// PgError.
class FleetRun {
 public:
  /// Told of each target's outcome as it comes, in no order.
  using Progress = std::function<void(const FleetTarget&, const Outcome&)>;
  /// Told of each wave when it begins, with the number of its targets.
  using WaveProgress = std::function<void(const std::string& wave, std::size_t targets)>;

  /// `migrator` must outlive the object.
  FleetRun(Migrator& migrator, RunPlan plan) : migrator_(migrator), plan_(std::move(plan)) {}

  [[nodiscard]] const std::vector<FleetTarget>& targets() const noexcept { return plan_.targets; }

  /// Looks at the targets first and refuses what cannot be carried out as a whole; then works on those with something
  /// to do, with up to `workers` background workers. 0, or none that is free: in this session. Returns the
  /// outcomes in the order of targets(). What was committed is durable then, also behind an error.
  std::vector<Outcome> run(SessionExecutor::Mode mode, int workers, const Progress& progress,
                           const WaveProgress& wave_progress = {});

  /// 0 before run().
  [[nodiscard]] std::int64_t id() const noexcept { return id_; }
  /// How it ended: done, failed, stopped or aborted, and why.
  [[nodiscard]] const std::string& state() const noexcept { return ending_.state; }
  [[nodiscard]] const std::string& reason() const noexcept { return ending_.reason; }
  /// Targets that would have had more to do without their pins.
  [[nodiscard]] std::size_t held() const noexcept { return held_; }
  /// Targets that were left as they are because the run ended before.
  [[nodiscard]] std::size_t left() const noexcept { return left_; }

 private:
  /// Are other sets of its schema among the targets?
  [[nodiscard]] bool has_other_sets(const FleetTarget& target);
  void look_at(std::size_t index);
  [[nodiscard]] bool is_held_back(const FleetTarget& target, std::size_t steps);
  /// Finds out what each target has to do, or presumes that it has something to do.
  void look_at_all();
  /// Does nothing that is decided before the run begins depend on what each target has to do?
  [[nodiscard]] bool may_presume();
  void require_all() const;
  /// To the targets of other databases.
  void give_variables();
  [[nodiscard]] bool has_work(std::size_t index) const { return pending_[index] || !outcomes_[index].success; }
  void plan_waves();
  /// The tenant of each target: where several share one, the first of those that the canary names; the others are taken
  /// out of the list.
  [[nodiscard]] std::vector<std::string> name_targets(std::vector<std::string>& canary_tenants);
  /// Without the canaries and waves that have nothing to do.
  [[nodiscard]] core::RolloutPolicy wave_policy(const std::vector<std::string>& names) const;
  void add_wave(std::string name, bool is_canary, std::vector<std::size_t> targets);
  [[nodiscard]] RunOpening opening() const;
  /// What a run that goes on has nothing to do with.
  [[nodiscard]] std::vector<RunTargetRecord> settled() const;
  [[nodiscard]] std::unique_ptr<Executor> make_executor(const RunOpening& opening, SessionExecutor::Mode mode);
  void run_waves(Dispatcher& dispatcher, const Progress& progress, const WaveProgress& wave_progress);
  void run_wave(const core::Wave& wave, Dispatcher& dispatcher, const Progress& progress);
  void check_budgets(std::size_t wave_failed, const core::Wave& wave, Dispatcher& dispatcher) const;
  void finish(std::size_t index, Outcome outcome, const Progress& progress);
  void settle_ending(const Dispatcher& dispatcher);
  void settle_left();

  Migrator& migrator_;
  RunPlan plan_;
  std::vector<core::Wave> waves_;
  std::map<FleetTarget::Place, std::size_t> places_;  ///< how many targets each has, once that was asked
  std::vector<bool> pending_;                         ///< has something to do, or presumably
  std::vector<bool> reported_;                        ///< its outcome is final
  std::vector<Outcome> outcomes_;
  int workers_ = 0;
  /// Databases and sets whose shared schema could not be migrated.
  std::set<std::pair<std::string, std::string>> broken_databases_;
  std::int64_t id_ = 0;
  std::size_t work_ = 0;  ///< targets that are not unchanged
  std::size_t failed_ = 0;
  std::size_t left_ = 0;
  std::size_t held_ = 0;
  std::size_t skipping_ = 0;  ///< targets with migrations that are left out because they are out of order
  bool outside_ = false;      ///< some plan has steps outside of transactions
  RunClosing ending_;
};

}  // namespace tenancy
