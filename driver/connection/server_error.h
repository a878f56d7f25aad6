// Errors of a session with a PostgreSQL server.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tenancy::driver {

/// What a server says with an error or a notice; empty strings where it says nothing. What goes wrong without a word of
/// the server is told in the same form: with SQLSTATE 08001 when no session came about, 08006 when one was lost.
struct ServerReport {
  std::string severity{};
  std::string sqlstate{};
  std::string message{};
  std::string detail{};
  std::string hint{};
  std::string context{};
  int position = 0;  ///< in characters of the statement, from 1; 0: none
};

/// Thrown by everything that talks to a server.
class ServerError : public std::runtime_error {
 public:
  enum class Kind {
    refused,    ///< the server refused a statement: the session goes on
    lost,       ///< the connection broke: what was under way may or may not have been done
    unreached,  ///< a session never came about: nothing was done
    timed_out,  ///< the deadline passed; what ran was cancelled, and the session goes on
  };

  ServerError(Kind kind, ServerReport report)
      : std::runtime_error(report.message), kind_(kind), report_(std::move(report)) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] const ServerReport& report() const noexcept { return report_; }
  [[nodiscard]] std::string_view sqlstate() const noexcept { return report_.sqlstate; }
  /// May the session still be used?
  [[nodiscard]] bool session_goes_on() const noexcept { return kind_ == Kind::refused || kind_ == Kind::timed_out; }

 private:
  Kind kind_;
  ServerReport report_;
};

/// Of an error with kind `unreached` or `lost`: may the server be reached a little later, with nothing changed? It may
/// when it is starting or full, when it cannot be reached at all or does not answer; never when it does not let us in,
/// or does not have the database.
[[nodiscard]] bool is_transient(const ServerReport& report);

}  // namespace tenancy::driver
