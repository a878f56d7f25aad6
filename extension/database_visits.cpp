#include "extension/database_visits.h"

namespace tenancy {

namespace {

struct Database {
  Oid oid;
  int encoding;
};

Database find_database(const std::string& name) {
  return guarded([&] {
    Database database{get_database_oid(name.c_str(), true), 0};
    HeapTuple const row = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database.oid));
    // Dropped at this moment, when it is not there.
    if (!HeapTupleIsValid(row)) return Database{InvalidOid, 0};
    database.encoding = ((Form_pg_database)GETSTRUCT(row))->encoding;
    ReleaseSysCache(row);
    return database;
  });
}

/// Why the database cannot be visited at all.
std::optional<PgError> reason_against(const Database& database) {
  if (!OidIsValid(database.oid)) {
    return PgError(ERRCODE_UNDEFINED_DATABASE, "the database does not exist", {},
                   "Restore it, correct tenancy.tenants, or call tenancy.deregister_tenant().");
  }
  // Names, migrations and messages go to its worker and back as they are.
  int const ours = GetDatabaseEncoding();
  if (database.encoding == ours) return std::nullopt;
  auto const name = [](int encoding) { return std::string(pg_encoding_to_char(encoding)); };
  return PgError(ERRCODE_FEATURE_NOT_SUPPORTED,
                 "its database has encoding " + name(database.encoding) + ", and this one " + name(ours), {},
                 "Connect to that database, create the extension and register the tenant there.");
}

PgError no_worker_is_free() {
  return {ERRCODE_INSUFFICIENT_RESOURCES,
          "no background worker is free for its database",
          {},
          "max_worker_processes bounds the workers of all users of the server."};
}

}  // namespace

std::string bundle_for_databases(std::span<const FleetTarget> targets) {
  std::vector<std::string> sets;
  for (const FleetTarget& target : targets) {
    if (target.target.database.empty()) continue;
    if (std::find(sets.begin(), sets.end(), target.target.set) == sets.end()) sets.push_back(target.target.set);
  }
  return sets.empty() ? std::string() : Store::bundle(sets).encode();
}

void DatabaseVisits::submit(std::span<const WorkItem> items) {
  std::unordered_map<std::string, std::size_t> places;  // in waiting_
  for (const WorkItem& item : items) {
    const std::string& database = (*task_.targets)[item.index].target.database;
    auto const [place, is_new] = places.emplace(database, waiting_.size());
    if (is_new) waiting_.push_back({database, {}});
    waiting_[place->second].items.push_back(item);
  }
}

std::vector<WorkItem> DatabaseVisits::withdraw() {
  std::vector<WorkItem> items;
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

std::unique_ptr<DatabaseVisits::Visit> DatabaseVisits::start_visit(const Waiting& waiting, Oid database) {
  auto visit = std::make_unique<Visit>();
  std::vector<WorkItem> items;
  for (WorkItem item : waiting.items) {
    visit->targets.push_back((*task_.targets)[item.index]);
    visit->indexes.push_back(item.index);
    item.index = static_cast<std::uint32_t>(items.size());
    items.push_back(item);
  }
  visit->task = {task_.request, task_.run, &visit->targets};
  visit->pool = std::make_unique<WorkerPool>(visit->task, WorkerPlace{database, {}, bundle_}, 1);
  if (visit->pool->started() == 0) return nullptr;
  visit->pool->submit(items);
  visit->pool->finish();
  return visit;
}

bool DatabaseVisits::start_visits(const Report& report) {
  bool any = false;
  while (!waiting_.empty() && visits_.size() < most_) {
    Database const database = find_database(waiting_.front().database);
    std::optional<PgError> const reason = reason_against(database);
    std::unique_ptr<Visit> visit = reason ? nullptr : start_visit(waiting_.front(), database.oid);
    // The next visit that ends leaves its worker's place.
    if (!reason && !visit && !visits_.empty()) break;
    any = true;
    Waiting const waiting = std::move(waiting_.front());
    waiting_.pop_front();
    if (visit) {
      visits_.push_back(std::move(visit));
    } else {
      fail(waiting, reason.value_or(no_worker_is_free()), !reason, report);
    }
  }
  return any;
}

void DatabaseVisits::fail(const Waiting& waiting, const PgError& error, bool may_pass, const Report& report) const {
  int const most_attempts = current_settings().retry.max_attempts;
  for (const WorkItem& item : waiting.items) {
    PgError own = error;
    own.prefix((*task_.targets)[item.index].target.label());
    Outcome outcome = failure(own);
    outcome.attempts = static_cast<int>(item.attempt);
    outcome.waited = std::chrono::microseconds(item.waited);
    outcome.retry = may_pass && outcome.attempts < most_attempts;
    report(item.index, std::move(outcome));
  }
}

bool DatabaseVisits::collect_visits(const Report& report) {
  bool any = false;
  for (const std::unique_ptr<Visit>& visit : visits_) {
    auto const in_task = [&](std::size_t i, Outcome outcome) { report(visit->indexes[i], std::move(outcome)); };
    any = visit->pool->collect(in_task) || any;
    last_commit_ = std::max(last_commit_, visit->pool->last_commit());
  }
  std::erase_if(visits_, [](const std::unique_ptr<Visit>& visit) { return visit->pool->running() == 0; });
  return any;
}

bool DatabaseVisits::collect(const Report& report) {
  bool const any = collect_visits(report);
  return start_visits(report) || any;
}

}  // namespace tenancy
