// Sessions of lanes with real servers: a connection each, and the runner that serves its database.
#pragma once

#include <functional>
#include <memory>

#include "driver/apply/target_runner.h"
#include "driver/fleet/server_directory.h"
#include "driver/fleet/target_session.h"

namespace tenancy::driver {

/// Which runner serves the targets of a database, over a session with it. It outlives the sessions.
class RunnerChoice {
 public:
  virtual ~RunnerChoice() = default;
  virtual boost::asio::awaitable<TargetRunner*> choose(Connection& connection, const Place& place,
                                                       Deadline deadline) = 0;
};

class RunnerSessions : public SessionFactory {
 public:
  using OnNotice = std::function<void(const Place& place, const ServerReport& notice)>;

  /// What is referred to must outlive the object. `on_notice` may be empty.
  RunnerSessions(const ServerDirectory& servers, RunnerChoice& runners, OnNotice on_notice)
      : servers_(servers), runners_(runners), on_notice_(std::move(on_notice)) {}

  boost::asio::awaitable<std::unique_ptr<TargetSession>> open(const Place& place, Deadline deadline) override;

 private:
  const ServerDirectory& servers_;
  RunnerChoice& runners_;
  OnNotice on_notice_;
};

}  // namespace tenancy::driver
