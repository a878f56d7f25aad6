// What a server's answer means; without any I/O.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "driver/connection/result.h"
#include "driver/connection/server_error.h"

namespace tenancy::driver {

/// Of a result that PQgetResult returns.
enum class Meaning {
  row,         ///< one of more to come, in single-row mode
  done,        ///< a statement is done
  failed,      ///< the statement failed, or the connection did
  skipped,     ///< in a pipeline, behind a statement that failed
  synced,      ///< the pipeline's end
  wants_copy,  ///< COPY FROM STDIN: the server waits for data
  sends_copy,  ///< COPY TO STDOUT: data follow
};
[[nodiscard]] Meaning meaning_of(const Result& result) noexcept;

/// Of a failed result or of a notice.
[[nodiscard]] ServerReport report_of(const PGresult* result);

/// Of a connection that broke, in libpq's words.
[[nodiscard]] ServerReport lost_report(std::string_view words);

/// Where a connection was to lead to.
struct Endpoint {
  std::string host;
  std::string port;
  std::string database;
  std::string user;
};

/// Of a connection that did not come about, from libpq's words with PQERRORS_VERBOSE: the last attempt's SQLSTATE,
/// message, detail and hint, when it was the server that refused; what was wrong with the way to it otherwise.
[[nodiscard]] ServerReport unreached_report(const Endpoint& endpoint, std::string_view words);

}  // namespace tenancy::driver
