#include "driver/connection/cancel_requests.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <system_error>
#include <utility>

#include "driver/connection/blocking_call.h"

namespace tenancy::driver {

namespace asio = boost::asio;

/// Counts as under way for as long as it lives.
class CancelRequest {
 public:
  CancelRequest(std::shared_ptr<CancelRequests> all, const PGconn* session)
      : all_(std::move(all)), handle_(PQgetCancel(const_cast<PGconn*>(session)), PQfreeCancel) {
    ++all_->under_way_;
  }
  CancelRequest(CancelRequest&&) noexcept = default;
  CancelRequest& operator=(CancelRequest&&) = delete;
  ~CancelRequest() {
    if (!all_) return;
    --all_->under_way_;
    all_->ended_.cancel();
  }

  /// None when the connection is closed.
  [[nodiscard]] const std::shared_ptr<PGcancel>& handle() const noexcept { return handle_; }
  void give_up() noexcept { all_->is_one_astray_ = true; }

 private:
  std::shared_ptr<CancelRequests> all_;
  std::shared_ptr<PGcancel> handle_;
};

namespace {

asio::awaitable<void> send_request(CancelRequest request, Deadline deadline) {
  if (!request.handle()) co_return;
  try {
    // A server that cannot be reached has nothing to cancel, so what went wrong is of no interest.
    std::function<void()> work = [handle = request.handle()] {
      std::array<char, 256> error{};
      PQcancel(handle.get(), error.data(), static_cast<int>(error.size()));
    };
    const bool is_over = co_await run_in_thread(std::move(work), deadline);
    if (!is_over) request.give_up();
  } catch (const std::system_error&) {
    // No thread is to be had: nothing was sent, and the operation under way goes on to its end.
  }
}

}  // namespace

asio::awaitable<void> CancelRequests::send(std::shared_ptr<CancelRequests> requests, const PGconn* session,
                                           Deadline deadline) {
  return send_request(CancelRequest(std::move(requests), session), deadline);
}

asio::awaitable<bool> CancelRequests::wait_for_end(Deadline deadline) {
  while (under_way_ > 0 && std::chrono::steady_clock::now() < deadline) {
    ended_.expires_at(deadline);
    co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return under_way_ == 0 && !is_one_astray_;
}

}  // namespace tenancy::driver
