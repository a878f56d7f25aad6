#include "extension/database_status.h"

namespace tenancy {

namespace {

bool is_target_of(const FleetTarget& target, const Tenant& tenant) {
  const Target& place = target.target;
  return place.kind != core::TargetKind::shared && place.database == tenant.database && place.schema == tenant.schema &&
         place.set == tenant.migration_set;
}

std::string place_of(const Target& target) { return "in database \"" + target.database + "\""; }

}  // namespace

DatabaseStatus::DatabaseStatus(Migrator& migrator, std::vector<FleetTarget> targets)
    : migrator_(migrator), targets_(std::move(targets)), seen_(targets_.size()) {
  if (targets_.empty()) return;
  int const workers = migrator.settings().concurrency;
  if (!may_reach_databases()) {
    leave_all("this role may not call tenancy.reachable_databases()");
  } else if (workers == 0) {
    leave_all("only a background worker reaches it, and tenancy.concurrency is 0");
  } else if (InSecurityRestrictedOperation()) {
    leave_all("a security-restricted operation starts no background worker");
  } else {
    std::vector<WorkItem> items;
    for (std::uint32_t i = 0; i < targets_.size(); ++i) items.push_back({i, Stage::look});
    visits_.emplace(Task{{}, 0, &targets_}, workers, bundle_for_databases(targets_));
    visits_->submit(items);
    (void)visits_->collect([this](std::size_t i, Outcome outcome) { see(i, std::move(outcome)); });
  }
}

void DatabaseStatus::leave_all(const std::string& why) {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const Target& target = targets_[i].target;
    seen_[i] = unread_status(migrator_, target, "elsewhere", place_of(target) + ": " + why);
  }
}

void DatabaseStatus::see(std::size_t index, Outcome outcome) {
  const Target& target = targets_[index].target;
  if (outcome.success) {
    seen_[index] = std::move(outcome.seen.value());
    return;
  }
  int const reason = to_error(outcome).sqlerrcode();
  const char* const state = reason == ERRCODE_UNDEFINED_DATABASE       ? "missing"
                            : reason == ERRCODE_INSUFFICIENT_RESOURCES ? "elsewhere"
                                                                       : "unreachable";
  std::string const label = target.label() + ": ";
  if (outcome.error.starts_with(label)) outcome.error.erase(0, label.size());
  seen_[index] = unread_status(migrator_, target, state, place_of(target) + ": " + outcome.error);
}

void DatabaseStatus::wait() {
  auto const report = [this](std::size_t i, Outcome outcome) { see(i, std::move(outcome)); };
  while (visits_ && !visits_->is_done()) {
    if (!visits_->collect(report)) wait_for_latch(std::chrono::seconds(1));
  }
  visits_.reset();
}

const TargetStatus& DatabaseStatus::of(const Tenant& tenant, const Shared& shared) {
  wait();
  // Both are in the same order.
  for (; !is_target_of(targets_.at(next_), tenant); ++next_) {
    if (targets_[next_].target.kind == core::TargetKind::shared) shared(targets_[next_].target, seen_[next_]);
  }
  return seen_[next_];
}

}  // namespace tenancy
