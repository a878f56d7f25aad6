// Hands targets to an executor: attempts again, pauses, and stops.
#pragma once

#include <deque>

#include "extension/executor.h"

namespace tenancy {

class Dispatcher {
 public:
  using Done = Executor::Report;

  /// A number for the place of a target by its index: targets of one place, a schema with several sets, go one behind
  /// the other. So do two places that happen to have the same number, which harms nobody.
  using PlaceOf = std::function<std::size_t(std::size_t index)>;

  /// `executor` must outlive the object.
  Dispatcher(Executor& executor, const core::RetryPolicy& retry, PlaceOf place_of)
      : executor_(executor), retry_(retry), place_of_(std::move(place_of)) {}

  /// Carries targets out, and tells of each when it is done or has failed for good. Steps outside of transactions wait
  /// until all of these targets have come that far: an index that is built concurrently would wait for the transactions
  /// of the others. Returns when all are told of, or after stop() when nobody works any more. Throws PgError.
  void run(std::span<const std::size_t> targets, const Done& done);

  /// Begins nothing more; may be called from `done`. The state and the reason are for the record.
  void stop(std::string state, std::string reason);

  [[nodiscard]] bool is_stopped() const noexcept { return !state_.empty(); }
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  struct Delayed {
    TimestampTz due;
    WorkItem item;
  };

  void run_stage(std::vector<WorkItem> items, const Done& done);
  [[nodiscard]] std::vector<WorkItem> first_of_each_place(const std::vector<WorkItem>& items);
  void release_next(std::size_t index);
  void receive(std::size_t index, Outcome outcome, const Done& done);
  void delay(std::size_t index, const Outcome& outcome);
  void submit_due();
  void obey();
  void pause();
  void go_on();
  [[nodiscard]] std::chrono::milliseconds time_to_wait() const;

  Executor& executor_;
  core::RetryPolicy retry_;
  std::size_t outstanding_ = 0;
  Stage stage_ = Stage::inside;
  PlaceOf place_of_;
  std::unordered_map<std::size_t, std::deque<WorkItem>> behind_;  ///< others of their place
  std::vector<Delayed> delayed_;
  std::vector<WorkItem> held_;        ///< while the run is paused
  std::vector<WorkItem> next_stage_;  ///< targets with more to do
  bool paused_ = false;
  TimestampTz last_look_ = GetCurrentTimestamp();
  std::unordered_map<std::size_t, Outcome> so_far_;  ///< of targets that are not done
  std::string state_, reason_;
};

}  // namespace tenancy
