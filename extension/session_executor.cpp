#include "extension/session_executor.h"

namespace tenancy {

void commit_without_waiting() {
  bool const asynchronous = current_settings().asynchronous_commit;
  guarded([=] {
    if (asynchronous) do_not_wait_at_commit();
    SPI_commit();
    // The next transaction is another one of the run: it must see what workers and other sessions commit.
    XactIsoLevel = XACT_READ_COMMITTED;
  });
}

SessionExecutor::SessionExecutor(Task task, Migrator& migrator, Mode mode)
    : task_(std::move(task)),
      migrator_(migrator),
      mode_(mode),
      target_context_(CurrentMemoryContext, "tenancy target") {}

void SessionExecutor::commit() {
  commit_without_waiting();
  last_commit_ = XactLastCommitEnd;
}

void SessionExecutor::open(const RunOpening& opening) {
  opening.execute();
  if (mode_ == Mode::committing) commit();
}

void SessionExecutor::close(const RunClosing& closing) {
  closing.execute();
  if (mode_ == Mode::committing) commit();
}

void SessionExecutor::submit(std::span<const WorkItem> items) {
  queue_.insert(queue_.end(), items.begin(), items.end());
  if (mode_ == Mode::in_transaction && items.size() > 1) budget_.emplace(items.size());
}

Outcome SessionExecutor::attempt(const WorkItem& item, const FleetTarget& target) {
  TimestampTz const begin = GetCurrentTimestamp();
  auto const complete = [&](Outcome outcome) {
    outcome.attempts = static_cast<int>(item.attempt);
    outcome.waited = std::chrono::microseconds(item.waited);
    outcome.duration = std::chrono::microseconds(GetCurrentTimestamp() - begin);
    return outcome;
  };
  Subtransaction subtransaction;
  try {
    if (!target.target.database.empty()) {
      throw PgError(ERRCODE_FEATURE_NOT_SUPPORTED,
                    target.target.label() + ": only a background worker reaches another database", {},
                    "Migrate outside of a transaction, with a concurrency of 1 or more.");
    }
    guarded([] { PushActiveSnapshot(GetTransactionSnapshot()); });  // the one that a portal would have
    Outcome const outcome = complete(success(migrator_.migrate(target.target, request_for(task_.request, target))));
    record_outcome(task_.run, target.ordinal, outcome);
    guarded([] { PopActiveSnapshot(); });
    subtransaction.commit();
    return outcome;
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (error.stops_the_run()) throw;
    Outcome const outcome = complete(failed_attempt(error, item, migrator_.settings().retry));
    record_outcome(task_.run, target.ordinal, outcome);
    return outcome;
  }
}

Outcome SessionExecutor::work_on(const WorkItem& item) {
  const FleetTarget& target = (*task_.targets)[item.index];
  Outcome outcome = attempt(item, target);
  if (mode_ == Mode::in_transaction) return outcome;
  try {
    commit();
  } catch (PgError& error) {
    // The transaction is rolled back, and the next one has begun.
    if (error.stops_the_run()) throw;
    error.prefix(target.target.label() + ": at commit");
    Outcome failed = failed_attempt(error, item, migrator_.settings().retry);
    failed.attempts = outcome.attempts;
    failed.waited = outcome.waited;
    failed.duration = outcome.duration;
    record_outcome(task_.run, target.ordinal, failed);
    commit();
    return failed;
  }
  return outcome;
}

void SessionExecutor::wait(std::chrono::milliseconds most, const Report& report) {
  if (queue_.empty()) {
    wait_for_latch(most);
    return;
  }
  WorkItem const item = queue_.front();
  queue_.pop_front();
  TemporaryContext const memory(target_context_.get());
  Outcome outcome = work_on(item);
  if (budget_) budget_->target_done();
  trimmer_.target_done();
  report(item.index, std::move(outcome));
}

std::vector<WorkItem> SessionExecutor::withdraw() {
  std::vector<WorkItem> items(queue_.begin(), queue_.end());
  queue_.clear();
  return items;
}

std::string SessionExecutor::requested_state() {
  // In the caller's transaction nobody else sees the run.
  if (mode_ == Mode::in_transaction) return "running";
  return recorded_run_state(task_.run).value_or("running");
}

}  // namespace tenancy
