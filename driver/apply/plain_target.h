// One target on its way by plain SQL: what to send next, given what came back. It does no I/O itself.
//
//   look     schema, role, tracking table, rows; in a transaction of its own without waiting for anybody
//   details  only if needed: is somebody at work there, is the schema empty
//   act      locks, everything that the plan was made of once more, the steps, COMMIT; other rows: look again
//   clear    after a failure: ROLLBACK
//
// So a target that is up to date costs one round trip, and one with something to do two.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/requirements.h"
#include "core/tool_history.h"
#include "driver/apply/plain_batch.h"
#include "driver/apply/store.h"
#include "driver/apply/target_place.h"
#include "driver/fleet/outcome.h"

namespace tenancy::driver {

/// The set of a step, when it is not the target's own.
[[nodiscard]] inline std::string other_set(const core::Step& step, const Target& target) {
  return step.set->name() == target.migration_set ? std::string() : step.set->name();
}

class PlainTarget {
 public:
  /// The references must outlive the object. A request with a relative revision must be made absolute by to_revision()
  /// before what is left of it is asked for again.
  PlainTarget(const MigrationStore& store, const Request& request, const Target& target, const Connection& connection);

  /// The last transaction of steps commits without waiting: owed() is then what for.
  void do_not_wait_at_commit() noexcept { waits_at_commit_ = false; }
  [[nodiscard]] const std::optional<OwedWait>& owed() const noexcept { return owed_; }

  /// What to send next; nothing when it is over.
  [[nodiscard]] const PlainBatch& next() const noexcept { return batch_; }
  /// Does next() commit steps of the plan?
  [[nodiscard]] bool commits() const noexcept { return stage_ == Stage::act; }

  /// The reply to it.
  void take(const BatchResult& reply);

  /// Why it ended; nothing when all went well. It names the target.
  [[nodiscard]] const std::optional<ServerReport>& failure() const noexcept { return failure_; }
  /// The failure is that somebody cancelled it.
  [[nodiscard]] bool was_cancelled() const noexcept { return was_cancelled_; }

  /// The steps that it takes, or has taken, in this transaction; durations only afterwards.
  [[nodiscard]] const std::vector<StepOutcome>& steps() const noexcept { return steps_; }
  [[nodiscard]] const std::string& from_revision() const noexcept { return plan_.from; }
  /// Behind these steps; and behind all of the plan.
  [[nodiscard]] const std::string& to_revision() const noexcept { return to_; }
  [[nodiscard]] const std::string& planned_revision() const noexcept { return plan_.to; }
  /// What was asked for, in words that do not depend on what is applied.
  [[nodiscard]] const std::string& goal() const noexcept { return plan_.goal; }
  [[nodiscard]] const std::vector<std::size_t>& skipped() const noexcept { return plan_.skipped; }

  /// All of the plan, also what is not for this transaction.
  [[nodiscard]] std::vector<StepOutcome> all_steps() const { return named(plan_.steps); }

  /// There are steps behind these; when these are none, the next one runs outside of transactions.
  [[nodiscard]] bool has_more() const noexcept { return inside_ < plan_.steps.size(); }
  [[nodiscard]] const core::Step& next_step() const { return plan_.steps.at(inside_); }

  [[nodiscard]] const PlainFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] const TargetScripts& scripts() const noexcept { return scripts_; }
  [[nodiscard]] const core::TargetPlace& place() const noexcept { return place_; }

 private:
  enum class Stage { look, details, act, clear, over };

  void look();
  [[nodiscard]] bool misses_statement(const BatchResult& reply) const;
  void take_look(const BatchResult& reply);
  [[nodiscard]] bool read_facts(const BatchResult& reply);
  void explain_look(const BatchResult& reply);
  [[nodiscard]] bool needs_details() const;
  void find_tools();
  [[nodiscard]] std::optional<core::ToolTrace> find_unadopted(const BatchResult& reply) const;
  void ask_details();
  void take_details(const BatchResult& reply);
  void make_plan(bool is_empty);
  [[nodiscard]] core::TargetVariables variables() const;
  /// Why the scripts of the plan cannot run here; the report names the step.
  [[nodiscard]] std::optional<ServerReport> find_flaw() const;
  [[nodiscard]] core::Plan plan() const;
  [[nodiscard]] bool runs_inside(const core::Step& step, bool is_empty) const;
  [[nodiscard]] std::vector<StepOutcome> named(std::span<const core::Step> steps) const;
  void act();
  void take_act(const BatchResult& reply);
  [[nodiscard]] ServerReport explain_act(const ServerReport& report, const PlainBatch::Origin& origin);
  /// Ends it; `in_transaction`: there is one to roll back.
  void fail(ServerReport report, bool in_transaction);
  void refuse(ServerReport report) { fail(std::move(report), false); }
  void clear();
  void end();

  const MigrationStore& store_;
  const Request& request_;
  const Target& target_;
  const Connection& connection_;
  core::TargetPlace place_;
  std::vector<std::string> other_sets_;  ///< whose rows planning takes
  PlainFacts facts_;
  TargetScripts scripts_;
  Stage stage_ = Stage::look;
  PlainBatch batch_;
  core::Plan plan_;
  std::vector<core::ToolTrace> tools_{};        ///< whose tables are there, where ours is not
  std::optional<core::ToolTrace> unadopted_{};  ///< the first of them that has applied something
  std::size_t inside_ = 0;                      ///< steps of the plan that this transaction takes
  std::string to_;
  bool needs_rollback_ = false;  ///< before what comes next
  bool checks_each_statement_ = false;
  bool waits_at_commit_ = true;
  std::optional<OwedWait> owed_;
  bool lost_statements_ = false;  ///< that the session had kept
  int looks_ = 0;
  std::vector<StepOutcome> steps_;
  std::optional<ServerReport> failure_;
  bool passed_its_limit_ = false;  ///< a statement of a migration did
  bool was_cancelled_ = false;
};

}  // namespace tenancy::driver
