// Who carries targets out: background workers, or this session alone.
#pragma once

#include "extension/run_log.h"

namespace tenancy {

/// What is done with a target at a time: its steps in one transaction, or those that run outside of one; or nothing but
/// a look at where it stands.
enum class Stage : std::uint32_t { inside, outside, look };

struct WorkItem {
  std::uint32_t index = 0;  ///< of the target
  Stage stage = Stage::inside;
  std::uint32_t attempt = 1;
  std::chrono::microseconds::rep waited = 0;  ///< between the attempts before
};

/// What is carried out.
struct Task {
  Request request;
  std::int64_t run = 0;                               ///< 0: a look at the targets, which no run records
  const std::vector<FleetTarget>* targets = nullptr;  ///< must outlive the executor
};

/// All members throw PgError for what ends the run; how a target fails is its outcome.
class Executor {
 public:
  using Report = std::function<void(std::size_t index, Outcome outcome)>;

  virtual ~Executor() = default;
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Record the run's beginning and end.
  virtual void open(const RunOpening& opening) = 0;
  virtual void close(const RunClosing& closing) = 0;

  /// Adds to the queue.
  virtual void submit(std::span<const WorkItem> items) = 0;

  /// Waits for outcomes, for `most` at most, and reports those that came.
  virtual void wait(std::chrono::milliseconds most, const Report& report) = 0;

  /// Takes back what nobody has begun.
  virtual std::vector<WorkItem> withdraw() = 0;

  /// What another session has made of the run: its recorded state.
  virtual std::string requested_state() = 0;

  /// Makes everything that was reported safe against a crash.
  virtual void flush() = 0;
};

/// The request for one target of a run.
[[nodiscard]] Request request_for(const Request& request, const FleetTarget& target);

/// The outcome of an attempt that failed: with another attempt to come where that may help.
[[nodiscard]] Outcome failed_attempt(const PgError& error, const WorkItem& item, const core::RetryPolicy& policy);

/// Sleeps until this session's latch is set or the time is over. Throws PgError when the session is cancelled.
void wait_for_latch(std::chrono::milliseconds most);

/// Workers connect to other databases without asking pg_hba.conf: may the current user make them do so?
[[nodiscard]] bool may_reach_databases();
/// Throws PgError when not.
void require_reach_of_databases();

/// This transaction's commit will not wait for the disk. In a guarded frame.
void do_not_wait_at_commit();

/// What was committed up to there is on disk, and on the synchronous standbys, when this returns.
void flush_commits(XLogRecPtr last_commit);

}  // namespace tenancy
