#include "driver/fleet/flusher.h"

#include <gmock/gmock.h>

#include <csignal>

#include "tests/driver/operations.h"

namespace tenancy::driver {
namespace {

using test::Flush;
using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using End = Summary::End;

class Flushes : public test::Operations {
 protected:
  Flushes() { fleet.owes = true; }
  [[nodiscard]] std::ptrdiff_t times(const std::string& line) const {
    return std::count(fleet.log.begin(), fleet.log.end(), line);
  }
};

TEST_F(Flushes, TellNothingBeforeItIsSafe) {
  add_many(20);
  std::size_t told = 0;
  reporter.when_finished = [&](const Outcome&) {
    EXPECT_GT(times("flush "), 0);
    ++told;
  };
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(summary.migrated, 20U);
  EXPECT_EQ(told, 20U);
}

TEST_F(Flushes, ServeAllThatEndedMeanwhile) {
  add_many(40);
  fleet.flushes[""] = {Flush{.waits = true}};
  // While the first one goes on, the lanes do all the rest.
  fleet.when_running = [&](const std::string& schema) {
    if (schema != "t39") return;
    EXPECT_THAT(reporter.outcomes, IsEmpty());
    fleet.release();
  };
  EXPECT_EQ(run().migrated, 40U);
  EXPECT_LE(times("flush "), 4) << "one, one for what ended meanwhile, and for the last lanes";
}

TEST_F(Flushes, KeepTenantsWaitingForASharedSchemaThatIsNotSafe) {
  add_shared();
  add_many(2);
  fleet.when_running = [&](const std::string& schema) {
    if (schema == "public") return;
    EXPECT_EQ(outcome_of("public").state, Outcome::State::done);
  };
  EXPECT_EQ(run().migrated, 3U);
}

TEST_F(Flushes, LookUpWhatAServerMayHaveLost) {
  add("kept");
  add("gone");
  options.lanes = 1;
  fleet.flushes[""] = {Flush{.throws = test::lost()}, Flush{.throws = test::lost(), .loses = {"gone"}}};
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(fleet.migrated["kept"], 1);
  EXPECT_EQ(fleet.migrated["gone"], 1);
  EXPECT_EQ(times("run kept"), 1);
  EXPECT_EQ(times("run gone"), 2);
  EXPECT_EQ(outcome_of("kept").steps.size(), 1U);
  EXPECT_GT(outcome_of("kept").attempts, 1);
}

TEST_F(Flushes, SayWhatIsNotKnownWhenNoneSucceeds) {
  add("t");
  fleet.flushes[""] = std::deque<Flush>(10, Flush{.throws = test::lost()});
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::failures);
  EXPECT_THAT(outcome_of("t").failure->hint, StartsWith("It is not known"));
}

TEST_F(Flushes, OfAServerWaitForNoOther) {
  add("here");
  add("there", "other");
  fleet.flushes[""] = {Flush{.waits = true}};
  reporter.when_finished = [&](const Outcome& outcome) {
    if (outcome.target.schema == "there") fleet.release();
  };
  EXPECT_EQ(run().migrated, 2U);
  EXPECT_EQ(reporter.outcomes.front().target.schema, "there");
}

TEST_F(Flushes, HoldLanesBackWhenTheyDoNotEnd) {
  add_many(3000);
  options.page_size = 1000;
  fleet.flushes[""] = {Flush{.waits = true}};
  std::size_t running = 0;
  fleet.when_running = [&](const std::string&) { ++running; };
  // The second signal cancels the flush, so that what was committed is told.
  boost::asio::steady_timer timer(context);
  std::function<void()> look = [&] {
    timer.expires_after(std::chrono::milliseconds(10));
    timer.async_wait([&](const boost::system::error_code& error) {
      if (error) return;
      if (running < 1000) return look();
      ::raise(SIGINT);
      boost::asio::post(context, [] { ::raise(SIGINT); });
    });
  };
  look();
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::stopped);
  EXPECT_LT(running, 1100U);
  EXPECT_EQ(summary.migrated, running);
  EXPECT_GT(summary.not_started, 0U);
}

TEST_F(Flushes, ThrowWhatTheReporterThrows) {
  add_many(5);
  reporter.when_finished = [](const Outcome&) { throw std::runtime_error("a closed pipe"); };
  EXPECT_THROW(run(), std::runtime_error);
}

TEST_F(Flushes, LetTheNextSetOfASchemaBegin) {
  add("t0");
  add("t0");
  source.targets.back().migration_set = "analytics";
  Summary const summary = run();
  EXPECT_EQ(summary.end, Summary::End::done);
  EXPECT_EQ(fleet.migrated["t0"], 2);
}

}  // namespace
}  // namespace tenancy::driver
