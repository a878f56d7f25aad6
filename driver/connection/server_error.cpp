#include "driver/connection/server_error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace tenancy::driver {

bool is_transient(const ServerReport& report) {
  const std::string_view state = report.sqlstate;
  const auto says = [&report](std::string_view words) { return report.message.find(words) != std::string::npos; };
  // PgBouncer has this one SQLSTATE for all that it says itself.
  if (state == "08P01") {
    return says("max_client_conn") || says("query_wait_timeout") || says("client_login_timeout") ||
           says("server_login_retry") || says("cannot connect to server");
  }
  if (state != "08001" && state != "08006") {
    // too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now
    return state == "53300" || state == "57P01" || state == "57P02" || state == "57P03";
  }
  // libpq has no codes, but puts the system's words for what went wrong into its own.
  constexpr std::array kErrors{ECONNREFUSED, ECONNRESET, ECONNABORTED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH,
                               ENETDOWN,     EHOSTDOWN,  EPIPE,        ENOENT,    EAGAIN};
  return says("server closed the connection unexpectedly") || says("SSL connection has been closed unexpectedly") ||
         says("SSL SYSCALL error: EOF detected") || says("did not answer in time") ||
         says("Temporary failure in name resolution") || std::any_of(kErrors.begin(), kErrors.end(), [&](int error) {
           return says(std::generic_category().message(error));
         });
}

}  // namespace tenancy::driver
