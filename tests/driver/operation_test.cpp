#include "driver/fleet/operation.h"

#include <gmock/gmock.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>

#include <csignal>
#include <future>
#include <system_error>

#include "tests/driver/operations.h"

namespace tenancy::driver {
namespace {

using test::Act;
using test::Operations;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using End = Summary::End;

TEST_F(Operations, CarriesEveryTargetOutOnce) {
  add_many(20);
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(summary.targets, 20U);
  EXPECT_EQ(summary.migrated, 20U);
  EXPECT_EQ(summary.not_started, 0U);
  EXPECT_EQ(fleet.migrated.size(), 20U);
  for (const auto& [schema, times] : fleet.migrated) EXPECT_EQ(times, 1) << schema;
  EXPECT_THAT(reporter.outcomes, SizeIs(20));
  EXPECT_EQ(reporter.known, 20U);
  EXPECT_TRUE(reporter.is_complete);
  EXPECT_EQ(reporter.ends, 1);
  EXPECT_LE(fleet.connects, 3U) << "a lane keeps its session";
  EXPECT_EQ(fleet.open_sessions[""], 0U);
}

TEST_F(Operations, SayThatThereWasNothingToDo) {
  source.unchanged = 10;
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::nothing_to_do);
  EXPECT_EQ(summary.targets, 10U);
  EXPECT_EQ(summary.unchanged, 10U);
  EXPECT_EQ(fleet.connects, 0U);
}

TEST_F(Operations, GoOnWhenATargetFails) {
  add_many(5);
  fleet.acts["t1"] = {Act{.fails = test::report("23505", "duplicate")}};
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::failures);
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(summary.migrated, 4U);
  EXPECT_EQ(outcome_of("t1").state, Outcome::State::failed);
  EXPECT_EQ(outcome_of("t1").failure->message, "duplicate");
  EXPECT_EQ(outcome_of("t1").attempts, 1);
}

TEST_F(Operations, TryBusyTargetsAgain) {
  add_many(5);
  fleet.acts["t0"] = {Act{.fails = test::report("55P03")}, Act{.fails = test::report("40P01")}};
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(summary.retries, 2U);
  EXPECT_EQ(outcome_of("t0").attempts, 3);
  EXPECT_GT(outcome_of("t0").waited.count(), 0);
  EXPECT_THAT(reporter.retries, ElementsAre("t0 55P03 1", "t0 40P01 2"));
}

TEST_F(Operations, GiveABusyTargetUpAfterItsAttempts) {
  add_many(2);
  fleet.acts["t0"] = std::deque<Act>(10, Act{.fails = test::report("55P03")});
  Summary const summary = run();
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(outcome_of("t0").attempts, 3);
  EXPECT_EQ(outcome_of("t0").failure->sqlstate, "55P03");
}

TEST_F(Operations, LookUpWhatASessionWasLostIn) {
  add("done");
  add("undone");
  fleet.acts["done"] = {Act{.throws = test::lost(), .done_when_lost = true}};
  fleet.acts["undone"] = {Act{.throws = test::lost()}};
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(fleet.migrated["done"], 1);
  EXPECT_EQ(fleet.migrated["undone"], 1);
  EXPECT_EQ(std::count(fleet.log.begin(), fleet.log.end(), "run done"), 1);
  EXPECT_EQ(std::count(fleet.log.begin(), fleet.log.end(), "run undone"), 2);
  EXPECT_EQ(outcome_of("done").steps.size(), 1U);
}

TEST_F(Operations, SayWhatIsNotKnownWhenSessionsAreLostAgainAndAgain) {
  add("a");
  fleet.acts["a"] = std::deque<Act>(10, Act{.throws = test::lost()});
  Summary const summary = run();
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(outcome_of("a").attempts, 3);
  EXPECT_THAT(outcome_of("a").failure->hint, HasSubstr("not known"));
}

TEST_F(Operations, ReconnectToAServerThatWasAway) {
  add_many(6);
  options.lanes = 1;
  fleet.acts["t2"] = {Act{.throws = test::lost()}};
  fleet.when_running = [this](const std::string& schema) {
    if (schema != "t2" || fleet.acts["t2"].empty()) return;
    fleet.refusals[""] = std::deque<ServerError>(4, test::unreached("57P03", "the database system is starting up"));
  };
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(summary.migrated, 6U);
  EXPECT_EQ(fleet.connects, 6U);
  EXPECT_THAT(reporter.notes, ElementsAre(HasSubstr("cannot be reached"), "the server is there again"));
}

TEST_F(Operations, FailTheTargetsOfAServerThatIsNotThere) {
  add_many(50, "eu");
  add("here", "us");
  fleet.refusals["eu"] = std::deque<ServerError>(50, test::unreached());
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::failures);
  EXPECT_EQ(summary.failed, 50U);
  EXPECT_EQ(summary.migrated, 1U);
  EXPECT_LE(fleet.connects, 3U + 3U + 1U);
  EXPECT_THAT(reporter.warnings, ElementsAre("server \"eu\" is given up: Connection refused"));
}

TEST_F(Operations, CannotConnectWhenNoServerIsThere) {
  add_many(5);
  fleet.refusals[""] = std::deque<ServerError>(50, test::unreached());
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::cannot_connect);
  EXPECT_EQ(summary.failed, 5U);
}

TEST_F(Operations, FailTargetsWhoseDatabaseIsNotThereAlone) {
  add("a", "", "a");
  add("b", "", "b");
  options.lanes = 1;
  fleet.refusals[""] = {test::unreached("3D000", "database \"a\" does not exist")};
  Summary const summary = run();
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(summary.migrated, 1U);
}

TEST_F(Operations, GoOnWithFewerLanesWhereConnectionsAreShort) {
  for (int i = 0; i < 30; ++i) add("t" + std::to_string(i), "", "d" + std::to_string(i));
  options.lanes = 8;
  fleet.most_sessions = 2;
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(summary.migrated, 30U);
  EXPECT_EQ(summary.retries, 0U) << "that is no attempt";
  EXPECT_THAT(reporter.notes, ElementsAre(HasSubstr("no connection free")));
}

TEST_F(Operations, KeepServersBelowTheirBounds) {
  for (int i = 0; i < 20; ++i) {
    add("e" + std::to_string(i), "eu", "e" + std::to_string(i));
    add("u" + std::to_string(i), "us");
  }
  options.lanes = 10;
  options.per_server = 2;
  EXPECT_EQ(run().migrated, 40U);
  EXPECT_EQ(fleet.peak_sessions["eu"], 2U);
  EXPECT_EQ(fleet.peak_sessions["us"], 2U);
}

TEST_F(Operations, UseOtherServersWhenTheFirstPagesAreOfOne) {
  add_many(30, "eu");
  add("other", "us");
  options.lanes = 2;
  options.per_server = 1;
  fleet.acts["t0"] = {Act{.waits = true}};
  // Released by the last target of the source: it must not wait for the first one.
  fleet.when_running = [this](const std::string& schema) {
    if (schema == "other") fleet.release();
  };
  EXPECT_EQ(run().migrated, 31U);
}

TEST_F(Operations, DoNotReadTheFleetAtOnce) {
  add_many(100);
  std::size_t most_ahead = 0;
  reporter.when_finished = [&](const Outcome&) {
    most_ahead = std::max(most_ahead, source.given - reporter.outcomes.size());
  };
  EXPECT_EQ(run().migrated, 100U);
  EXPECT_LE(most_ahead, 3 * options.page_size + options.lanes);
}

TEST_F(Operations, StopWhenTheSharedSchemaFails) {
  add_shared();
  add_many(5);
  fleet.acts["public"] = {Act{.fails = test::report("42601")}};
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::stopped);
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_THAT(summary.reason, HasSubstr("the shared schema failed"));
  EXPECT_THAT(fleet.migrated, IsEmpty());
  EXPECT_THAT(reporter.outcomes, SizeIs(1));
}

TEST_F(Operations, LeaveTenantsOfADatabaseWhoseSharedSchemaFailed) {
  add_shared("pool");
  add("a", "", "pool");
  add("b", "", "other");
  fleet.acts["public"] = {Act{.fails = test::report("42601")}};
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::failures);
  EXPECT_EQ(summary.failed, 2U);
  EXPECT_EQ(summary.migrated, 1U);
  EXPECT_THAT(outcome_of("a").failure->message, HasSubstr("left as it is"));
}

TEST_F(Operations, TakeTheSharedSchemaLastDownwards) {
  add_many(4);
  add_shared();
  fleet.acts["t1"] = {Act{.fails = test::report("40001")}};
  Summary const summary = run(core::Direction::down);
  EXPECT_EQ(summary.end, End::done);
  EXPECT_EQ(fleet.log.back(), "run public");
}

TEST_F(Operations, StopWhenTooManyFail) {
  add_many(20);
  options.max_failures = {.most = 1};
  options.lanes = 1;
  for (const char* const id : {"t0", "t1", "t2"}) fleet.acts[id] = {Act{.fails = test::report("23505")}};
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::stopped);
  EXPECT_EQ(summary.failed, 2U);
  EXPECT_EQ(summary.migrated, 0U);
  EXPECT_GT(summary.not_started, 0U);
  EXPECT_THAT(summary.reason, HasSubstr("more than are allowed"));
}

TEST_F(Operations, LetRunningTargetsEndAtTheFirstSignal) {
  add_many(20);
  for (const char* const id : {"t0", "t1", "t2"}) fleet.acts[id] = {Act{.waits = true}};
  fleet.when_running = [this](const std::string& schema) {
    if (schema != "t2") return;
    std::raise(SIGTERM);
    boost::asio::co_spawn(
        context,
        [this]() -> boost::asio::awaitable<void> {
          boost::asio::steady_timer timer(context);
          while (reporter.notes.empty()) {
            timer.expires_after(std::chrono::milliseconds(1));
            co_await timer.async_wait(boost::asio::use_awaitable);
          }
          fleet.release();
        },
        boost::asio::detached);
  };
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::stopped);
  EXPECT_EQ(summary.reason, "SIGTERM");
  EXPECT_EQ(summary.migrated, 3U);
  EXPECT_EQ(summary.cancelled, 0U);
  EXPECT_THAT(reporter.outcomes, SizeIs(3));
}

TEST_F(Operations, CancelRunningTargetsAtTheSecondSignal) {
  add_many(20);
  for (const char* const id : {"t0", "t1", "t2"}) fleet.acts[id] = {Act{.waits = true}};
  fleet.when_running = [](const std::string& schema) {
    if (schema != "t2") return;
    std::raise(SIGINT);
    std::raise(SIGINT);
  };
  Summary const summary = run();
  EXPECT_EQ(summary.end, End::stopped);
  EXPECT_EQ(summary.migrated, 0U);
  EXPECT_EQ(summary.cancelled, 3U);
  for (const Outcome& outcome : reporter.outcomes) EXPECT_EQ(outcome.state, Outcome::State::cancelled);
}

TEST_F(Operations, ThrowWhatTheSourceThrowsBeforeAnyTarget) {
  source.errors = {std::make_exception_ptr(std::runtime_error("no revision matches"))};
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_EQ(reporter.ends, 0);
}

TEST_F(Operations, ReadAPageAgainWhoseSessionWasLost) {
  add_many(4);
  source.errors = {std::make_exception_ptr(test::unreached()), std::make_exception_ptr(test::unreached())};
  EXPECT_EQ(run().migrated, 4U);
}

TEST_F(Operations, ThrowWhatTheReporterThrowsWhenItsTargetsHaveEnded) {
  add_many(20);
  reporter.when_finished = [](const Outcome&) {
    throw std::system_error(std::make_error_code(std::errc::broken_pipe));
  };
  EXPECT_THROW(run(), std::system_error);
  EXPECT_EQ(fleet.open_sessions[""], 0U);
}

}  // namespace
}  // namespace tenancy::driver
