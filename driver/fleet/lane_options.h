// How an operation fans out.
#pragma once

#include <chrono>
#include <cstddef>

#include "core/retry.h"
#include "core/rollout.h"

namespace tenancy::driver {

struct LaneOptions {
  std::size_t lanes = 10;        ///< targets at once, in all
  std::size_t per_server = 0;    ///< targets at once on one server; 0: no other bound than `lanes`
  std::size_t page_size = 1000;  ///< tenants read from the control database at once
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds reconnect_timeout{60000};  ///< how long a server may be away that was there before
  std::chrono::milliseconds target_timeout{3600000};   ///< for one attempt of one target; 0: none
  core::RetryPolicy retry{};                           ///< of busy targets, and of lost connections
  core::FailureBudget max_failures{.most = 100, .is_percent = true};  ///< more of them stop the operation
};

}  // namespace tenancy::driver
