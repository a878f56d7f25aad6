// The targets of an operation, as the control database knows them.
#pragma once

#include <functional>

#include "driver/fleet/fleet_pages.h"
#include "driver/fleet/target_source.h"

namespace tenancy::driver {

class ControlSource : public TargetSource {
 public:
  /// Opens a session with the control database. Throws ServerError.
  using Open = std::function<boost::asio::awaitable<Connection>()>;

  ControlSource(Open open, FleetQuestion question) : open_(std::move(open)), pages_(std::move(question)) {}

  boost::asio::awaitable<std::optional<TargetPage>> next() override;

 private:
  Open open_;
  FleetPages pages_;
  std::optional<Connection> connection_;
};

}  // namespace tenancy::driver
