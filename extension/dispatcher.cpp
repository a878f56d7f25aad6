#include "extension/dispatcher.h"

#include <unordered_set>

namespace tenancy {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// How often another session's wish to pause or abort is looked for.
constexpr milliseconds kLookInterval{500};

/// What a target has come to by what it did before and what it did now.
Outcome merge(Outcome before, Outcome now) {
  if (!before.from.empty()) now.from = before.from;
  if (now.to.empty()) now.to = before.to;
  now.versions.insert(now.versions.begin(), std::make_move_iterator(before.versions.begin()),
                      std::make_move_iterator(before.versions.end()));
  now.duration += before.duration;
  return now;
}

}  // namespace

void Dispatcher::stop(std::string state, std::string reason) {
  if (is_stopped()) return;
  state_ = std::move(state);
  reason_ = std::move(reason);
  outstanding_ -= executor_.withdraw().size() + delayed_.size() + held_.size();
  for (const auto& [place, items] : behind_) outstanding_ -= items.size();
  delayed_.clear();
  held_.clear();
  behind_.clear();
}

void Dispatcher::pause() {
  paused_ = true;
  held_ = executor_.withdraw();
  for (const Delayed& delayed : delayed_) held_.push_back(delayed.item);
  delayed_.clear();
}

void Dispatcher::go_on() {
  paused_ = false;
  executor_.submit(held_);
  held_.clear();
}

void Dispatcher::obey() {
  TimestampTz const now = GetCurrentTimestamp();
  if (microseconds(now - last_look_) < kLookInterval) return;
  last_look_ = now;
  std::string const wish = executor_.requested_state();
  if (wish == "aborted") {
    stop(wish, "another session aborted it");
  } else if (wish == "paused" && !paused_) {
    pause();
  } else if (wish == "running" && paused_) {
    go_on();
  }
}

void Dispatcher::delay(std::size_t index, const Outcome& outcome) {
  milliseconds const time = core::retry_delay(retry_, outcome.attempts, pg_prng_double(&pg_global_prng_state));
  WorkItem const item{static_cast<std::uint32_t>(index), stage_, static_cast<std::uint32_t>(outcome.attempts + 1),
                      (outcome.waited + time).count()};
  if (paused_) {
    held_.push_back(item);
  } else {
    delayed_.push_back({GetCurrentTimestamp() + microseconds(time).count(), item});
  }
}

void Dispatcher::submit_due() {
  TimestampTz const now = GetCurrentTimestamp();
  auto const due =
      std::stable_partition(delayed_.begin(), delayed_.end(), [=](const Delayed& one) { return one.due > now; });
  std::vector<WorkItem> items;
  for (auto one = due; one != delayed_.end(); ++one) items.push_back(one->item);
  delayed_.erase(due, delayed_.end());
  if (!items.empty()) executor_.submit(items);
}

milliseconds Dispatcher::time_to_wait() const {
  milliseconds time = kLookInterval;
  TimestampTz const now = GetCurrentTimestamp();
  for (const Delayed& one : delayed_) {
    time = std::min(time, std::chrono::ceil<milliseconds>(microseconds(std::max<TimestampTz>(one.due - now, 0))));
  }
  return time;
}

void Dispatcher::receive(std::size_t index, Outcome outcome, const Done& done) {
  if (auto const before = so_far_.find(index); before != so_far_.end()) {
    outcome = merge(std::move(before->second), std::move(outcome));
    so_far_.erase(before);
  }
  // A target that is stopped between two attempts or stages keeps what it came to.
  if (outcome.retry && !is_stopped()) {
    delay(index, outcome);
    so_far_[index] = std::move(outcome);
    return;
  }
  --outstanding_;
  release_next(index);
  if (outcome.success && outcome.more) {
    next_stage_.push_back({static_cast<std::uint32_t>(index), stage_ == Stage::inside ? Stage::outside : Stage::inside,
                           static_cast<std::uint32_t>(outcome.attempts), outcome.waited.count()});
    so_far_[index] = std::move(outcome);
    return;
  }
  done(index, std::move(outcome));
}

std::vector<WorkItem> Dispatcher::first_of_each_place(const std::vector<WorkItem>& items) {
  std::vector<WorkItem> first;
  std::unordered_set<std::size_t> begun;
  for (const WorkItem& item : items) {
    std::size_t const place = place_of_(item.index);
    if (begun.insert(place).second) {
      first.push_back(item);
    } else {
      behind_[place].push_back(item);
    }
  }
  return first;
}

void Dispatcher::release_next(std::size_t index) {
  if (behind_.empty()) return;
  auto const found = behind_.find(place_of_(index));
  if (found == behind_.end()) return;
  WorkItem const next = found->second.front();
  found->second.pop_front();
  if (found->second.empty()) behind_.erase(found);
  if (paused_) {
    held_.push_back(next);
  } else {
    delayed_.push_back({0, next});
  }
}

void Dispatcher::run_stage(std::vector<WorkItem> items, const Done& done) {
  outstanding_ = items.size();
  items = first_of_each_place(items);
  if (paused_) {
    held_ = std::move(items);
  } else {
    executor_.submit(items);
  }
  while (outstanding_ > 0) {
    obey();
    submit_due();
    if (outstanding_ == 0) break;
    executor_.wait(time_to_wait(),
                   [&](std::size_t index, Outcome outcome) { receive(index, std::move(outcome), done); });
  }
}

void Dispatcher::run(std::span<const std::size_t> targets, const Done& done) {
  std::vector<WorkItem> items;
  items.reserve(targets.size());
  for (std::size_t const index : targets) {
    items.push_back({static_cast<std::uint32_t>(index), Stage::inside, 1, 0});
  }
  stage_ = Stage::inside;
  while (!items.empty() && !is_stopped()) {
    run_stage(std::move(items), done);
    items = std::move(next_stage_);
    next_stage_.clear();
    stage_ = stage_ == Stage::inside ? Stage::outside : Stage::inside;
  }
}

}  // namespace tenancy
