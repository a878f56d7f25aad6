// Takes one target from what is applied there to a revision, over a session with its database.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "driver/connection/connection.h"
#include "driver/fleet/outcome.h"

namespace tenancy::driver {

/// A way to work on a target: calls of the extension, or the same by plain SQL. An object serves all lanes: it holds
/// what is the same for all targets, and nothing of one target.
class TargetRunner {
 public:
  virtual ~TargetRunner() = default;

  /// One attempt. Returns done, with the steps taken, or failed with the error that the server or the plan gave;
  /// `attempts` and `waited` are the caller's. Afterwards the session is as before: no transaction, no setting, no
  /// temporary table, no lock of the migration is left. Throws ServerError(lost): what was under way is then in doubt.
  /// With Commit::does_not_wait what the commit of a transaction did not wait for is in Outcome::owed.
  virtual boost::asio::awaitable<Outcome> run(Connection& connection, const Target& target, Deadline deadline,
                                              Commit commit) = 0;
  boost::asio::awaitable<Outcome> run(Connection& connection, const Target& target, Deadline deadline) {
    return run(connection, target, deadline, Commit::waits);
  }

  /// After a lost connection, over a new session: did the attempt happen? Returns the outcome as the target's tracking
  /// table tells it, or nothing when the target is as it was before the attempt.
  virtual boost::asio::awaitable<std::optional<Outcome>> look_up(Connection& connection, const Target& target,
                                                                 Deadline deadline) = 0;

  /// Of an outcome that was told, and whose commit nothing has waited for: is it in the target's tracking table?
  virtual boost::asio::awaitable<bool> holds(Connection& connection, const Outcome& outcome, Deadline deadline) = 0;
};

}  // namespace tenancy::driver
