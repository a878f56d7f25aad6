#include "driver/fleet/interruption.h"

#include <csignal>

namespace tenancy::driver {

Interruption::Interruption(const boost::asio::any_io_executor& executor, Handler first, Handler second)
    : signals_(executor, SIGINT, SIGTERM), first_(std::move(first)), second_(std::move(second)) {
  wait();
}

void Interruption::wait() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    const std::string name = signal == SIGINT ? "SIGINT" : "SIGTERM";
    if (!seen_) {
      seen_ = true;
      wait();
      first_(name);
      return;
    }
    signals_.clear();
    second_(name);
  });
}

}  // namespace tenancy::driver
