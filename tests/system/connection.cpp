#include "tests/system/connection.h"

#include <array>
#include <cstdlib>
#include <thread>
#include <utility>

namespace tenancy::test {
namespace {

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text != nullptr ? text : "";
}

Report report_of(const PGresult* result) {
  return {.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
          .sqlstate = field(result, PG_DIAG_SQLSTATE),
          .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
          .detail = field(result, PG_DIAG_MESSAGE_DETAIL),
          .hint = field(result, PG_DIAG_MESSAGE_HINT),
          .context = field(result, PG_DIAG_CONTEXT),
          .position = std::atoi(field(result, PG_DIAG_STATEMENT_POSITION).c_str())};
}

/// What libpq itself says, when the server said nothing.
PgError connection_error(PGconn* connection) {
  return PgError({.severity = "FATAL", .message = PQerrorMessage(connection)});
}

void keep_notice(void* notices, const PGresult* result) {
  static_cast<std::vector<Report>*>(notices)->push_back(report_of(result));
}

bool failed(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

Rows rows_of(const PGresult* result) {
  Rows rows(static_cast<std::size_t>(PQntuples(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      const bool is_null = PQgetisnull(result, row, column) != 0;
      rows[static_cast<std::size_t>(row)].push_back(is_null ? Value() : Value(PQgetvalue(result, row, column)));
    }
  }
  return rows;
}

std::string text_of(const Report& report) {
  std::string text = report.message;
  if (!report.sqlstate.empty()) text = report.sqlstate + ": " + text;
  if (!report.detail.empty()) text += "\ndetail: " + report.detail;
  if (!report.hint.empty()) text += "\nhint: " + report.hint;
  if (!report.context.empty()) text += "\ncontext: " + report.context;
  return text;
}

}  // namespace

PgError::PgError(Report report) : std::runtime_error(text_of(report)), report_(std::move(report)) {}

Connection::Connection(const std::string& conninfo)
    : notices_(std::make_unique<std::vector<Report>>()), connection_(PQconnectdb(conninfo.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw connection_error(connection_.get());
  PQsetNoticeReceiver(connection_.get(), keep_notice, notices_.get());
}

void Connection::exec(const std::string& sql) {
  start(sql);
  finish();
}

Rows Connection::query(const std::string& sql, const Row& parameters) {
  std::vector<const char*> values;
  for (const Value& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  const Result result(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                   values.data(), nullptr, nullptr, 0));
  if (!result) throw connection_error(connection_.get());
  if (failed(result.get())) throw PgError(report_of(result.get()));
  return rows_of(result.get());
}

Value Connection::value(const std::string& sql, const Row& parameters) {
  Rows rows = query(sql, parameters);
  if (rows.size() != 1 || rows.front().size() != 1) throw std::logic_error("not one value: " + sql);
  return std::move(rows.front().front());
}

void Connection::wait_until(const std::string& sql, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (value(sql) != "t") {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("did not come true: " + sql);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Connection::start(const std::string& sql) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) throw connection_error(connection_.get());
}

Rows Connection::finish() {
  Rows rows;
  std::optional<PgError> error;
  // All results are read, also after an error: the session is of no use before.
  while (const Result result{PQgetResult(connection_.get())}) {
    if (!failed(result.get())) {
      rows = rows_of(result.get());
    } else if (!error) {
      const Report report = report_of(result.get());
      error = report.message.empty() ? connection_error(connection_.get()) : PgError(report);
    }
  }
  if (error) throw *error;
  return rows;
}

void Connection::cancel() {
  const std::unique_ptr<PGcancel, void (*)(PGcancel*)> handle(PQgetCancel(connection_.get()), PQfreeCancel);
  std::array<char, 256> error{};
  if (!handle || PQcancel(handle.get(), error.data(), static_cast<int>(error.size())) == 0) {
    throw std::runtime_error(error.data());
  }
}

std::vector<Report> Connection::take_notices() { return std::exchange(*notices_, {}); }

}  // namespace tenancy::test
