// A lane's session with a place, and how lanes get one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "driver/connection/connection.h"
#include "driver/fleet/outcome.h"
#include "driver/fleet/place.h"

namespace tenancy::driver {

/// One operation at a time, of one lane. Its end closes it at once.
class TargetSession {
 public:
  virtual ~TargetSession() = default;

  /// As TargetRunner.
  virtual boost::asio::awaitable<Outcome> run(const Target& target, Deadline deadline) = 0;
  virtual boost::asio::awaitable<std::optional<Outcome>> look_up(const Target& target, Deadline deadline) = 0;

  /// As Connection::cancel(), while another coroutine runs a target.
  virtual boost::asio::awaitable<void> cancel() = 0;
};

class SessionFactory {
 public:
  virtual ~SessionFactory() = default;

  /// Throws ServerError(unreached), or another one for a session that was lost again.
  virtual boost::asio::awaitable<std::unique_ptr<TargetSession>> open(const Place& place, Deadline deadline) = 0;
};

}  // namespace tenancy::driver
