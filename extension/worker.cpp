// A background worker of a parallel run: see worker_channel.h for what it shares with its leader.
#include "extension/worker_channel.h"

namespace tenancy {

namespace {

class Worker {
 public:
  Worker(SharedRun* run, int number, std::string_view task) : run_(run), number_(number) {
    decode(task, request_, targets_);
  }

  void work() {
    ScopedContext const memory(TopMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    for (;;) {
      std::uint32_t const index = pg_atomic_fetch_add_u32(&run_->next_target, 1);
      if (index >= targets_.size()) break;
      pg_atomic_write_u32(&run_->in_hand[number_], index + 1);
      send(kOutcomeMessage, encode({index, migrate(migrator, targets_[index]), XactLastCommitEnd}));
      pg_atomic_write_u32(&run_->in_hand[number_], 0);
    }
  }

 private:
  /// What can run in a transaction in one, the rest in its own ones.
  TargetResult migrate_by_turns(Migrator& migrator, const Target& target) {
    TargetResult all;
    for (bool first = true;; first = false) {
      if (!first) begin(target);
      TargetResult const inside = migrator.migrate(target, request_);
      commit(target);
      add(all, inside, first);
      if (!inside.more) return all;
      MemoryContextSwitchTo(context_);
      TargetResult const outside = migrator.migrate_outside(target, request_, [](const StepResult&) {});
      add(all, outside, false);
      if (!outside.more) return all;
    }
  }

  static void add(TargetResult& all, const TargetResult& part, bool first) {
    if (first) all.from = part.from;
    all.to = part.to;
    all.steps.insert(all.steps.end(), part.steps.begin(), part.steps.end());
  }

  Outcome migrate(Migrator& migrator, const Target& target) {
    begin(target);
    trimmer_.target_done();
    TimestampTz const start = GetCurrentTimestamp();
    Outcome outcome;
    try {
      outcome = success(migrate_by_turns(migrator, target));
    } catch (const PgError& error) {
      guarded([] { AbortCurrentTransaction(); });
      // Somebody who cancels a worker's statement means its target.
      if (error.stops_the_run() && error.sqlerrcode() != ERRCODE_QUERY_CANCELED) throw;
      outcome = failure(error);
    }
    outcome.duration = std::chrono::microseconds(GetCurrentTimestamp() - start);
    guarded([] {
      pgstat_report_stat(false);
      pgstat_report_activity(STATE_IDLE, nullptr);
    });
    return outcome;
  }

  static void begin(const Target& target) {
    std::string const activity = "tenancy: migrating " + target.label();
    guarded([&] {
      SetCurrentStatementStartTimestamp();
      StartTransactionCommand();
      PushActiveSnapshot(GetTransactionSnapshot());  // the one that a portal would have
      pgstat_report_activity(STATE_RUNNING, activity.c_str());
    });
  }

  /// The leader waits for the disk, once for all targets.
  static void commit(const Target& target) {
    try {
      guarded([] {
        PopActiveSnapshot();
        set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
        CommitTransactionCommand();
      });
    } catch (PgError& error) {
      error.prefix(target.label() + ": at commit");
      throw;
    }
  }

  static void send(char tag, const std::string& body) {
    guarded([&] {
      StringInfoData message;
      pq_beginmessage(&message, tag);
      pq_sendbytes(&message, body.data(), static_cast<int>(body.size()));
      pq_endmessage(&message);
    });
  }

  SharedRun* run_;
  int number_;
  MemoryContext context_ = CurrentMemoryContext;
  Request request_;
  CacheTrimmer trimmer_;
  std::vector<Target> targets_;
};

/// Becomes the leader's user, with the leader's settings.
void take_over_session(const SharedRun* run, void* settings) {
  BackgroundWorkerInitializeConnectionByOid(run->database, run->authenticated_user, 0);
  SetClientEncoding(GetDatabaseEncoding());
  StartTransactionCommand();
  RestoreGUCState(settings);
  CommitTransactionCommand();
  SetUserIdAndSecContext(run->current_user, run->security_context);
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
  int number = 0;
  std::memcpy(&number, MyBgworkerEntry->bgw_extra, sizeof number);
  shm_toc* const contents = shm_toc_attach(kChannelMagic, dsm_segment_address(segment));
  auto* const queue = static_cast<shm_mq*>(shm_toc_lookup(contents, kFirstQueueKey + number, false));
  shm_mq_set_sender(queue, MyProc);
  // From here on the leader reads our errors.
  pq_redirect_to_shm_mq(segment, shm_mq_attach(queue, segment, nullptr));

  auto* const run = static_cast<SharedRun*>(shm_toc_lookup(contents, kRunKey, false));
  take_over_session(run, shm_toc_lookup(contents, kSettingsKey, false));
  auto* const task = static_cast<const char*>(shm_toc_lookup(contents, kTaskKey, false));
  sql_entry([=] {
    Worker(run, number, {task, run->task_size}).work();
    return Datum(0);
  });
}
