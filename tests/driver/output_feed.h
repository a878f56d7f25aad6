// A fleet for the tests of reporters: a clock that stands until it is turned, and outcomes that are easily made.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "driver/output/clock.h"
#include "driver/output/reporter.h"
#include "driver/output/stream.h"

namespace tenancy::driver {

class StringStream : public Stream {
 public:
  void write(std::string_view text) override {
    text_ += text;
    ++writes_;
  }
  /// What was written since it was asked last.
  std::string take() { return std::exchange(text_, {}); }
  [[nodiscard]] std::size_t writes() const { return writes_; }

 private:
  std::string text_;
  std::size_t writes_ = 0;
};

/// 2026-11-21T14:00:00Z and later.
class HandClock {
 public:
  void turn(std::chrono::microseconds by) { passed_ += by; }
  [[nodiscard]] Clock clock() {
    return {.now = [this] { return std::chrono::steady_clock::time_point(passed_); },
            .wall = [this] { return std::chrono::system_clock::time_point(kBegin + passed_); }};
  }

 private:
  static constexpr std::chrono::seconds kBegin{1795269600};
  std::chrono::microseconds passed_{0};
};

inline Target tenant(const std::string& id) { return {.tenant = id, .schema = id}; }

inline Outcome done(const std::string& id) {
  using namespace std::chrono_literals;
  return {.target = tenant(id),
          .from_revision = "001",
          .to_revision = "002",
          .steps = {{.version = "002", .description = "users", .duration = 1500us}},
          .duration = 2500us};
}

inline Outcome failed(const std::string& id, const std::string& message = "relation \"users\" does not exist",
                      const std::string& sqlstate = "42P01") {
  using namespace std::chrono_literals;
  return {.target = tenant(id),
          .state = Outcome::State::failed,
          .from_revision = "001",
          .to_revision = "001",
          .duration = 2500us,
          .failure = ServerReport{
              .severity = "ERROR",
              .sqlstate = sqlstate,
              .message = "tenant \"" + id + "\": migration 002: statement 1 (002_users.sql line 4): " + message}};
}

inline const Heading kUpgrade{
    .operation = "upgrade", .revision = "head", .place = "app on db1.example.com", .lanes = 10};

}  // namespace tenancy::driver
