// The leader's side of background workers: starts them, gives them work, collects their outcomes, and sees to it that
// none outlives the object.
#pragma once

#include "extension/worker_channel.h"

namespace tenancy {

/// Where workers work, and what they find there.
struct WorkerPlace {
  Oid database = InvalidOid;
  std::string opening;  ///< RunOpening::encode(); for the database of the run
  std::string bundle;   ///< MigrationBundle::encode(); for a database without a store
};

/// Workers for one list of targets. They commit each target by themselves; none of it is undone by the leader.
class WorkerPool {
 public:
  using Report = Executor::Report;

  /// Starts up to `wanted` workers, fewer when there are fewer free slots; maybe none. The task's targets must
  /// outlive the object. Throws PgError.
  WorkerPool(const Task& task, const WorkerPlace& place, int wanted);
  /// Ends the workers that still run, and waits for that.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] int started() const noexcept { return static_cast<int>(workers_.size()); }
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

  /// End of the last commit that a worker told of; flush it before success is reported.
  [[nodiscard]] XLogRecPtr last_commit() const noexcept { return last_commit_; }

  void submit(std::span<const WorkItem> items);
  std::vector<WorkItem> withdraw();
  /// Nothing more will be submitted: workers end when there is nothing left.
  void finish();

  /// Lets a worker record the run's beginning or end, and waits for that. False when no worker is left, or when the one
  /// that was to do it died, maybe behind its commit. Throws PgError when it fails. `records` are outcomes that nobody
  /// has recorded yet, with the ordinals of their targets.
  [[nodiscard]] bool open();
  [[nodiscard]] bool close(const RunClosing& closing, std::span<const OutcomeMessage> records);
  /// Why workers ended before their time; empty when it is not known.
  [[nodiscard]] std::string last_error() const;

  /// Reports what workers have sent; false when there was nothing. What a worker had in hand when it died is a failure,
  /// and so is what no worker is left for. Throws PgError.
  bool collect(const Report& report);

 private:
  struct Worker {
    BackgroundWorkerHandle* handle = nullptr;
    shm_mq_handle* queue = nullptr;
    bool ended = false;                 ///< its queue is detached
    std::optional<PgError> last_error;  ///< raised by the worker outside of a target
  };

  void create_segment(const Task& task, const WorkerPlace& place, int workers);
  void start_workers(int wanted);
  void submit_record(std::uint32_t index);
  bool wait_for_record();
  /// True when there was something to read.
  bool drain(Worker& worker, const Report& report);
  void handle_message(Worker& worker, std::string_view message, const Report& report);
  void bury(std::size_t number, const Report& report);
  void report_orphans(const Report& report);
  void report_orphan(std::size_t index, PgError error, const Report& report);
  void end_workers() noexcept;

  ScopedContext memory_;  ///< of the handles: they are needed until the segment is detached
  const std::vector<FleetTarget>* targets_;
  std::vector<bool> awaited_;  ///< targets that were submitted and have not been reported or withdrawn
  std::vector<Worker> workers_;
  std::size_t running_ = 0;
  bool closed_ = false;  ///< the run's end is recorded
  WorkRing ring_;
  dsm_segment* segment_ = nullptr;
  shm_toc* contents_ = nullptr;
  SharedRun* run_ = nullptr;
  XLogRecPtr last_commit_ = InvalidXLogRecPtr;
  std::optional<Outcome> recorded_;  ///< the outcome of what was to be recorded
  bool recorder_died_ = false;       ///< the worker that was to record
};

}  // namespace tenancy
