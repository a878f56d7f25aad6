#include "extension/worker_pool.h"

namespace tenancy {

namespace {

/// For the leader's death, which runs no destructor: the handles of its workers, in memory that the detachment of the
/// segment still finds.
struct Handles {
  int count = 0;
  BackgroundWorkerHandle* handle[kMaxWorkers];
};

void terminate_workers(dsm_segment*, Datum argument) {
  auto* const handles = reinterpret_cast<Handles*>(DatumGetPointer(argument));
  for (int i = 0; i < handles->count; ++i) TerminateBackgroundWorker(handles->handle[i]);
}

BackgroundWorker describe_worker(dsm_segment* segment, int number) {
  BackgroundWorker worker{};
  pg_snprintf(worker.bgw_name, BGW_MAXLEN, "tenancy worker %d of PID %d", number + 1, MyProcPid);
  strlcpy(worker.bgw_type, "tenancy worker", BGW_MAXLEN);
  strlcpy(worker.bgw_library_name, "tenancy", sizeof worker.bgw_library_name);
  strlcpy(worker.bgw_function_name, "tenancy_worker_main", sizeof worker.bgw_function_name);
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_ConsistentState;
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
  worker.bgw_notify_pid = MyProcPid;
  std::memcpy(worker.bgw_extra, &number, sizeof number);
  return worker;
}

}  // namespace

WorkerPool::WorkerPool(const Request& request, std::span<const FleetTarget* const> targets, int wanted)
    : targets_(targets.begin(), targets.end()), reported_(targets.size()) {
  wanted = std::min({wanted, kMaxWorkers, static_cast<int>(targets.size())});
  if (wanted <= 0) return;
  create_segment(request, targets, wanted);
  if (segment_ != nullptr) start_workers(wanted);
}

WorkerPool::~WorkerPool() { end_workers(); }

void WorkerPool::create_segment(const Request& request, std::span<const FleetTarget* const> targets, int workers) {
  std::string const task = encode(request, targets);
  guarded([&] {
    Size const settings_size = EstimateGUCStateSpace();
    shm_toc_estimator estimator;
    shm_toc_initialize_estimator(&estimator);
    shm_toc_estimate_chunk(&estimator, sizeof(SharedRun));
    shm_toc_estimate_chunk(&estimator, settings_size);
    shm_toc_estimate_chunk(&estimator, task.size());
    for (int i = 0; i < workers; ++i) shm_toc_estimate_chunk(&estimator, kQueueSize);
    shm_toc_estimate_keys(&estimator, 3 + workers);
    Size const size = shm_toc_estimate(&estimator);
    segment_ = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
    if (segment_ == nullptr) return;
    contents_ = shm_toc_create(kChannelMagic, dsm_segment_address(segment_), size);

    run_ = static_cast<SharedRun*>(shm_toc_allocate(contents_, sizeof(SharedRun)));
    run_->database = MyDatabaseId;
    run_->authenticated_user = GetAuthenticatedUserId();
    GetUserIdAndSecContext(&run_->current_user, &run_->security_context);
    run_->task_size = task.size();
    pg_atomic_init_u32(&run_->next_target, 0);
    for (auto& in_hand : run_->in_hand) pg_atomic_init_u32(&in_hand, 0);
    shm_toc_insert(contents_, kRunKey, run_);

    auto* const settings = static_cast<char*>(shm_toc_allocate(contents_, settings_size));
    SerializeGUCState(settings_size, settings);
    shm_toc_insert(contents_, kSettingsKey, settings);

    auto* const bytes = static_cast<char*>(shm_toc_allocate(contents_, task.size()));
    std::memcpy(bytes, task.data(), task.size());
    shm_toc_insert(contents_, kTaskKey, bytes);
  });
}

void WorkerPool::start_workers(int wanted) {
  workers_.reserve(wanted);
  guarded([&] {
    // The segment is detached before this context goes, also when the transaction is aborted.
    MemoryContext const outer = MemoryContextSwitchTo(TopTransactionContext);
    auto* const handles = static_cast<Handles*>(palloc0(sizeof(Handles)));
    on_dsm_detach(segment_, terminate_workers, PointerGetDatum(handles));
    for (int number = 0; number < wanted; ++number) {
      auto* const queue = shm_mq_create(shm_toc_allocate(contents_, kQueueSize), kQueueSize);
      shm_toc_insert(contents_, kFirstQueueKey + number, queue);
      shm_mq_set_receiver(queue, MyProc);
      BackgroundWorker description = describe_worker(segment_, number);
      BackgroundWorkerHandle* handle = nullptr;
      if (!RegisterDynamicBackgroundWorker(&description, &handle)) break;
      handles->handle[handles->count++] = handle;
      workers_.push_back({handle, shm_mq_attach(queue, segment_, handle), false, {}});
    }
    MemoryContextSwitchTo(outer);
  });
}

void WorkerPool::handle_message(Worker& worker, std::string_view message, const Report& report) {
  if (message.empty()) return;
  std::string_view const body = message.substr(1);
  switch (message.front()) {
    case kOutcomeMessage: {
      OutcomeMessage done = decode_outcome(body);
      if (done.index >= targets_.size() || reported_[done.index]) return;
      reported_[done.index] = true;
      last_commit_ = std::max(last_commit_, done.last_commit);
      report(done.index, std::move(done.outcome));
      return;
    }
    case 'E':
    case 'N': {
      bool const is_error = message.front() == 'E';
      guarded([&] {
        StringInfoData buffer;
        initStringInfo(&buffer);
        appendBinaryStringInfo(&buffer, body.data(), static_cast<int>(body.size()));
        ErrorData error;
        pq_parse_errornotice(&buffer, &error);
        // Passed on as what it is; but an error ends the worker only.
        if (is_error) {
          worker.last_error = error.message;
        } else {
          ThrowErrorData(&error);
        }
      });
      return;
    }
    default:
      return;
  }
}

bool WorkerPool::drain(Worker& worker, const Report& report) {
  bool any = false;
  while (!worker.ended) {
    Size size = 0;
    void* data = nullptr;
    shm_mq_result const result = guarded([&] { return shm_mq_receive(worker.queue, &size, &data, true); });
    if (result == SHM_MQ_WOULD_BLOCK) return any;
    any = true;
    if (result == SHM_MQ_DETACHED) {
      worker.ended = true;
    } else {
      handle_message(worker, {static_cast<const char*>(data), size}, report);
    }
  }
  return any;
}

void WorkerPool::bury(std::size_t number, const Report& report) {
  // The worker has told of every target that it finished, so what it has in hand it did not finish.
  std::uint32_t const in_hand = pg_atomic_read_u32(&run_->in_hand[number]);
  if (in_hand == 0 || reported_[in_hand - 1]) return;
  reported_[in_hand - 1] = true;
  const std::string& reason = workers_[number].last_error;
  report(in_hand - 1, failure(PgError(ERRCODE_SYSTEM_ERROR,
                                      targets_[in_hand - 1]->target.label() + ": the worker that migrated it ended: " +
                                          (reason.empty() ? "no reason is known" : reason),
                                      {},
                                      "The target is untouched, or done if the end came behind its commit: "
                                      "tenancy.status() knows. Migrate again.")));
}

void WorkerPool::run(const Report& report) {
  std::size_t running = workers_.size();
  while (running > 0) {
    bool any = false;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = workers_[i];
      if (worker.ended) continue;
      any = drain(worker, report) || any;
      if (!worker.ended) continue;
      bury(i, report);
      --running;
    }
    guarded([&] {
      if (!any) {
        InvalidateCatalogSnapshot();
        WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, 0, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
      }
      CHECK_FOR_INTERRUPTS();
    });
  }
  std::string reason;
  for (const Worker& worker : workers_) {
    if (!worker.last_error.empty()) reason = ": " + worker.last_error;
  }
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (reported_[i]) continue;
    report(i,
           failure(PgError(ERRCODE_SYSTEM_ERROR, targets_[i]->target.label() + ": no worker was left for it" + reason,
                           {}, "It is untouched. Migrate again.")));
  }
}

void WorkerPool::end_workers() noexcept {
  if (segment_ == nullptr) return;
  // Only a broken server can fail here, and a destructor has nobody to tell.
  try {
    guarded([this] {
      HOLD_INTERRUPTS();
      for (const Worker& worker : workers_) {
        if (!worker.ended) TerminateBackgroundWorker(worker.handle);
      }
      for (const Worker& worker : workers_) WaitForBackgroundWorkerShutdown(worker.handle);
      dsm_detach(segment_);
      RESUME_INTERRUPTS();
    });
  } catch (...) {
  }
  segment_ = nullptr;
}

}  // namespace tenancy
