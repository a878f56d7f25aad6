// The leader's side of a parallel run: starts background workers, collects their outcomes, and sees to it that no
// worker outlives the run.
#pragma once

#include "extension/worker_channel.h"

namespace tenancy {

/// Workers for one list of targets. They commit each target by themselves; none of it is undone by the leader.
class WorkerPool {
 public:
  using Report = std::function<void(std::size_t index, Outcome)>;

  /// Starts up to `wanted` workers, fewer when there are fewer targets or free slots; maybe none. The targets must
  /// outlive the object. Throws PgError.
  WorkerPool(const Request& request, std::span<const FleetTarget* const> targets, int wanted);
  /// Ends the workers that still run, and waits for that.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// End of the last commit that a worker told of; flush it before success is reported.
  [[nodiscard]] XLogRecPtr last_commit() const noexcept { return last_commit_; }

  [[nodiscard]] int started() const noexcept { return static_cast<int>(workers_.size()); }

  /// Collects an outcome for every target, in the order in which they come, until all workers have ended. The target
  /// that a worker had in hand when it died is a failure, and so are those that no worker was left for. Throws PgError
  /// when the caller is cancelled; the workers are ended then.
  void run(const Report& report);

 private:
  struct Worker {
    BackgroundWorkerHandle* handle = nullptr;
    shm_mq_handle* queue = nullptr;
    bool ended = false;      ///< its queue is detached
    std::string last_error;  ///< raised by the worker outside of a target
  };

  void create_segment(const Request& request, std::span<const FleetTarget* const> targets, int workers);
  void start_workers(int wanted);
  /// True when there was something to read.
  bool drain(Worker& worker, const Report& report);
  void handle_message(Worker& worker, std::string_view message, const Report& report);
  void bury(std::size_t number, const Report& report);
  void end_workers() noexcept;

  std::vector<const FleetTarget*> targets_;
  std::vector<bool> reported_;
  std::vector<Worker> workers_;
  dsm_segment* segment_ = nullptr;
  shm_toc* contents_ = nullptr;
  SharedRun* run_ = nullptr;
  XLogRecPtr last_commit_ = InvalidXLogRecPtr;
};

}  // namespace tenancy
