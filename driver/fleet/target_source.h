// Where the targets of an operation come from, page by page, so that no fleet is ever in memory as a whole.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <vector>

#include "driver/fleet/target.h"

namespace tenancy::driver {

struct TargetPage {
  std::vector<Target> targets{};  ///< that have something to do, or may have: nobody looked at those elsewhere
  std::size_t unchanged = 0;      ///< others that were looked at, and are where they should be
  std::size_t skipping = 0;       ///< of those: with migrations that were left out because they are out of order
  std::size_t expected = 0;       ///< of all pages together, those that are unchanged too; 0: not known
};

/// The shared schemas come before the tenants that need them (downwards: behind them).
class TargetSource {
 public:
  virtual ~TargetSource() = default;

  /// The next page, which may be empty; nothing behind the last. Throws ServerError, and std::runtime_error for a
  /// request that makes no sense for any target. After ServerError(lost, unreached) the call may be made again, and
  /// gives the page that did not come.
  virtual boost::asio::awaitable<std::optional<TargetPage>> next() = 0;
};

}  // namespace tenancy::driver
