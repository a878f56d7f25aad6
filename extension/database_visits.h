// Visits to other databases of the cluster: a background worker for each, several at a time.
#pragma once

#include <deque>

#include "extension/worker_pool.h"

namespace tenancy {

class DatabaseVisits {
 public:
  using Report = Executor::Report;

  /// Up to `most` at a time. `bundle` is MigrationBundle::encode() of the sets that the targets use. The task's targets
  /// must outlive the object.
  DatabaseVisits(Task task, int most, std::string bundle)
      : task_(std::move(task)), most_(static_cast<std::size_t>(most)), bundle_(std::move(bundle)) {}

  /// Adds targets of other databases.
  void submit(std::span<const WorkItem> items);

  /// Takes back what nobody has begun.
  std::vector<WorkItem> withdraw();

  /// Reports what has come, and goes on to the next databases; false when there was nothing. A database that does not
  /// exist or cannot be visited is a failure of its targets. Throws PgError.
  bool collect(const Report& report);

  [[nodiscard]] bool is_done() const noexcept { return waiting_.empty() && visits_.empty(); }

  /// End of the last commit that a worker told of.
  [[nodiscard]] XLogRecPtr last_commit() const noexcept { return last_commit_; }

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

  bool collect_visits(const Report& report);
  bool start_visits(const Report& report);
  /// nullptr: no worker is free.
  [[nodiscard]] std::unique_ptr<Visit> start_visit(const Waiting& waiting, Oid database);
  void fail(const Waiting& waiting, const PgError& error, bool may_pass, const Report& report) const;

  Task task_;
  std::size_t most_;
  std::string bundle_;
  std::deque<Waiting> waiting_;
  std::vector<std::unique_ptr<Visit>> visits_;
  XLogRecPtr last_commit_ = InvalidXLogRecPtr;
};

/// The sets that targets in other databases use, for their workers; empty when there is no such target.
[[nodiscard]] std::string bundle_for_databases(std::span<const FleetTarget> targets);

}  // namespace tenancy
