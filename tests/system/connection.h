// A libpq session that throws: what tests talk to a server with.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tenancy::test {

/// NULL is no value.
using Value = std::optional<std::string>;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

/// What the server says with an error or a notice.
struct Report {
  std::string severity{};
  std::string sqlstate{};
  std::string message{};
  std::string detail{};
  std::string hint{};
  std::string context{};
  int position = 0;  ///< in characters from 1; 0 when the server names none
};

/// A statement failed, or the connection was lost: then sqlstate is what the server sent last, or empty.
class PgError : public std::runtime_error {
 public:
  explicit PgError(Report report);
  [[nodiscard]] const Report& report() const noexcept { return report_; }
  [[nodiscard]] const std::string& sqlstate() const noexcept { return report_.sqlstate; }

 private:
  Report report_;
};

class Connection {
 public:
  /// Throws PgError when the server cannot be reached or refuses.
  explicit Connection(const std::string& conninfo);

  /// Runs statements, any number of them, in the simple protocol; rows are dropped. Throws PgError.
  void exec(const std::string& sql);

  /// Runs one statement with parameters $1, … and returns its rows. Throws PgError.
  Rows query(const std::string& sql, const Row& parameters = {});

  /// The one value of the one row. Throws PgError, and std::logic_error when there is more or less than one.
  Value value(const std::string& sql, const Row& parameters = {});

  /// Runs a query until its one value is true. Throws std::runtime_error when the time is over.
  void wait_until(const std::string& sql, std::chrono::milliseconds limit = std::chrono::seconds(30));

  /// Starts statements and does not wait; finish() does. In between only cancel() and native() may be used.
  void start(const std::string& sql);
  Rows finish();

  /// Asks the server to cancel what runs. Safe from another thread.
  void cancel();

  /// Notices since the last call of take_notices().
  [[nodiscard]] std::vector<Report> take_notices();

  [[nodiscard]] int backend_pid() const noexcept { return PQbackendPID(connection_.get()); }
  [[nodiscard]] PGconn* native() noexcept { return connection_.get(); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };

  std::unique_ptr<std::vector<Report>> notices_;  // on the heap: libpq keeps its address
  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace tenancy::test
