#include "driver/fleet/server_gate.h"

#include <string_view>

namespace tenancy::driver {

namespace {

constexpr std::string_view kTooManyConnections = "53300";
constexpr std::string_view kCannotConnectNow = "57P03";
constexpr std::string_view kInvalidPassword = "28P01";

/// It is libpq that says so: no server answered, or not as one.
bool is_of_client(std::string_view sqlstate) { return sqlstate.empty() || sqlstate.starts_with("08"); }

}  // namespace

bool ServerGate::has_room(TimePoint now, bool leaves) const noexcept {
  std::size_t const others = sessions() - (leaves ? 1 : 0);
  if (bound_ != 0 && others >= bound_) return false;
  if (!most_) return true;
  return others < *most_ || (others == *most_ && now >= grows_at_);
}

bool ServerGate::admits(TimePoint now, bool leaves) const noexcept {
  if (given_up_) return true;
  if (is_down() && (connecting_ > 0 || now < closed_until_)) return false;
  return has_room(now, leaves);
}

std::optional<TimePoint> ServerGate::opens_at(TimePoint now) const noexcept {
  if (is_down()) return now < closed_until_ ? std::optional(closed_until_) : std::nullopt;
  return most_ && now < grows_at_ ? std::optional(grows_at_) : std::nullopt;
}

std::size_t ServerGate::begin_connecting() noexcept {
  ++connecting_;
  return failures_;
}

void ServerGate::reached() noexcept {
  --connecting_;
  ++open_;
  was_reached_ = true;
  failures_in_a_row_ = 0;
  if (!most_ || open_ <= *most_) return;
  // There is room again, and perhaps for more.
  most_ = open_;
  refusals_ = 0;
  grows_at_ = {};
}

void ServerGate::shrink(TimePoint now, double random) {
  most_ = open_;
  grows_at_ = now + core::retry_delay(options_.retry, ++refusals_, random);
}

ServerGate::Verdict ServerGate::give_up(const ServerReport& report) {
  given_up_ = report;
  return Verdict::server_fails;
}

ServerGate::Verdict ServerGate::unreached(const ServerError& error, std::size_t known_failures, TimePoint now,
                                          double random) {
  --connecting_;
  if (given_up_) return Verdict::server_fails;
  std::string_view const sqlstate = error.sqlstate();
  if (sqlstate == kTooManyConnections && open_ > 0) {
    shrink(now, random);
    return Verdict::full;
  }
  // Where a session came about before, the way there cannot be all wrong.
  bool const may_pass = is_transient(error.report()) || (was_reached_ && is_of_client(sqlstate));
  if (!may_pass) {
    bool const everywhere = is_of_client(sqlstate) || sqlstate == kInvalidPassword;
    return everywhere ? give_up(error.report()) : Verdict::target_fails;
  }
  // Lanes that began together have met one and the same trouble.
  if (known_failures != failures_) return Verdict::later;
  ++failures_;
  if (++failures_in_a_row_ == 1) down_since_ = now;
  bool const is_there = was_reached_ || sqlstate == kCannotConnectNow || sqlstate == kTooManyConnections;
  bool const over =
      is_there ? now - down_since_ >= options_.reconnect_timeout : failures_in_a_row_ >= options_.retry.max_attempts;
  if (over) return give_up(error.report());
  closed_until_ = now + core::retry_delay(options_.retry, failures_in_a_row_, random);
  return Verdict::later;
}

}  // namespace tenancy::driver
