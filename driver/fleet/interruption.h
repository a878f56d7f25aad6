// SIGINT and SIGTERM, while an operation goes on.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <string>

namespace tenancy::driver {

class Interruption {
 public:
  /// The first signal calls `first` with its name, the second one `second`; a third one ends the process as it does
  /// without this object. Both are called from the executor.
  using Handler = std::function<void(const std::string& signal)>;
  Interruption(const boost::asio::any_io_executor& executor, Handler first, Handler second);
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

 private:
  void wait();

  boost::asio::signal_set signals_;
  Handler first_, second_;
  bool seen_ = false;
};

}  // namespace tenancy::driver
