#include "extension/statement_timer.h"

#include <unistd.h>
#include <csignal>

namespace tenancy {

namespace {

volatile sig_atomic_t fired = 0;
TimeoutId timeout_id{};
bool registered = false;

/// In a signal handler: what StatementTimeoutHandler of the server does.
void on_timeout() {
  fired = 1;
  kill(MyProcPid, SIGINT);
}

}  // namespace

StatementTimer::StatementTimer(std::chrono::milliseconds limit) : limit_(limit) {
  if (limit_.count() == 0 || registered) return;
  guarded([] { timeout_id = RegisterTimeout(USER_TIMEOUT, on_timeout); });
  registered = true;
}

void StatementTimer::start() noexcept {
  if (limit_.count() == 0) return;
  fired = 0;
  enable_timeout_after(timeout_id, static_cast<int>(limit_.count()));
}

void StatementTimer::stop() noexcept {
  if (limit_.count() != 0) disable_timeout(timeout_id, false);
}

void StatementTimer::forget() noexcept {
  if (limit_.count() == 0 || fired == 0) return;
  fired = 0;
  QueryCancelPending = false;
}

void StatementTimer::explain(PgError& error) const {
  if (limit_.count() == 0 || fired == 0) return;
  // Another error came first: what we asked for must not hit whatever comes next.
  if (error.sqlerrcode() != ERRCODE_QUERY_CANCELED) {
    QueryCancelPending = false;
    return;
  }
  error.report().message = "canceling statement due to statement timeout of " + std::to_string(limit_.count()) + " ms";
  error.confine_to_target();
}

}  // namespace tenancy
