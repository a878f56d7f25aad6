// A background worker of a parallel run: see worker_channel.h for what it shares with its leader.
#include "extension/worker_channel.h"

namespace tenancy {

namespace {

class Worker {
 public:
  Worker(SharedRun* run, WorkItem* items, shm_mq_handle* queue, int number, std::string_view task,
         std::string_view opening, std::string_view bundle)
      : run_(run), ring_(run, items), queue_(queue), number_(number), task_(task), opening_(opening), bundle_(bundle) {}

  void work() {
    ScopedContext const memory(TopMemoryContext, "tenancy migrations");
    Migrator migrator =
        bundle_.empty() ? Migrator(memory.get()) : Migrator(memory.get(), MigrationBundle::decode(bundle_));
    ScopedContext const item_memory(TopMemoryContext, "tenancy item");
    WorkItem item;
    while (take(&item) && !is_alone_) {
      pg_atomic_write_u32(&run_->in_hand[number_], item.index + 1);
      TemporaryContext const memory_of_item(item_memory.get());
      bool const is_target = item.index != kOpenRun && item.index != kCloseRun;
      send({item.index, is_target ? attempt(migrator, item) : record(item.index), XactLastCommitEnd});
      pg_atomic_write_u32(&run_->in_hand[number_], 0);
    }
  }

 private:
  bool take(WorkItem* item) {
    if (guarded([&] { return ring_.try_take(item); })) return true;
    if (unflushed_) send(std::string(1, kFlushMessage), true);
    for (;;) {
      try {
        return guarded([&] { return ring_.take(item); });
      } catch (const PgError& error) {
        // A cancel that came when there was nothing to cancel.
        if (error.sqlerrcode() != ERRCODE_QUERY_CANCELED) throw;
      }
    }
  }

  /// One target, and how it ended.
  Outcome attempt(Migrator& migrator, const WorkItem& item) {
    FleetTarget const target = task_.target(item.index);
    TimestampTz const start = GetCurrentTimestamp();
    auto const complete = [&](Outcome outcome) {
      outcome.attempts = static_cast<int>(item.attempt);
      outcome.waited = std::chrono::microseconds(item.waited);
      outcome.duration = std::chrono::microseconds(GetCurrentTimestamp() - start);
      return outcome;
    };
    trimmer_.target_done();
    std::vector<std::string> recorded;
    from_.clear();
    Outcome outcome;
    try {
      outcome = item.stage == Stage::look     ? look(migrator, target)
                : item.stage == Stage::inside ? in_transaction(migrator, target, complete)
                                              : outside_transactions(migrator, target, complete, recorded);
    } catch (const PgError& error) {
      guarded([] { AbortCurrentTransaction(); });
      // Somebody who cancels a worker's statement means its target.
      if (error.stops_the_run() && error.sqlerrcode() != ERRCODE_QUERY_CANCELED) throw;
      outcome = complete(failed_attempt(error, item, migrator.settings().retry));
      outcome.from = from_;
      record_by_itself(target, outcome);
      outcome.versions = std::move(recorded);
    }
    outcome.recorded = records();
    end();
    return outcome;
  }

  Outcome look(Migrator& migrator, const FleetTarget& target) {
    begin("looking at " + target.target.label());
    Outcome outcome;
    outcome.success = true;
    outcome.seen = read_status(migrator, target.target, target.pins);
    commit(target.target);
    return outcome;
  }

  /// Shows each migration in pg_stat_activity.
  Request request_of(const FleetTarget& target) {
    Request request = request_for(task_.request, target);
    request.in_parts = true;
    request.on_begin = [this](const std::string& revision) { from_ = revision; };
    request.on_step = [this, label = target.target.label()](const std::string& version) {
      show("migrating " + label + ": migration " + version);
    };
    return request;
  }

  template <typename Complete>
  Outcome in_transaction(Migrator& migrator, const FleetTarget& target, Complete complete) {
    begin("migrating " + target.target.label());
    Outcome outcome = complete(success(migrator.migrate(target.target, request_of(target))));
    if (records()) record_outcome(task_.run, target.ordinal, outcome);
    commit(target.target);
    return outcome;
  }

  /// Each step is recorded with its tracking row, and its label added to `recorded`.
  template <typename Complete>
  Outcome outside_transactions(Migrator& migrator, const FleetTarget& target, Complete complete,
                               std::vector<std::string>& recorded) {
    show("migrating " + target.target.label());
    auto const record_step = [&](const StepResult& step) {
      Outcome part = complete({});
      part.duration = {};  // counted once, at the end
      part.success = part.more = true;
      recorded.push_back(core::version_label(target.target.set, step.set, step.version));
      part.versions = {recorded.back()};
      if (records()) record_outcome(task_.run, target.ordinal, part);
    };
    TargetResult const result = migrator.migrate_outside(target.target, request_of(target), record_step);
    Outcome outcome = complete(success(result));
    std::vector<std::string> versions = std::exchange(outcome.versions, {});
    record_by_itself(target, outcome);
    outcome.versions = std::move(versions);
    return outcome;
  }

  /// In another database than the run's the leader does it.
  [[nodiscard]] bool records() const noexcept { return bundle_.empty(); }

  void record_by_itself(const FleetTarget& target, const Outcome& outcome) {
    if (!records()) return;
    begin("recording " + target.target.label());
    record_outcome(task_.run, target.ordinal, outcome);
    commit(target.target);
  }

  /// The beginning or the end of the run.
  Outcome record(std::uint32_t index) {
    Outcome outcome;
    begin("recording the run");
    try {
      if (index == kOpenRun) {
        RunOpening::decode(opening_).execute();
      } else {
        record_others();
        RunClosing{task_.run, run_->closing_state, run_->closing_reason}.execute();
      }
      commit({});
      outcome.success = true;
    } catch (const PgError& error) {
      guarded([] { AbortCurrentTransaction(); });
      outcome = failure(error);
    }
    end();
    return outcome;
  }

  /// What the leader had from other databases.
  void record_others() const {
    if (run_->records_size == 0) return;
    dsm_segment* const segment = guarded([this] {
      dsm_segment* const records = dsm_attach(run_->records);
      if (records == nullptr) ereport(ERROR, (errmsg("the leader of the run is gone")));
      return records;
    });
    const char* const bytes = static_cast<const char*>(dsm_segment_address(segment));
    for (const OutcomeMessage& record : decode_records({bytes, run_->records_size})) {
      record_outcome(task_.run, record.index, record.outcome);
    }
    guarded([=] { dsm_detach(segment); });
  }

  void show(const std::string& what) const {
    std::string const activity =
        (task_.run == 0 ? "tenancy" : "tenancy run " + std::to_string(task_.run)) + ": " + what;
    guarded([&] { pgstat_report_activity(STATE_RUNNING, activity.c_str()); });
  }

  void begin(const std::string& what) const {
    guarded([&] {
      SetCurrentStatementStartTimestamp();
      StartTransactionCommand();
      PushActiveSnapshot(GetTransactionSnapshot());  // the one that a portal would have
      // In a SECURITY DEFINER function nobody may become the user of the session again, which is a worker's as well.
      SetUserIdAndSecContext(run_->current_user, run_->security_context);
    });
    show(what);
  }

  /// The leader waits for the disk, once for all targets.
  void commit(const Target& target) const {
    try {
      guarded([this] {
        PopActiveSnapshot();
        if (asynchronous_) do_not_wait_at_commit();
        CommitTransactionCommand();
        SetUserIdAndSecContext(run_->current_user, 0);
      });
    } catch (PgError& error) {
      if (!target.schema.empty()) error.prefix(target.label() + ": at commit");
      throw;
    }
  }

  static void end() {
    guarded([] {
      pgstat_report_stat(false);
      pgstat_report_activity(STATE_IDLE, nullptr);
    });
  }

  /// Many targets take less time than to wake the leader for each: it hears of them when they are some, or when time
  /// has passed, or when there is nothing more to do.
  void send(const OutcomeMessage& outcome) {
    constexpr TimestampTz kLongestDelay = 20'000;  // microseconds
    TimestampTz const now = GetCurrentTimestamp();
    // What may stop the run is not kept back until the next target is done.
    bool const flush = !outcome.outcome.success || now - last_flush_ >= kLongestDelay;
    send(kOutcomeMessage + encode(outcome), flush);
    if (flush) last_flush_ = now;
  }

  void send(const std::string& message, bool flush) {
    shm_mq_result const result = guarded([&] {
      // Who is told to end while half of a message is out must not send another one behind it.
      CommandDest const destination = std::exchange(whereToSendOutput, DestNone);
      shm_mq_result const sent = shm_mq_send(queue_, message.size(), message.data(), false, flush);
      whereToSendOutput = destination;
      return sent;
    });
    is_alone_ = result != SHM_MQ_SUCCESS;
    unflushed_ = !flush;
  }

  SharedRun* run_;
  WorkRing ring_;
  shm_mq_handle* queue_;
  TimestampTz last_flush_ = 0;
  bool unflushed_ = false;  ///< the leader has not been told of the last outcomes
  bool is_alone_ = false;   ///< the leader is gone
  std::string from_;        ///< where the target stood, when that is known
  int number_;
  WorkerTask task_;
  std::string_view opening_;
  std::string_view bundle_;  ///< in a database that has neither the store nor the record of the run
  bool const asynchronous_ = current_settings().asynchronous_commit;
  CacheTrimmer trimmer_;
};

/// Becomes the leader's user, with the leader's settings.
void take_over_session(const SharedRun* run, void* settings) {
  BackgroundWorkerInitializeConnectionByOid(run->database, run->authenticated_user, 0);
  StartTransactionCommand();
  RestoreGUCState(settings);
  // The leader takes our messages for text of the database, and passes them on in its client's encoding.
  if (pg_get_client_encoding() != GetDatabaseEncoding()) {
    SetConfigOption("client_encoding", GetDatabaseEncodingName(), PGC_USERSET, PGC_S_SESSION);
  }
  // A migration that has waited for a lock must see what was committed meanwhile.
  if (DefaultXactIsoLevel != XACT_READ_COMMITTED) {
    SetConfigOption("default_transaction_isolation", "read committed", PGC_USERSET, PGC_S_SESSION);
  }
  CommitTransactionCommand();
  // No transaction may begin in a security context: see Worker::begin().
  SetUserIdAndSecContext(run->current_user, 0);
}

}  // namespace

}  // namespace tenancy

#pragma GCC visibility push(default)
extern "C" void tenancy_worker_main(Datum argument);
#pragma GCC visibility pop

extern "C" void tenancy_worker_main(Datum argument) {
  using namespace tenancy;
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  CurrentMemoryContext = AllocSetContextCreate(TopMemoryContext, "tenancy worker", ALLOCSET_DEFAULT_SIZES);

  dsm_segment* const segment = dsm_attach(DatumGetUInt32(argument));
  // The leader is gone before we began.
  if (segment == nullptr) proc_exit(0);
  // Who is told to end while it waits for work is still in a list there, which must go before the segment does.
  on_dsm_detach(
      segment, [](dsm_segment*, Datum) { ConditionVariableCancelSleep(); }, Datum(0));
  int number = 0;
  std::memcpy(&number, MyBgworkerEntry->bgw_extra, sizeof number);
  shm_toc* const contents = shm_toc_attach(kChannelMagic, dsm_segment_address(segment));
  auto* const queue = static_cast<shm_mq*>(shm_toc_lookup(contents, kFirstQueueKey + number, false));
  shm_mq_set_sender(queue, MyProc);
  // From here on the leader reads our errors.
  shm_mq_handle* const handle = shm_mq_attach(queue, segment, nullptr);
  pq_redirect_to_shm_mq(segment, handle);

  auto* const run = static_cast<SharedRun*>(shm_toc_lookup(contents, kRunKey, false));
  take_over_session(run, shm_toc_lookup(contents, kSettingsKey, false));
  auto* const task = static_cast<const char*>(shm_toc_lookup(contents, kTaskKey, false));
  auto* const opening = static_cast<const char*>(shm_toc_lookup(contents, kOpeningKey, false));
  auto* const bundle = static_cast<const char*>(shm_toc_lookup(contents, kBundleKey, false));
  auto* const items = static_cast<WorkItem*>(shm_toc_lookup(contents, kItemsKey, false));
  sql_entry([=] {
    Worker(run, items, handle, number, {task, run->task_size}, {opening, run->opening_size}, {bundle, run->bundle_size})
        .work();
    return Datum(0);
  });
}
