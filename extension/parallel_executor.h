// Carries a run out with background workers: of this database, and of the others that tenants live in.
#pragma once

#include "extension/database_visits.h"

namespace tenancy {

class ParallelExecutor final : public Executor {
 public:
  /// Up to `workers` at a time, in all databases together. `committing`: the caller is a procedure, connected to SPI,
  /// and must not keep a snapshot while workers work: a concurrent index build of theirs would wait for it for ever.
  /// `pending` are the indexes of the targets that may be submitted.
  ParallelExecutor(Task task, const std::vector<std::size_t>& pending, int workers, const RunOpening& opening,
                   bool committing);
  ~ParallelExecutor() override;

  [[nodiscard]] bool has_workers() const noexcept { return home_->started() > 0; }

  void open(const RunOpening& opening) override;
  void close(const RunClosing& closing) override;
  void submit(std::span<const WorkItem> items) override;
  void wait(std::chrono::milliseconds most, const Report& report) override;
  std::vector<WorkItem> withdraw() override;
  std::string requested_state() override;
  void flush() override;

 private:
  void commit();
  bool collect(const Report& report);
  void report_recorded(std::size_t index, Outcome outcome, const Report& report);

  Task task_;
  bool committing_;
  std::unique_ptr<WorkerPool> home_;
  std::unique_ptr<DatabaseVisits> visits_;
  /// Unless committing: nothing is written in the caller's transaction, which may be of any isolation level.
  std::vector<OutcomeMessage> unrecorded_;
  XLogRecPtr last_commit_ = InvalidXLogRecPtr;
};

}  // namespace tenancy
