#include "core/retry.h"

#include <algorithm>
#include <cstdint>

namespace tenancy::core {

bool is_retryable(std::string_view sqlstate) noexcept {
  return sqlstate == "55P03" || sqlstate == "40001" || sqlstate == "40P01";
}

std::chrono::milliseconds retry_delay(const RetryPolicy& policy, int failed_attempts, double random) noexcept {
  using std::chrono::milliseconds;
  constexpr milliseconds kNone{0};
  const milliseconds longest = std::max(policy.longest_delay, kNone);
  milliseconds delay = std::clamp(policy.first_delay, kNone, longest);
  for (int attempt = 1; attempt < failed_attempts && delay > kNone && delay < longest; ++attempt) {
    delay = delay > longest / 2 ? longest : delay * 2;
  }
  const milliseconds half = delay / 2;
  return delay - half + milliseconds{static_cast<std::int64_t>(random * static_cast<double>(half.count()))};
}

}  // namespace tenancy::core
