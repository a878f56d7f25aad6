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
  most_visits_ = std::max(1, workers - at_home);
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
  if (home_->close(closing)) return;
  closing.execute();
  commit();
}

void ParallelExecutor::flush() {
  last_commit_ = std::max(last_commit_, home_->last_commit());
  flush_commits(last_commit_);
}

void ParallelExecutor::submit(std::span<const WorkItem> items) {
  std::vector<WorkItem> here;
  std::unordered_map<std::string, std::size_t> places;  // in waiting_
  for (const WorkItem& item : items) {
    const std::string& database = (*task_.targets)[item.index].target.database;
    if (database.empty()) {
      here.push_back(item);
      continue;
    }
    auto const [place, is_new] = places.emplace(database, waiting_.size());
    if (is_new) waiting_.push_back({database, {}});
    waiting_[place->second].items.push_back(item);
  }
  if (!here.empty()) home_->submit(here);
}

std::vector<WorkItem> ParallelExecutor::withdraw() {
  std::vector<WorkItem> items = home_->withdraw();
  for (const Waiting& waiting : waiting_) items.insert(items.end(), waiting.items.begin(), waiting.items.end());
  waiting_.clear();
  for (const std::unique_ptr<Visit>& visit : visits_) {
    for (WorkItem item : visit->pool->withdraw()) {
      item.index = visit->indexes[item.index];
      items.push_back(item);
    }
  }
  return items;
}

const std::string& ParallelExecutor::bundle() {
  if (!bundle_.empty()) return bundle_;
  std::vector<std::string> sets;
  for (const FleetTarget& target : *task_.targets) {
    if (target.target.database.empty()) continue;
    if (std::find(sets.begin(), sets.end(), target.target.set) == sets.end()) sets.push_back(target.target.set);
  }
  bundle_ = Store::bundle(sets).encode();
  commit();
  return bundle_;
}

std::unique_ptr<ParallelExecutor::Visit> ParallelExecutor::start_visit(const Waiting& waiting, const Report& report) {
  Oid const database = guarded([&] { return get_database_oid(waiting.database.c_str(), true); });
  if (!OidIsValid(database)) {
    fail(waiting,
         PgError(ERRCODE_UNDEFINED_DATABASE, "the database does not exist", {},
                 "Restore it, correct tenancy.tenants, or call tenancy.deregister_tenant()."),
         report);
    return nullptr;
  }
  auto visit = std::make_unique<Visit>();
  std::vector<WorkItem> items;
  for (WorkItem item : waiting.items) {
    visit->targets.push_back((*task_.targets)[item.index]);
    visit->indexes.push_back(item.index);
    item.index = static_cast<std::uint32_t>(items.size());
    items.push_back(item);
  }
  visit->task = {task_.request, task_.run, &visit->targets};
  visit->pool = std::make_unique<WorkerPool>(visit->task, WorkerPlace{database, {}, bundle()}, 1);
  if (visit->pool->started() == 0) {
    fail(waiting,
         PgError(ERRCODE_INSUFFICIENT_RESOURCES, "no background worker is free for its database", {},
                 "max_worker_processes bounds the workers of all users of the server."),
         report);
    return nullptr;
  }
  visit->pool->submit(items);
  visit->pool->finish();
  return visit;
}

void ParallelExecutor::start_visits(const Report& report) {
  while (!waiting_.empty() && visits_.size() < most_visits_) {
    Waiting const waiting = std::move(waiting_.front());
    waiting_.pop_front();
    if (auto visit = start_visit(waiting, report)) visits_.push_back(std::move(visit));
  }
}

void ParallelExecutor::fail(const Waiting& waiting, const PgError& error, const Report& report) {
  for (const WorkItem& item : waiting.items) {
    PgError own = error;
    own.prefix((*task_.targets)[item.index].target.label());
    report_recorded(item.index, failure(own), report);
  }
}

void ParallelExecutor::report_recorded(std::size_t index, Outcome outcome, const Report& report) {
  // Who died has recorded nothing, and who works in another database cannot.
  if (!outcome.recorded) {
    record_outcome(task_.run, (*task_.targets)[index].ordinal, outcome);
    commit();
  }
  report(index, std::move(outcome));
}

bool ParallelExecutor::collect_visits(const Report& report) {
  bool any = false;
  for (const std::unique_ptr<Visit>& visit : visits_) {
    any = visit->pool->collect([&](std::size_t i, Outcome outcome) {
      report_recorded(visit->indexes[i], std::move(outcome), report);
    }) || any;
  }
  std::erase_if(visits_, [](const std::unique_ptr<Visit>& visit) { return visit->pool->running() == 0; });
  return any;
}

bool ParallelExecutor::collect(const Report& report) {
  bool any =
      home_->collect([&](std::size_t index, Outcome outcome) { report_recorded(index, std::move(outcome), report); });
  any = collect_visits(report) || any;
  std::size_t const before = waiting_.size();
  start_visits(report);
  return any || waiting_.size() < before;
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
