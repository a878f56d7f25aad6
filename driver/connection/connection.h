// A session with a PostgreSQL server: libpq, driven by Asio.
//
// A connection has one outstanding operation at a time. All of its operations are coroutines of one single-threaded
// executor. Every operation takes a deadline: when it passes, what runs on the server is cancelled and its answer is
// waited for, so that the session goes on; a server that does not answer then either is lost. An operation that is
// left in the middle (by Asio's cancellation, or by an exception of a handler) loses the session.
//
// Text is UTF-8 both ways, whatever PGCLIENTENCODING says. Zero bytes in SQL or parameters throw std::invalid_argument.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver/connection/conninfo.h"
#include "driver/connection/parameters.h"
#include "driver/connection/result.h"
#include "driver/connection/server_error.h"
#include "driver/connection/socket_wait.h"

namespace tenancy::driver {

class KeptStatements;
class Session;

struct Statement {
  std::string sql;
  Parameters parameters{};
  bool is_kept = false;  ///< it comes again with other parameters: see Connection::keep_statements()
};

/// How a batch in pipeline mode ended.
struct BatchResult {
  std::vector<Result> results;            ///< of the statements before the one that failed, or of all
  std::optional<ServerReport> failure{};  ///< of the statement at results.size(); those behind it were not run
};

class Connection {
 public:
  /// Opens a session. Throws ServerError(unreached), whose report names host, port, database and user, never a
  /// password. A connect_timeout of the conninfo holds too, when it ends before the deadline. Names of hosts are looked
  /// up in a thread; what libpq does in this one is Kerberos, and the reading of its files.
  static boost::asio::awaitable<Connection> open(Conninfo conninfo, Deadline deadline);

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  /// Closes the session at once, whatever runs there.
  ~Connection();

  /// One statement with parameters. Throws ServerError.
  boost::asio::awaitable<Result> query(std::string_view sql, Parameters parameters = {},
                                       Deadline deadline = kNoDeadline);

  /// Statements in the simple protocol, COPY … FROM STDIN not among them: one implicit transaction unless they say
  /// otherwise; rows are dropped. Throws ServerError, whose position counts from the beginning of `script`.
  boost::asio::awaitable<void> execute(std::string_view script, Deadline deadline = kNoDeadline);

  /// A query whose rows are handed over one by one, so that any number of them takes no memory. `on_row` gets a result
  /// of one row. Throws ServerError, and what on_row throws, after the rest was drained.
  boost::asio::awaitable<void> stream(std::string_view sql, Parameters parameters,
                                      std::function<void(const Result&)> on_row, Deadline deadline = kNoDeadline);

  /// Statements in one round trip, in pipeline mode with one sync behind the last: without BEGIN among them they are
  /// one implicit transaction. A statement's failure is a value. Throws ServerError(lost or timed_out). COPY from or to
  /// the client is not possible here, and loses the session.
  boost::asio::awaitable<BatchResult> batch(std::span<const Statement> statements, Deadline deadline = kNoDeadline);

  /// Batches in one round trip, each with a sync of its own: a failure is that of one batch, and the next one runs.
  /// `take` is told how each ended, in their order and as it comes; none is kept. The session's time limit holds for
  /// each, from the answer before it on. Throws ServerError(lost), also for a batch that was cancelled for that limit:
  /// what was sent behind it would still run. What `take` throws loses the session.
  boost::asio::awaitable<void> batches(std::span<const std::vector<Statement>> batches,
                                       std::function<void(BatchResult)> take);

  /// Asks the server to cancel what runs; the operation under way then ends with 57014. From another coroutine of the
  /// executor. Never throws: a cancel request is a wish. The next operation begins behind it.
  boost::asio::awaitable<void> cancel();

  /// From now on statements of batches that are to be kept are prepared once in the session, until a DEALLOCATE ALL
  /// among them. Not for a session that a pooler shares out: there they would be somebody else's.
  void keep_statements();
  [[nodiscard]] bool keeps_statements() const noexcept;

  /// Notices of the operations that follow go to the handler, in the order in which they come.
  void on_notice(std::function<void(const ServerReport&)> handler);

  /// How long an operation may take that has no deadline of its own; 0, as at first: no limit.
  void set_time_limit(std::chrono::milliseconds limit) noexcept;

  /// How long a server has to answer when what it does was cancelled for a deadline; 5 s at first.
  void set_grace(std::chrono::milliseconds grace) noexcept;

  /// "15.4" → 150004; what the server is, or the pooler says it is.
  [[nodiscard]] int server_version() const noexcept;
  [[nodiscard]] int backend_pid() const noexcept;
  /// Host, its address, and port that it leads to: of those that the conninfo names, one.
  [[nodiscard]] std::string address() const;
  /// Is the session in a transaction block, failed or not?
  [[nodiscard]] bool in_transaction() const noexcept;
  /// The value of a setting that the server reports, such as client_encoding; empty when it reports none.
  [[nodiscard]] std::string_view parameter_status(const char* name) const noexcept;

 private:
  explicit Connection(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
  std::unique_ptr<KeptStatements> kept_;
};

}  // namespace tenancy::driver
