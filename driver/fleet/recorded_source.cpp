#include "driver/fleet/recorded_source.h"

#include <utility>

namespace tenancy::driver {

boost::asio::awaitable<std::optional<TargetPage>> RecordedSource::next() {
  if (!page_) page_ = co_await source_.next();
  if (!page_) co_return std::nullopt;
  co_await record_.add(*page_);
  co_return std::exchange(page_, std::nullopt);
}

}  // namespace tenancy::driver
