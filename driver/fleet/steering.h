// How others than its own lanes stop an operation, or let it wait.
#pragma once

#include <functional>
#include <string>

namespace tenancy::driver {

/// What run_operation() puts in is there while the operation goes on; before and behind it, nothing happens.
struct Steering {
  std::function<void(const std::string& reason)> stop{};  ///< no further target begins; those in hand are finished
  std::function<void(bool paused)> pause{};               ///< no further target begins until it is not paused
};

}  // namespace tenancy::driver
