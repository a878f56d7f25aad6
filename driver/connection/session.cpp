#include "driver/connection/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

namespace tenancy::driver {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::string_view kQueryCanceled = "57014";

/// A request may come too early, when the statement is still on its way: then the next one counts.
constexpr std::chrono::seconds kCancelInterval{1};

// libpq calls it; an exception would cross its frames.
void keep_notice(void* queue, const PGresult* result) noexcept {
  static_cast<NoticeQueue*>(queue)->push_back(report_of(result));
}

ServerReport no_copy_input() {
  return {.severity = "ERROR",
          .sqlstate = "0A000",
          .message = "COPY FROM STDIN has no input here",
          .hint = "Write the rows as INSERT statements, or copy from a file of the server."};
}

ServerReport out_of_time() {
  return {.severity = "ERROR", .sqlstate = std::string(kQueryCanceled), .message = "no time was left to begin"};
}

}  // namespace

void collect_notices(PGconn* connection, NoticeQueue& queue) noexcept {
  PQsetNoticeReceiver(connection, keep_notice, &queue);
}

Session::Session(const asio::any_io_executor& executor, ConnectionHandle connection,
                 std::unique_ptr<NoticeQueue> notices)
    : executor_(executor),
      notices_(std::move(notices)),
      connection_(std::move(connection)),
      watch_(executor, PQsocket(connection_.get())),
      cancels_(std::make_shared<CancelRequests>(executor)) {}

asio::awaitable<void> Session::begin(Deadline deadline) {
  if (busy_ || !is_open()) throw lost();
  if (deadline == kNoDeadline && time_limit_.count() > 0) deadline = Clock::now() + time_limit_;
  if (deadline <= Clock::now()) throw ServerError(ServerError::Kind::timed_out, out_of_time());
  busy_ = true;
  timed_out_ = false;
  limit_ = deadline;
  // It would cancel this operation in place of the one before.
  const bool is_quiet = co_await cancels_->wait_for_end(std::min(deadline, Clock::now() + grace_));
  if (!is_quiet) throw lost();
}

void Session::accept(int taken) {
  if (taken != 1) throw lost();
}

asio::awaitable<void> Session::flush() {
  // The server may wait for us to read before it reads on. A failure to write is told when the answer is read: the
  // server's last words may be there.
  while (PQflush(native()) == 1) {
    co_await wait(Interest::either);
    receive();
  }
  after_libpq();
}

asio::awaitable<Result> Session::next() {
  while (is_open() && PQisBusy(native()) != 0) {
    co_await wait(Interest::read);
    receive();
  }
  Result result(PQgetResult(native()));
  after_libpq();
  co_return result;
}

void Session::end(const std::optional<ServerReport>& failure) {
  if (!is_open()) {
    // What the server said last tells more than that it went.
    if (failure && failure->severity != "ERROR") throw ServerError(ServerError::Kind::lost, *failure);
    throw lost();
  }
  busy_ = false;
  if (!failure) return;
  if (!is_late(*failure)) throw ServerError(ServerError::Kind::refused, *failure);
  throw ServerError(ServerError::Kind::timed_out, late(*failure));
}

void Session::go_on() noexcept {
  if (!timed_out_) limit_ = time_limit_.count() > 0 ? Clock::now() + time_limit_ : kNoDeadline;
}

void Session::abandon(const ServerReport& failure) const { throw ServerError(ServerError::Kind::lost, late(failure)); }

ServerReport Session::late(ServerReport failure) const {
  failure.message = "timed out: " + failure.message;
  if (failure.detail.empty()) failure.detail = whose();
  return failure;
}

bool Session::is_late(const ServerReport& failure) const noexcept {
  return timed_out_ && failure.sqlstate == kQueryCanceled;
}

asio::awaitable<void> Session::answer(std::function<void(Meaning, Result)> take) {
  co_await flush();
  std::optional<ServerReport> failure;
  std::exception_ptr thrown;
  for (;;) {
    Result result = co_await next();
    if (result.native() == nullptr) break;
    const Meaning meaning = meaning_of(result);
    if (meaning == Meaning::failed) {
      if (!failure) failure = report_of(result.native());
    } else if (meaning == Meaning::wants_copy) {
      if (!failure) failure = no_copy_input();
      accept(PQputCopyEnd(native(), "no input"));
      co_await flush();
    } else if (meaning == Meaning::sends_copy) {
      co_await drop_copy();
    } else if (!thrown) {
      try {
        take(meaning, std::move(result));
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    // libpq would tell of a copy that has broken off for ever.
    if (!is_open() && (meaning == Meaning::wants_copy || meaning == Meaning::sends_copy)) break;
  }
  end(failure);
  if (thrown) std::rethrow_exception(thrown);
}

asio::awaitable<void> Session::cancel() { return CancelRequests::send(cancels_, native(), Clock::now() + grace_); }

asio::awaitable<void> Session::wait(Interest interest) {
  for (;;) {
    const bool is_ready = co_await wait_for(watch_.get(), interest, limit_);
    if (is_ready) co_return;
    cancel_or_give_up();
  }
}

void Session::cancel_or_give_up() {
  const Deadline now = Clock::now();
  if (!timed_out_) {
    timed_out_ = true;
    grace_end_ = now + grace_;
  } else if (now >= grace_end_) {
    ServerReport report = lost_report("the server did not answer in time");
    report.detail = whose();
    throw ServerError(ServerError::Kind::lost, std::move(report));
  }
  limit_ = std::min(now + kCancelInterval, grace_end_);
  asio::co_spawn(executor_, CancelRequests::send(cancels_, native(), grace_end_), asio::detached);
}

void Session::receive() {
  // When the connection broke, what came before is still to be read; else memory is short, and nothing will come.
  if (PQconsumeInput(native()) == 0 && is_open()) throw lost();
  after_libpq();
}

void Session::after_libpq() {
  // libpq has closed the socket: another connection may get its number, which Asio must not mistake for this one.
  if (PQsocket(native()) < 0) watch_.release();
  for (const ServerReport& notice : std::exchange(*notices_, {})) {
    if (on_notice_) on_notice_(notice);
  }
}

asio::awaitable<void> Session::drop_copy() {
  for (;;) {
    char* data = nullptr;
    const int size = PQgetCopyData(native(), &data, 1);
    PQfreemem(data);
    if (size < 0) co_return;
    if (size > 0) continue;
    if (!is_open()) co_return;
    co_await wait(Interest::read);
    receive();
  }
}

std::string Session::whose() const {
  const auto text = [](const char* value) { return value != nullptr ? value : ""; };
  return fmt::format("The session was with database \"{}\" on host \"{}\", port {}, as user \"{}\".",
                     text(PQdb(native())), text(PQhost(native())), text(PQport(native())), text(PQuser(native())));
}

ServerError Session::lost() const {
  const std::string_view words = PQerrorMessage(native());
  return {ServerError::Kind::lost,
          lost_report(words.empty() ? "the session was left in the middle of an operation" : words)};
}

}  // namespace tenancy::driver
