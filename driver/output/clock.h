// Time as reporters see it; tests turn it by hand.
#pragma once

#include <chrono>
#include <functional>

namespace tenancy::driver {

struct Clock {
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  std::function<std::chrono::system_clock::time_point()> wall = std::chrono::system_clock::now;
};

}  // namespace tenancy::driver
