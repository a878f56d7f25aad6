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

/// Notices go on to the client as what they are. An error ends the worker only: it is returned.
std::optional<PgError> pass_on(std::string_view body, bool is_error) {
  ErrorData error;
  guarded([&] {
    StringInfoData buffer;
    initStringInfo(&buffer);
    appendBinaryStringInfo(&buffer, body.data(), static_cast<int>(body.size()));
    pq_parse_errornotice(&buffer, &error);
    if (!is_error) ThrowErrorData(&error);
  });
  if (!is_error) return std::nullopt;
  auto const text = [](const char* part) { return std::string(part == nullptr ? "" : part); };
  return PgError(error.sqlerrcode, text(error.message), text(error.detail), text(error.hint));
}

PgError ended_early(const Target& target, const std::optional<PgError>& reason) {
  return {reason ? reason->sqlerrcode() : ERRCODE_SYSTEM_ERROR,
          target.label() +
              ": the worker that migrated it ended: " + (reason ? reason->report().message : "no reason is known"),
          {},
          "The target is untouched, or done if the end came behind its commit: tenancy.status() knows. Migrate again."};
}

}  // namespace

WorkerPool::WorkerPool(const Task& task, const WorkerPlace& place, int wanted)
    : memory_(TopMemoryContext, "tenancy workers"), targets_(task.targets), awaited_(task.targets->size()) {
  wanted = std::min({wanted, kMaxWorkers, static_cast<int>(task.targets->size())});
  if (wanted <= 0) return;
  try {
    create_segment(task, place, wanted);
    if (segment_ != nullptr) start_workers(wanted);
  } catch (...) {
    end_workers();
    throw;
  }
  running_ = workers_.size();
}

WorkerPool::~WorkerPool() { end_workers(); }

void WorkerPool::create_segment(const Task& task, const WorkerPlace& place, int workers) {
  std::string const task_bytes = encode(task);
  std::size_t const capacity = task.targets->size() + 2;
  guarded([&] {
    Size const settings_size = EstimateGUCStateSpace();
    shm_toc_estimator estimator;
    shm_toc_initialize_estimator(&estimator);
    shm_toc_estimate_chunk(&estimator, sizeof(SharedRun));
    shm_toc_estimate_chunk(&estimator, settings_size);
    shm_toc_estimate_chunk(&estimator, task_bytes.size());
    shm_toc_estimate_chunk(&estimator, place.opening.size());
    shm_toc_estimate_chunk(&estimator, place.bundle.size());
    shm_toc_estimate_chunk(&estimator, capacity * sizeof(WorkItem));
    for (int i = 0; i < workers; ++i) shm_toc_estimate_chunk(&estimator, kQueueSize);
    shm_toc_estimate_keys(&estimator, 6 + workers);
    Size const size = shm_toc_estimate(&estimator);
    segment_ = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
    if (segment_ == nullptr) return;
    dsm_pin_mapping(segment_);  // the leader may commit while workers work
    contents_ = shm_toc_create(kChannelMagic, dsm_segment_address(segment_), size);

    run_ = static_cast<SharedRun*>(shm_toc_allocate(contents_, sizeof(SharedRun)));
    std::memset(static_cast<void*>(run_), 0, sizeof *run_);
    run_->database = place.database;
    run_->authenticated_user = GetAuthenticatedUserId();
    GetUserIdAndSecContext(&run_->current_user, &run_->security_context);
    run_->task_size = task_bytes.size();
    run_->opening_size = place.opening.size();
    run_->bundle_size = place.bundle.size();
    run_->capacity = capacity;
    pg_atomic_init_u64(&run_->ends, 0);
    pg_atomic_init_u32(&run_->closed, 0);
    ConditionVariableInit(&run_->changed);
    for (auto& in_hand : run_->in_hand) pg_atomic_init_u32(&in_hand, 0);
    shm_toc_insert(contents_, kRunKey, run_);

    auto* const settings = static_cast<char*>(shm_toc_allocate(contents_, settings_size));
    SerializeGUCState(settings_size, settings);
    shm_toc_insert(contents_, kSettingsKey, settings);

    auto const insert_bytes = [&](std::uint64_t key, const std::string& bytes) {
      auto* const memory = static_cast<char*>(shm_toc_allocate(contents_, bytes.size()));
      std::memcpy(memory, bytes.data(), bytes.size());
      shm_toc_insert(contents_, key, memory);
    };
    insert_bytes(kTaskKey, task_bytes);
    insert_bytes(kOpeningKey, place.opening);
    insert_bytes(kBundleKey, place.bundle);
    auto* const items = static_cast<WorkItem*>(shm_toc_allocate(contents_, capacity * sizeof(WorkItem)));
    shm_toc_insert(contents_, kItemsKey, items);
    ring_ = WorkRing(run_, items);
  });
}

void WorkerPool::start_workers(int wanted) {
  workers_.reserve(wanted);
  guarded([&] {
    MemoryContext const outer = MemoryContextSwitchTo(memory_.get());
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
      workers_.push_back({handle, shm_mq_attach(queue, segment_, handle), false, std::nullopt});
    }
    MemoryContextSwitchTo(outer);
  });
}

void WorkerPool::submit(std::span<const WorkItem> items) {
  for (const WorkItem& item : items) awaited_[item.index] = true;
  ring_.add(items);
}

void WorkerPool::submit_record(std::uint32_t index) {
  recorded_.reset();
  recorder_died_ = false;
  WorkItem item;
  item.index = index;
  ring_.add({&item, 1});
}

bool WorkerPool::wait_for_record() {
  auto const nothing = [](std::size_t, const Outcome&) {};
  while (!recorded_ && !recorder_died_ && running_ > 0) {
    if (!collect(nothing) && !recorded_ && !recorder_died_) wait_for_latch(std::chrono::seconds(1));
  }
  if (recorded_ && !recorded_->success) throw to_error(*recorded_);
  return recorded_.has_value();
}

bool WorkerPool::open() {
  submit_record(kOpenRun);
  return wait_for_record();
}

bool WorkerPool::close(const RunClosing& closing, std::span<const OutcomeMessage> records) {
  std::string const bytes = records.empty() ? std::string() : encode_records(records);
  dsm_segment* segment = nullptr;
  guarded([&] {
    if (!bytes.empty()) {
      // The resource owner detaches it when an error passes.
      segment = dsm_create(bytes.size(), 0);
      std::memcpy(dsm_segment_address(segment), bytes.data(), bytes.size());
      run_->records = dsm_segment_handle(segment);
      run_->records_size = bytes.size();
    }

    auto const clip = [](char* place, std::size_t size, const std::string& text) {
      int const length = pg_mbcliplen(text.data(), static_cast<int>(text.size()), static_cast<int>(size) - 1);
      strlcpy(place, text.c_str(), length + 1);
    };
    clip(run_->closing_state, sizeof run_->closing_state, closing.state);
    clip(run_->closing_reason, sizeof run_->closing_reason, closing.reason);
  });
  submit_record(kCloseRun);
  finish();  // the others end meanwhile
  bool const recorded = wait_for_record();
  if (segment != nullptr) guarded([=] { dsm_detach(segment); });
  closed_ = true;
  return recorded;
}

void WorkerPool::finish() { ring_.close(); }

std::string WorkerPool::last_error() const {
  std::string reason;
  for (const Worker& worker : workers_) {
    if (worker.last_error) reason = worker.last_error->report().message;
  }
  return reason;
}

void WorkerPool::handle_message(Worker& worker, std::string_view message, const Report& report) {
  if (message.empty()) return;
  std::string_view const body = message.substr(1);
  switch (message.front()) {
    case kOutcomeMessage: {
      OutcomeMessage done = decode_outcome(body);
      last_commit_ = std::max(last_commit_, done.last_commit);
      if (done.index == kOpenRun || done.index == kCloseRun) {
        recorded_ = std::move(done.outcome);
      } else if (done.index < awaited_.size() && awaited_[done.index]) {
        awaited_[done.index] = false;
        report(done.index, std::move(done.outcome));
      }
      return;
    }
    case 'E':
    case 'N':
      if (auto error = pass_on(body, message.front() == 'E')) worker.last_error = std::move(*error);
      return;
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
  // The worker has told of every item that it finished, so what it has in hand it did not finish.
  std::uint32_t const in_hand = pg_atomic_read_u32(&run_->in_hand[number]);
  if (in_hand == 0) return;
  std::uint32_t const index = in_hand - 1;
  if (index == kOpenRun || index == kCloseRun) {
    recorder_died_ = true;
  } else if (awaited_[index]) {
    awaited_[index] = false;
    report(index, failure(ended_early((*targets_)[index].target, workers_[number].last_error)));
  }
}

void WorkerPool::report_orphan(std::size_t index, PgError error, const Report& report) {
  awaited_[index] = false;
  error.prefix((*targets_)[index].target.label());
  report(index, failure(error));
}

void WorkerPool::report_orphans(const Report& report) {
  std::optional<PgError> reason;
  for (const Worker& worker : workers_) {
    if (worker.last_error) reason = worker.last_error;
  }
  PgError const none_left(ERRCODE_SYSTEM_ERROR, "no worker was left for it", {}, "It is untouched. Migrate again.");
  for (const WorkItem& item : withdraw()) report_orphan(item.index, reason.value_or(none_left), report);
  // Somebody took these, and ended before the leader heard of it.
  PgError const unknown(ERRCODE_SYSTEM_ERROR, "the worker that migrated it ended", {},
                        "It is done or untouched: tenancy.status() knows. Migrate again.");
  for (std::size_t i = 0; i < awaited_.size(); ++i) {
    if (awaited_[i]) report_orphan(i, unknown, report);
  }
}

std::vector<WorkItem> WorkerPool::withdraw() {
  std::vector<WorkItem> items = ring_.withdraw();
  std::erase_if(items, [this](const WorkItem& item) { return item.index >= awaited_.size(); });
  for (const WorkItem& item : items) awaited_[item.index] = false;
  return items;
}

bool WorkerPool::collect(const Report& report) {
  bool any = false;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    if (worker.ended) continue;
    any = drain(worker, report) || any;
    if (!worker.ended) continue;
    bury(i, report);
    --running_;
  }
  if (running_ == 0) report_orphans(report);
  return any;
}

void WorkerPool::end_workers() noexcept {
  if (segment_ == nullptr) return;
  // Behind the end of the run they end by themselves. Only a broken server can fail here, and a destructor has nobody
  // to tell.
  try {
    guarded([this] {
      HOLD_INTERRUPTS();
      for (const Worker& worker : workers_) {
        if (!worker.ended && !closed_) TerminateBackgroundWorker(worker.handle);
      }
      // Who has still something to say, and no room for it in its queue, would wait for us.
      for (const Worker& worker : workers_) shm_mq_detach(worker.queue);
      for (const Worker& worker : workers_) WaitForBackgroundWorkerShutdown(worker.handle);
      dsm_detach(segment_);
      RESUME_INTERRUPTS();
    });
  } catch (...) {
  }
  segment_ = nullptr;
}

}  // namespace tenancy
