#include "driver/fleet/commit_flush.h"

#include <utility>

namespace tenancy::driver {

using boost::asio::awaitable;

namespace {

constexpr std::chrono::seconds kCheckTimeout{10};

// Another process than the one that the session began with: a pooler's, which would not tell us that the server broke.
constexpr const char* kCheck =
    "SELECT pg_catalog.pg_backend_pid(), NOT pg_catalog.pg_is_in_recovery() AND"
    "       pg_catalog.has_function_privilege('pg_catalog.pg_logical_emit_message(boolean, text, text)', 'EXECUTE')";

// A commit without anything to write would not wait. Nobody reads the message.
constexpr const char* kFlush =
    "SELECT pg_catalog.set_config('synchronous_commit', $1, true),"
    "       pg_catalog.pg_logical_emit_message(true, 'tenancy', '')";

ServerError session_is_lost() {
  return {ServerError::Kind::lost,
          {.severity = "FATAL",
           .sqlstate = "08006",
           .message = "connection lost: that of the session that makes commits safe"}};
}

}  // namespace

awaitable<bool> CommitFlush::can_flush(Connection& connection) {
  Result const answer = co_await connection.query(kCheck, {}, std::chrono::steady_clock::now() + kCheckTimeout);
  co_return answer.integer(0, 0) == connection.backend_pid() && answer.text(0, 1) == "t";
}

awaitable<void> CommitFlush::open() {
  // Also when the coroutine is cancelled.
  struct Opening {
    CommitFlush& flush;
    State otherwise;
    explicit Opening(CommitFlush& its_flush)
        : flush(its_flush), otherwise(its_flush.state_ == State::lost ? State::lost : State::refused) {
      flush.state_ = State::opening;
    }
    ~Opening() {
      if (flush.state_ == State::opening) flush.state_ = otherwise;
      flush.opened_.wake_all();
    }
  };
  Opening const opening(*this);
  Connection connection = co_await open_();
  bool const can = co_await can_flush(connection);
  if (!can) co_return;
  connection_ = std::move(connection);
  ++session_;
  state_ = State::open;
}

awaitable<std::size_t> CommitFlush::for_commit(const std::string& address) {
  bool const is_first = !std::exchange(is_begun_, true);
  bool const may_open = state_ == State::lost || (state_ == State::unused && !is_first);
  if (may_open) {
    try {
      co_await open();
    } catch (const ServerError&) {
      // Then commits wait, as they do without us; what is wrong with the server the lanes will find.
    }
  }
  bool const serves = state_ == State::open && connection_->address() == address;
  co_return serves ? session_ : 0;
}

awaitable<std::size_t> CommitFlush::for_look_up() {
  while (state_ == State::opening) co_await opened_.wait();
  if (state_ == State::lost) co_await open();
  if (state_ == State::lost) throw session_is_lost();
  co_return state_ == State::open ? session_ : 0;
}

awaitable<void> CommitFlush::flush(OwedWait owed, Deadline deadline) {
  if (state_ != State::open || owed.session != session_) throw session_is_lost();
  std::optional<ServerError> failure;
  try {
    (void)co_await connection_->query(kFlush, parameters(to_string(owed.wait)), deadline);
  } catch (const ServerError& error) {
    failure = error;
  }
  if (!failure) co_return;
  if (!failure->session_goes_on()) {
    connection_.reset();
    state_ = State::lost;
  }
  throw *failure;
}

awaitable<void> CommitFlush::cancel() {
  if (connection_) co_await connection_->cancel();
}

}  // namespace tenancy::driver
