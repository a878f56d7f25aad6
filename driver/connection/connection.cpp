#include "driver/connection/connection.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "driver/connection/kept_statements.h"
#include "driver/connection/session.h"

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kNoSuchStatement = "26000";

/// libpq takes strings that end with a zero byte, and would cut off what follows one.
void check_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw std::invalid_argument("a statement or parameter contains a zero byte");
  }
}

void check_texts(std::string_view sql, const Parameters& parameters) {
  check_text(sql);
  for (const auto& parameter : parameters) {
    if (parameter) check_text(*parameter);
  }
}

void check_statements(std::span<const Statement> statements) {
  for (const Statement& statement : statements) check_texts(statement.sql, statement.parameters);
}

std::vector<const char*> values_of(const Parameters& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  return values;
}

int send_statement(PGconn* connection, const std::string& sql, const Parameters& parameters) {
  const std::vector<const char*> values = values_of(parameters);
  return PQsendQueryParams(connection, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                           nullptr, 0);
}

int send_prepared(PGconn* connection, const std::string& name, const Parameters& parameters) {
  const std::vector<const char*> values = values_of(parameters);
  return PQsendQueryPrepared(connection, name.c_str(), static_cast<int>(values.size()), values.data(), nullptr, nullptr,
                             0);
}

/// What a result of a batch is the answer to.
struct Sent {
  const std::string* prepared = nullptr;  ///< SQL that was to be prepared; none for a statement that was to be run
  std::string name{};                     ///< under that name
};

void enter_pipeline(Session& session) {
  // Else the first statement would inherit single-row mode: libpq forgets it only where a statement begins outside of a
  // pipeline, even one that it then refuses to send.
  PQsendQuery(session.native(), nullptr);
  session.accept(PQenterPipelineMode(session.native()));
}

void send_kept(Session& session, KeptStatements& kept, const Statement& statement, std::vector<Sent>& sent) {
  std::string name = kept.name_of(statement.sql);
  if (name.empty()) {
    const auto before = std::find_if(sent.begin(), sent.end(), [&](const Sent& one) {
      return one.prepared != nullptr && *one.prepared == statement.sql;
    });
    if (before != sent.end()) name = before->name;
  }
  if (name.empty()) {
    name = kept.next_name();
    session.accept(PQsendPrepare(session.native(), name.c_str(), statement.sql.c_str(), 0, nullptr));
    sent.push_back({&statement.sql, name});
  }
  session.accept(send_prepared(session.native(), name, statement.parameters));
  sent.emplace_back();
}

std::vector<Sent> send_batch(Session& session, KeptStatements& kept, std::span<const Statement> statements) {
  std::vector<Sent> sent;
  for (const Statement& statement : statements) {
    if (statement.is_kept && kept.is_enabled()) {
      send_kept(session, kept, statement, sent);
    } else {
      session.accept(send_statement(session.native(), statement.sql, statement.parameters));
      sent.emplace_back();
    }
  }
  session.accept(PQpipelineSync(session.native()));
  return sent;
}

/// Reads up to the sync. Throws ServerError(lost). The end of a statement is told by an empty result, also behind one
/// that was not run.
asio::awaitable<BatchResult> read_batch(Session& session, KeptStatements& kept, std::span<const Sent> sent) {
  BatchResult batch;
  std::size_t done = 0;
  for (bool was_end = false;;) {
    Result result = co_await session.next();
    const bool is_end = result.native() == nullptr;
    // When the connection has broken, the server's last words may be behind ends of statements, never behind two.
    if (is_end && was_end && !session.is_open()) break;
    was_end = is_end;
    if (is_end) continue;
    const Meaning meaning = meaning_of(result);
    if (meaning == Meaning::synced) break;
    if (meaning == Meaning::done) {
      const Sent& origin = sent[done++];
      if (origin.prepared != nullptr) {
        kept.add(*origin.prepared, origin.name);
        continue;
      }
      kept.obey(result.command());
      batch.results.push_back(std::move(result));
    } else if (meaning == Meaning::failed) {
      if (!batch.failure) batch.failure = report_of(result.native());
    } else if (meaning != Meaning::skipped) {
      // In the middle of a pipeline there is no way back from it.
      throw ServerError(ServerError::Kind::lost, {.severity = "ERROR",
                                                  .sqlstate = "0A000",
                                                  .message = "COPY from or to the client cannot be part of a batch",
                                                  .hint = "Write the rows as INSERT statements."});
    }
  }
  if (batch.failure && batch.failure->sqlstate == kNoSuchStatement) kept.clear();
  if (!session.is_open()) session.end(batch.failure);
  co_return batch;
}

}  // namespace

Connection::Connection(std::unique_ptr<Session> session)
    : session_(std::move(session)), kept_(std::make_unique<KeptStatements>()) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

asio::awaitable<Result> Connection::query(std::string_view sql, Parameters parameters, Deadline deadline) {
  check_texts(sql, parameters);
  co_await session_->begin(deadline);
  session_->accept(send_statement(session_->native(), std::string(sql), parameters));
  Result last;
  co_await session_->answer([&last](Meaning, Result result) { last = std::move(result); });
  co_return last;
}

asio::awaitable<void> Connection::execute(std::string_view script, Deadline deadline) {
  check_text(script);
  co_await session_->begin(deadline);
  kept_->clear();  // it may take them away
  session_->accept(PQsendQuery(session_->native(), std::string(script).c_str()));
  // Rows are dropped one by one, however many a statement returns.
  session_->accept(PQsetSingleRowMode(session_->native()));
  co_await session_->answer([](Meaning, const Result&) {});
}

asio::awaitable<void> Connection::stream(std::string_view sql, Parameters parameters,
                                         std::function<void(const Result&)> on_row, Deadline deadline) {
  check_texts(sql, parameters);
  co_await session_->begin(deadline);
  session_->accept(send_statement(session_->native(), std::string(sql), parameters));
  session_->accept(PQsetSingleRowMode(session_->native()));
  co_await session_->answer([&on_row](Meaning meaning, const Result& result) {
    if (meaning == Meaning::row) on_row(result);
  });
}

asio::awaitable<BatchResult> Connection::batch(std::span<const Statement> statements, Deadline deadline) {
  check_statements(statements);
  co_await session_->begin(deadline);
  enter_pipeline(*session_);
  const std::vector<Sent> sent = send_batch(*session_, *kept_, statements);
  co_await session_->flush();
  BatchResult batch = co_await read_batch(*session_, *kept_, sent);
  session_->accept(PQexitPipelineMode(session_->native()));
  // What was cancelled for the deadline is thrown; what failed for another reason is a value.
  session_->end(batch.failure && session_->is_late(*batch.failure) ? batch.failure : std::nullopt);
  co_return batch;
}

asio::awaitable<void> Connection::batches(std::span<const std::vector<Statement>> batches,
                                          std::function<void(BatchResult)> take) {
  for (const std::vector<Statement>& statements : batches) check_statements(statements);
  co_await session_->begin(kNoDeadline);
  enter_pipeline(*session_);
  std::vector<std::vector<Sent>> sent;
  for (const std::vector<Statement>& statements : batches) sent.push_back(send_batch(*session_, *kept_, statements));
  co_await session_->flush();
  for (const std::vector<Sent>& one : sent) {
    BatchResult batch = co_await read_batch(*session_, *kept_, one);
    if (batch.failure && session_->is_late(*batch.failure)) session_->abandon(*batch.failure);
    take(std::move(batch));
    session_->go_on();
  }
  session_->accept(PQexitPipelineMode(session_->native()));
  session_->end({});
}

void Connection::keep_statements() { kept_->enable(); }
bool Connection::keeps_statements() const noexcept { return kept_->is_enabled(); }

asio::awaitable<void> Connection::cancel() { return session_->cancel(); }

void Connection::on_notice(std::function<void(const ServerReport&)> handler) {
  session_->on_notice(std::move(handler));
}

void Connection::set_time_limit(std::chrono::milliseconds limit) noexcept { session_->set_time_limit(limit); }

void Connection::set_grace(std::chrono::milliseconds grace) noexcept { session_->set_grace(grace); }

int Connection::server_version() const noexcept { return PQserverVersion(session_->native()); }
int Connection::backend_pid() const noexcept { return PQbackendPID(session_->native()); }

std::string Connection::address() const {
  std::string address;
  for (const char* const part :
       {PQhost(session_->native()), PQhostaddr(session_->native()), PQport(session_->native())}) {
    if (part != nullptr) address += part;
    address += ' ';
  }
  return address;
}

bool Connection::in_transaction() const noexcept {
  const PGTransactionStatusType status = PQtransactionStatus(session_->native());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

std::string_view Connection::parameter_status(const char* name) const noexcept {
  const char* value = PQparameterStatus(session_->native(), name);
  return value != nullptr ? value : "";
}

}  // namespace tenancy::driver
