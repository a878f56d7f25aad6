#include "driver/fleet/control_source.h"

namespace tenancy::driver {

boost::asio::awaitable<std::optional<TargetPage>> ControlSource::next() {
  if (!connection_) connection_ = co_await open_();
  std::optional<FleetPage> page;
  try {
    page = co_await pages_.next(*connection_);
  } catch (const ServerError& error) {
    if (!error.session_goes_on()) connection_.reset();
    throw;
  }
  if (!page) {
    connection_.reset();
    co_return std::nullopt;
  }
  TargetPage result{.unchanged = page->unchanged, .skipping = page->skipping, .expected = page->expected};
  result.targets.reserve(page->targets.size());
  for (PlannedTarget& planned : page->targets) result.targets.push_back(std::move(planned.target));
  co_return result;
}

}  // namespace tenancy::driver
