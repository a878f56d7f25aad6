#include "extension/parallel_executor.h"

#include "extension/session_executor.h"

namespace tenancy {

ParallelExecutor::ParallelExecutor(Task task, const std::vector<std::size_t>& pending, int workers,
                                   const RunOpening& opening, bool committing)
    : task_(std::move(task)), committing_(committing) {
  auto const is_elsewhere = [&](std::size_t i) { return !(*task_.targets)[i].target.database.empty(); };
  int const elsewhere = static_cast<int>(std::count_if(pending.begin(), pending.end(), is_elsewhere));
  int const here = static_cast<int>(pending.size()) - elsewhere;
  // One is always here: it records the run.
  int at_home = std::clamp(here, 1, workers);
  if (elsewhere > 0 && at_home > 1)
    at_home = std::max(1, std::min(at_home, workers - std::min(elsewhere, workers / 2)));
  visits_ =
      std::make_unique<DatabaseVisits>(task_, std::max(1, workers - at_home), bundle_for_databases(*task_.targets));
  WorkerPlace const place{MyDatabaseId, opening.encode(), {}};
  home_ = std::make_unique<WorkerPool>(task_, place, at_home);
}

ParallelExecutor::~ParallelExecutor() = default;

void ParallelExecutor::commit() {
  if (!committing_) return;
  commit_without_waiting();
  last_commit_ = XactLastCommitEnd;
}

void ParallelExecutor::open(const RunOpening&) {
  commit();
  if (home_->open()) return;
  std::string const why = home_->last_error();
  throw PgError(ERRCODE_SYSTEM_ERROR,
                "the background workers ended before they could record the run" + (why.empty() ? "" : ": " + why), {},
                "No target was changed. The server's log says more.");
}

void ParallelExecutor::close(const RunClosing& closing) {
  if (home_->close(closing, unrecorded_)) return;
  for (const OutcomeMessage& one : unrecorded_) record_outcome(task_.run, one.index, one.outcome);
  closing.execute();
  commit();
}

void ParallelExecutor::flush() {
  last_commit_ = std::max({last_commit_, home_->last_commit(), visits_->last_commit()});
  flush_commits(last_commit_);
}

void ParallelExecutor::submit(std::span<const WorkItem> items) {
  std::vector<WorkItem> here, elsewhere;
  for (const WorkItem& item : items) {
    bool const is_here = (*task_.targets)[item.index].target.database.empty();
    (is_here ? here : elsewhere).push_back(item);
  }
  if (!here.empty()) home_->submit(here);
  visits_->submit(elsewhere);
}

std::vector<WorkItem> ParallelExecutor::withdraw() {
  std::vector<WorkItem> items = home_->withdraw();
  std::vector<WorkItem> const elsewhere = visits_->withdraw();
  items.insert(items.end(), elsewhere.begin(), elsewhere.end());
  return items;
}

void ParallelExecutor::report_recorded(std::size_t index, Outcome outcome, const Report& report) {
  // Who died has recorded nothing, and who works in another database cannot.
  std::uint32_t const ordinal = (*task_.targets)[index].ordinal;
  if (!outcome.recorded && committing_) {
    record_outcome(task_.run, ordinal, outcome);
    commit();
  } else if (!outcome.recorded) {
    unrecorded_.push_back({ordinal, outcome});
  }
  report(index, std::move(outcome));
}

bool ParallelExecutor::collect(const Report& report) {
  auto const recorded = [&](std::size_t i, Outcome outcome) { report_recorded(i, std::move(outcome), report); };
  bool const any = home_->collect(recorded);
  return visits_->collect(recorded) || any;
}

void ParallelExecutor::wait(std::chrono::milliseconds most, const Report& report) {
  if (collect(report)) return;
  wait_for_latch(most);
  collect(report);
}

std::string ParallelExecutor::requested_state() {
  std::string state = recorded_run_state(task_.run).value_or("running");
  commit();
  return state;
}

}  // namespace tenancy
