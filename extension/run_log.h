// The record of fleet operations: tenancy.runs and tenancy.run_targets.
//
// Whoever carries a target out records its outcome in the transaction that changes the target, so the record is exact
// after a crash too. All of it runs with the rights of the caller, who needs SELECT, INSERT, UPDATE and DELETE on both
// tables.
#pragma once

#include "extension/fleet_targets.h"
#include "extension/run_target_table.h"

namespace tenancy {

/// A run when it begins: a row of tenancy.runs.
struct RunRecord {
  std::int64_t id = 0;
  std::string operation;  ///< upgrade, downgrade or rollback
  std::string revision;
  Value filter, policy;  ///< jsonb
  std::size_t targets = 0;
  std::size_t unchanged = 0;               ///< those with nothing to do, which have no row of their own
  std::optional<std::int64_t> rolls_back;  ///< the run that this one takes back
};

/// A target when its run begins: a row of tenancy.run_targets.
struct RunTargetRecord {
  const FleetTarget* target = nullptr;
  std::string_view wave;
  const Outcome* failure = nullptr;  ///< it failed before anything was tried
  std::string_view from;             ///< revision; empty when unknown
};

/// What records the beginning of a run: made by the leader, carried out by whoever can commit. Errors are PgError.
class RunOpening {
 public:
  RunOpening() = default;
  RunOpening(const RunRecord& run, std::span<const RunTargetRecord> targets);
  /// Of a run that goes on, with those of its targets that are done, or have failed, before it does.
  static RunOpening again(std::int64_t run, std::span<const RunTargetRecord> settled);

  void execute() const;

  [[nodiscard]] std::string encode() const;
  static RunOpening decode(std::string_view bytes);

 private:
  std::vector<Value> run_;      ///< parameters of a statement; only the id when the run goes on
  std::vector<Value> settled_;  ///< likewise; empty when there is nothing to settle
  std::string targets_;         ///< rows of tenancy.run_targets, encoded
  std::uint32_t count_ = 0;     ///< of the rows
};

struct RunClosing {
  std::int64_t run = 0;
  std::string state;   ///< done, failed, stopped or aborted
  std::string reason;  ///< empty: none

  /// Records the end, and deletes the runs that are older than tenancy.run_retention.
  void execute() const;
};

/// Throws PgError, with what to grant, when the current user may not keep the record.
void require_run_log_rights();

[[nodiscard]] std::int64_t next_run_id();

/// The state that stands in tenancy.runs now, whatever the transaction's snapshot; nothing when there is no such run.
[[nodiscard]] std::optional<std::string> recorded_run_state(std::int64_t run);

/// Held by the session that leads a run; where nobody holds it, a run that is not finished was interrupted.
class RunLock {
 public:
  /// Throws PgError when another session holds it.
  explicit RunLock(std::int64_t run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::int64_t run_;
};

}  // namespace tenancy
