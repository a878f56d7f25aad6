// How a target ended.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "driver/connection/server_error.h"
#include "driver/fleet/commit_wait.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

struct StepOutcome {
  std::string version;
  std::string description;
  core::Direction direction = core::Direction::up;
  std::chrono::microseconds duration{0};
  std::string set{};  ///< another one than the target's, which requires it; empty: its own
};

struct Outcome {
  enum class State {
    done,       ///< at its revision, or as far as its pin allows; without steps there was nothing to do
    failed,     ///< as it was before, but for non-transactional steps that were recorded
    cancelled,  ///< the operation was stopped while it ran: as it was before
  };
  Target target;
  State state = State::done;
  std::string from_revision{};
  std::string to_revision{};
  std::optional<std::string> held_at{};
  std::vector<StepOutcome> steps{};
  std::vector<std::string> skipped{};  ///< pending versions, left out because they are out of order
  int attempts = 1;
  std::chrono::microseconds duration{0};  ///< of the last attempt
  std::chrono::microseconds waited{0};    ///< between attempts
  std::optional<ServerReport> failure{};  ///< with state failed or cancelled
  std::optional<OwedWait> owed{};         ///< the commit is told, and is not safe yet
};

}  // namespace tenancy::driver
