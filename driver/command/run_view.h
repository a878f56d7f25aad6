// How a run of the control database is shown.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "driver/command/listing.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

struct RunProgress {
  std::int64_t run = 0;
  std::string state{};
  bool is_finished = false;
  std::size_t targets = 0, unchanged = 0, done = 0, failed = 0, retrying = 0, remaining = 0;
  std::string wave{}, per_second{}, time_left{};

  /// Nothing more will come: it has ended, or no session carries it out.
  [[nodiscard]] bool is_over() const noexcept { return is_finished || state == "interrupted"; }
};

/// Throws ServerError, and Failure for a run that does not exist.
boost::asio::awaitable<RunProgress> read_progress(Connection& control, std::int64_t run);

class RunView {
 public:
  explicit RunView(const OutputOptions& options) : options_(options) {}

  /// How far it is: a line when that has changed.
  void follow(const RunProgress& progress);

  /// All that is known of it; of its targets those that failed, or all.
  boost::asio::awaitable<void> show(Connection& control, const RunProgress& progress, bool all_targets);

 private:
  OutputOptions options_;
  std::string last_line_;
};

}  // namespace tenancy::driver
