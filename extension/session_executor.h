// Carries a run out in this session, without background workers.
#pragma once

#include <deque>

#include "extension/executor.h"
#include "extension/lock_budget.h"

namespace tenancy {

class SessionExecutor final : public Executor {
 public:
  enum class Mode {
    in_transaction,  ///< in the caller's transaction, a subtransaction per target
    committing,      ///< with SPI_commit() after each target; the caller is connected to SPI, not atomic
  };

  /// `migrator` must outlive the object.
  SessionExecutor(Task task, Migrator& migrator, Mode mode);

  void open(const RunOpening& opening) override;
  void close(const RunClosing& closing) override;
  void submit(std::span<const WorkItem> items) override;
  void wait(std::chrono::milliseconds most, const Report& report) override;
  std::vector<WorkItem> withdraw() override;
  std::string requested_state() override;
  void flush() override { flush_commits(last_commit_); }

 private:
  [[nodiscard]] Outcome work_on(const WorkItem& item);
  [[nodiscard]] Outcome attempt(const WorkItem& item, const FleetTarget& target);
  void commit();

  Task task_;
  Migrator& migrator_;
  Mode mode_;
  ScopedContext target_context_;
  std::optional<LockBudget> budget_;
  std::deque<WorkItem> queue_;
  CacheTrimmer trimmer_;
  XLogRecPtr last_commit_ = InvalidXLogRecPtr;
};

/// Commits the transaction of a procedure that is connected to SPI, without waiting for the disk: a tracking row
/// commits with the change, so a crash loses both or none, and flush_commits() waits once for all. Throws PgError.
void commit_without_waiting();

}  // namespace tenancy
