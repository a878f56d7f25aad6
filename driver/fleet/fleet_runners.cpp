#include "driver/fleet/fleet_runners.h"

namespace tenancy::driver {

using boost::asio::awaitable;

awaitable<TargetRunner*> FleetRunners::runner() {
  // Whoever comes while another one loads waits for that; if it fails, the next one tries.
  while (!plain_) {
    if (loading_) {
      co_await loaded_.wait();
    } else {
      co_await load_store();
    }
  }
  if (way_ == Way::plain) co_return &*plain_;
  co_return &*called_;
}

awaitable<void> FleetRunners::load_store() {
  struct Loading {
    FleetRunners& runners;
    explicit Loading(FleetRunners& its_runners) : runners(its_runners) { runners.loading_ = true; }
    ~Loading() {
      runners.loading_ = false;
      runners.loaded_.wake_all();
    }
  };
  Loading const loading(*this);
  store_.emplace(co_await load_());
  called_.emplace(*store_, request_);
  plain_.emplace(*store_, request_);
}

}  // namespace tenancy::driver
