// Retries: which failures are worth another attempt, and how long to wait before it.
#pragma once

#include <chrono>
#include <string_view>

namespace tenancy::core {

struct RetryPolicy {
  int max_attempts = 5;  ///< the first one counts
  std::chrono::milliseconds first_delay{200};
  std::chrono::milliseconds longest_delay{10000};
};

/// lock_not_available, serialization_failure and deadlock_detected: what another session holds up for a while.
[[nodiscard]] bool is_retryable(std::string_view sqlstate) noexcept;

/// How long to wait after `failed_attempts` (1 or more) failed. The time doubles from first_delay up to
/// longest_delay; half of it is fixed, and of the other half `random`, in [0, 1), says how much is added.
/// No number of attempts is too large.
[[nodiscard]] std::chrono::milliseconds retry_delay(const RetryPolicy& policy, int failed_attempts,
                                                    double random) noexcept;

}  // namespace tenancy::core
