// Carries a run out with background workers: of this database, and of the others that tenants live in.
#pragma once

#include <deque>

#include "extension/worker_pool.h"

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
  /// A worker in another database, with what it was given.
  struct Visit {
    std::vector<FleetTarget> targets;
    std::vector<std::uint32_t> indexes;  ///< of these targets in the task
    Task task;
    std::unique_ptr<WorkerPool> pool;
  };
  struct Waiting {
    std::string database;
    std::vector<WorkItem> items;
  };

  void commit();
  bool collect(const Report& report);
  bool collect_visits(const Report& report);
  void start_visits(const Report& report);
  /// Nothing when there is no such database, or no worker for it: then its targets are reported as failures.
  [[nodiscard]] std::unique_ptr<Visit> start_visit(const Waiting& waiting, const Report& report);
  void fail(const Waiting& waiting, const PgError& error, const Report& report);
  void report_recorded(std::size_t index, Outcome outcome, const Report& report);
  const std::string& bundle();

  Task task_;
  bool committing_;
  std::size_t most_visits_ = 1;
  std::unique_ptr<WorkerPool> home_;
  std::deque<Waiting> waiting_;
  std::vector<std::unique_ptr<Visit>> visits_;
  std::string bundle_;
  XLogRecPtr last_commit_ = InvalidXLogRecPtr;
};

}  // namespace tenancy
