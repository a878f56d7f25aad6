#include "driver/fleet/server_gate.h"

#include <gmock/gmock.h>

namespace tenancy::driver {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eq;
using testing::Optional;
using Verdict = ServerGate::Verdict;

const TimePoint kNow{seconds(1000)};

ServerError error(const char* sqlstate, const char* message = "no") {
  return {ServerError::Kind::unreached, {.sqlstate = sqlstate, .message = message}};
}

const ServerError kRefused = error("08001", "connection refused: Connection refused");
const ServerError kFull = error("53300");
const ServerError kStarting = error("57P03");

LaneOptions options() {
  LaneOptions options;
  options.retry = {.max_attempts = 3, .first_delay = milliseconds(100), .longest_delay = milliseconds(1000)};
  options.reconnect_timeout = seconds(10);
  return options;
}

Verdict fail(ServerGate& gate, const ServerError& why, TimePoint now = kNow) {
  auto const known = gate.begin_connecting();
  return gate.unreached(why, known, now, 0);
}

void open(ServerGate& gate) {
  gate.begin_connecting();
  gate.reached();
}

TEST(ServerGate, AdmitsUpToItsBound) {
  ServerGate gate(options(), 2);
  open(gate);
  EXPECT_TRUE(gate.admits(kNow, false));
  gate.begin_connecting();
  EXPECT_FALSE(gate.admits(kNow, false));
  EXPECT_TRUE(gate.admits(kNow, true)) << "a lane that closes its session makes room for its next one";
  EXPECT_EQ(gate.opens_at(kNow), std::nullopt);
  gate.abandoned();
  EXPECT_TRUE(gate.admits(kNow, false));
}

TEST(ServerGate, WithoutABoundAdmitsAnyNumber) {
  ServerGate gate(options(), 0);
  for (int i = 0; i < 1000; ++i) open(gate);
  EXPECT_TRUE(gate.admits(kNow, false));
}

TEST(ServerGate, TriesAServerThatIsDownWithOneLaneAtATime) {
  ServerGate gate(options(), 0);
  EXPECT_EQ(fail(gate, kRefused), Verdict::later);
  EXPECT_TRUE(gate.is_down());
  EXPECT_FALSE(gate.admits(kNow, false));
  EXPECT_THAT(gate.opens_at(kNow), Optional(Eq(kNow + milliseconds(50))));
  TimePoint const later = kNow + milliseconds(50);
  EXPECT_TRUE(gate.admits(later, false));
  gate.begin_connecting();
  EXPECT_FALSE(gate.admits(later, false)) << "another lane is trying";
  gate.reached();
  EXPECT_FALSE(gate.is_down());
  EXPECT_TRUE(gate.admits(later, false));
}

TEST(ServerGate, GivesUpAServerThatNeverWasThereAfterItsAttempts) {
  ServerGate gate(options(), 0);
  EXPECT_EQ(fail(gate, kRefused), Verdict::later);
  EXPECT_EQ(fail(gate, kRefused), Verdict::later);
  EXPECT_EQ(fail(gate, kRefused), Verdict::server_fails);
  ASSERT_TRUE(gate.given_up());
  EXPECT_EQ(gate.given_up()->sqlstate, "08001");
  EXPECT_TRUE(gate.admits(kNow, false)) << "its targets are taken, to fail at once";
}

TEST(ServerGate, CountsATroubleThatLanesMeetTogetherOnce) {
  ServerGate gate(options(), 0);
  std::size_t const first = gate.begin_connecting();
  std::size_t const second = gate.begin_connecting();
  std::size_t const third = gate.begin_connecting();
  EXPECT_EQ(gate.unreached(kRefused, first, kNow, 0), Verdict::later);
  EXPECT_EQ(gate.unreached(kRefused, second, kNow, 0), Verdict::later);
  EXPECT_EQ(gate.unreached(kRefused, third, kNow, 0), Verdict::later);
  EXPECT_FALSE(gate.given_up());
  EXPECT_EQ(gate.sessions(), 0U);
}

TEST(ServerGate, WaitsForAServerThatWasThereAsLongAsItIsTold) {
  ServerGate gate(options(), 0);
  open(gate);
  gate.closed();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(fail(gate, kRefused, kNow + seconds(i)), Verdict::later) << i;
  EXPECT_EQ(fail(gate, kRefused, kNow + seconds(10)), Verdict::server_fails);
}

TEST(ServerGate, WaitsForAServerThatSaysItIsStarting) {
  ServerGate gate(options(), 0);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(fail(gate, kStarting, kNow + seconds(i)), Verdict::later) << i;
  EXPECT_EQ(fail(gate, kStarting, kNow + seconds(10)), Verdict::server_fails);
}

TEST(ServerGate, GivesUpAtOnceWhereNoTimeHelps) {
  ServerGate wrong_password(options(), 0);
  EXPECT_EQ(fail(wrong_password, error("28P01")), Verdict::server_fails);
  ServerGate no_tls(options(), 0);
  EXPECT_EQ(fail(no_tls, error("08001", "server does not support SSL")), Verdict::server_fails);
}

TEST(ServerGate, FailsTheTargetAloneWhenTheServerRefusesItsDatabase) {
  ServerGate gate(options(), 0);
  for (const char* const sqlstate : {"3D000", "28000", "42501"}) {
    EXPECT_EQ(fail(gate, error(sqlstate)), Verdict::target_fails) << sqlstate;
  }
  EXPECT_FALSE(gate.is_down());
  EXPECT_EQ(gate.sessions(), 0U);
}

TEST(ServerGate, GoesOnWithTheSessionsThatAFullServerHasGiven) {
  ServerGate gate(options(), 0);
  open(gate);
  open(gate);
  EXPECT_EQ(fail(gate, kFull), Verdict::full);
  EXPECT_FALSE(gate.is_down());
  EXPECT_FALSE(gate.admits(kNow, false));
  EXPECT_TRUE(gate.admits(kNow, true));
  // It is asked for one more when some time is over, and less and less often.
  EXPECT_THAT(gate.opens_at(kNow), Optional(Eq(kNow + milliseconds(50))));
  TimePoint const later = kNow + milliseconds(50);
  EXPECT_TRUE(gate.admits(later, false));
  EXPECT_EQ(fail(gate, kFull, later), Verdict::full);
  EXPECT_THAT(gate.opens_at(later), Optional(Eq(later + milliseconds(100))));
  gate.closed();
  EXPECT_TRUE(gate.admits(later, false)) << "its own place is free";
}

TEST(ServerGate, GrowsAgainWhenAFullServerHasRoom) {
  ServerGate gate(options(), 0);
  open(gate);
  EXPECT_EQ(fail(gate, kFull), Verdict::full);
  TimePoint const later = kNow + milliseconds(50);
  ASSERT_TRUE(gate.admits(later, false));
  open(gate);
  EXPECT_TRUE(gate.admits(later, false));
}

TEST(ServerGate, WaitsForAServerThatIsFullOfOthers) {
  ServerGate gate(options(), 0);
  EXPECT_EQ(fail(gate, kFull), Verdict::later);
  EXPECT_TRUE(gate.is_down());
  EXPECT_EQ(fail(gate, kFull, kNow + seconds(10)), Verdict::server_fails);
}

}  // namespace
}  // namespace tenancy::driver
