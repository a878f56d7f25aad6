// A libpq session watched by Asio: what the operations of a connection are made of.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "driver/connection/answer.h"
#include "driver/connection/cancel_requests.h"
#include "driver/connection/result.h"
#include "driver/connection/server_error.h"
#include "driver/connection/socket_wait.h"

namespace tenancy::driver {

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using ConnectionHandle = std::unique_ptr<PGconn, Finish>;

/// Notices wait here until libpq's own frames, which no exception may cross, have returned.
using NoticeQueue = std::vector<ServerReport>;

/// Has libpq put a connection's notices there.
void collect_notices(PGconn* connection, NoticeQueue& queue) noexcept;

/// One operation: begin(); a PQsend… of libpq, in accept(); flush(); next() until it says that all is told; end(),
/// which throws what went wrong. An exception of any but end() leaves a session that is lost.
class Session {
 public:
  /// Of a connection that is open.
  Session(const boost::asio::any_io_executor& executor, ConnectionHandle connection,
          std::unique_ptr<NoticeQueue> notices);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Throws ServerError(lost) when the session is lost, timed_out when there is no time.
  boost::asio::awaitable<void> begin(Deadline deadline);
  /// Throws ServerError(lost) when libpq did not take what was to be sent: `taken` is what its function returned.
  void accept(int taken);
  boost::asio::awaitable<void> flush();
  /// The next result; one without a native() at the end of a statement.
  boost::asio::awaitable<Result> next();
  /// Throws ServerError(lost), or for a failure refused or timed_out.
  void end(const std::optional<ServerReport>& failure);

  /// Between the parts of an operation: the next one has the session's time limit anew, unless it has passed.
  void go_on() noexcept;
  /// Throws what end() throws for a failure that is late, but as one that has lost the session: more is to come.
  [[noreturn]] void abandon(const ServerReport& failure) const;

  /// All results of statements that were sent without a pipeline; then end(). What `take` throws comes behind the rest.
  boost::asio::awaitable<void> answer(std::function<void(Meaning, Result)> take);

  boost::asio::awaitable<void> cancel();

  void on_notice(std::function<void(const ServerReport&)> handler) { on_notice_ = std::move(handler); }
  void set_grace(std::chrono::milliseconds grace) noexcept { grace_ = grace; }
  void set_time_limit(std::chrono::milliseconds limit) noexcept { time_limit_ = limit; }
  [[nodiscard]] PGconn* native() const noexcept { return connection_.get(); }
  [[nodiscard]] bool is_open() const noexcept { return PQstatus(connection_.get()) == CONNECTION_OK; }
  /// Did it fail because its deadline passed?
  [[nodiscard]] bool is_late(const ServerReport& failure) const noexcept;

 private:
  boost::asio::awaitable<void> wait(Interest interest);
  void cancel_or_give_up();
  void receive();
  void after_libpq();
  boost::asio::awaitable<void> drop_copy();
  [[nodiscard]] ServerError lost() const;
  [[nodiscard]] ServerReport late(ServerReport failure) const;
  /// "The session was with database …": whose fault it is, where there are many.
  [[nodiscard]] std::string whose() const;

  boost::asio::any_io_executor executor_;
  std::unique_ptr<NoticeQueue> notices_;
  ConnectionHandle connection_;
  BorrowedDescriptor watch_;  // let go before connection_ closes it
  std::shared_ptr<CancelRequests> cancels_;
  std::function<void(const ServerReport&)> on_notice_;
  std::chrono::milliseconds grace_{5000};
  std::chrono::milliseconds time_limit_{0};  // of operations without a deadline

  // Of the operation under way.
  bool busy_ = false;
  bool timed_out_ = false;
  Deadline limit_ = kNoDeadline;  // of the next wait
  Deadline grace_end_{};          // once it has timed out
};

}  // namespace tenancy::driver
