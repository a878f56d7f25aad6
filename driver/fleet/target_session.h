// A lane's session with a place, and how lanes get one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "driver/connection/connection.h"
#include "driver/fleet/outcome.h"
#include "driver/fleet/place.h"

namespace tenancy::driver {

/// One operation at a time, of one lane. Its end closes it at once. Outcomes that owe a wait are to be told to nobody
/// before SessionFactory::flush() has made up for it.
class TargetSession {
 public:
  virtual ~TargetSession() = default;

  /// As TargetRunner.
  virtual boost::asio::awaitable<Outcome> run(const Target& target, Deadline deadline) = 0;
  virtual boost::asio::awaitable<std::optional<Outcome>> look_up(const Target& target, Deadline deadline) = 0;

  /// Of an outcome that was told and not made safe: again, when the target still holds what it tells; nothing when the
  /// target is as it was before.
  virtual boost::asio::awaitable<std::optional<Outcome>> look_up_again(Outcome outcome, Deadline deadline) = 0;

  /// As Connection::cancel(), while another coroutine runs a target.
  virtual boost::asio::awaitable<void> cancel() = 0;
};

class SessionFactory {
 public:
  virtual ~SessionFactory() = default;

  /// Throws ServerError(unreached), or another one for a session that was lost again.
  virtual boost::asio::awaitable<std::unique_ptr<TargetSession>> open(const Place& place, Deadline deadline) = 0;

  /// Waits for what is owed for everything that was committed on the server until now. Throws ServerError, and nobody
  /// knows then what is safe: it has to be looked up.
  virtual boost::asio::awaitable<void> flush(const std::string& server, OwedWait owed, Deadline deadline) = 0;
  /// As Connection::cancel(), for the flushes of all servers.
  virtual boost::asio::awaitable<void> cancel_flushes() = 0;
};

}  // namespace tenancy::driver
