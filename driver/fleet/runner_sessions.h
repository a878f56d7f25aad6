// Sessions of lanes with real servers: a connection each, and the runner that serves its database.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "driver/apply/target_runner.h"
#include "driver/fleet/commit_flush.h"
#include "driver/fleet/server_directory.h"
#include "driver/fleet/target_session.h"

namespace tenancy::driver {

/// Where the runner of an operation comes from, which is made when there is a first session. It outlives them all.
class RunnerSource {
 public:
  virtual ~RunnerSource() = default;
  virtual boost::asio::awaitable<TargetRunner*> runner() = 0;
};

class RunnerSessions : public SessionFactory {
 public:
  using OnNotice = std::function<void(const Place& place, const ServerReport& notice)>;

  /// What becomes of commits.
  struct Commits {
    bool wait = false;                          ///< each of them, and there is nothing to flush
    std::chrono::milliseconds connect_timeout;  ///< of the sessions that flush
  };

  /// What is referred to must outlive the object. `on_notice` may be empty.
  RunnerSessions(const boost::asio::any_io_executor& executor, const ServerDirectory& servers, RunnerSource& runners,
                 Commits commits, OnNotice on_notice)
      : executor_(executor),
        servers_(servers),
        runners_(runners),
        commits_(commits),
        on_notice_(std::move(on_notice)) {}

  boost::asio::awaitable<std::unique_ptr<TargetSession>> open(const Place& place, Deadline deadline) override;
  boost::asio::awaitable<void> flush(const std::string& server, OwedWait owed, Deadline deadline) override;
  boost::asio::awaitable<void> cancel_flushes() override;

 private:
  /// Of the place's server; its session is with the place's database when there was none before.
  CommitFlush& flush_of(const Place& place);

  boost::asio::any_io_executor executor_;
  const ServerDirectory& servers_;
  RunnerSource& runners_;
  Commits commits_;
  OnNotice on_notice_;
  std::map<std::string, CommitFlush> flushes_;  ///< by server
};

}  // namespace tenancy::driver
