// What a connection of the driver does when its way to the server breaks.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <functional>

#include "tests/system/driver_session.h"
#include "tests/system/fault_proxy.h"

namespace tenancy::test {
namespace {

namespace asio = boost::asio;

using driver::Conninfo;
using driver::parameters;
using driver::Result;
using driver::ServerError;
using driver::Statement;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnyOf;
using testing::HasSubstr;

struct Operation {
  const char* name;
  std::function<asio::awaitable<void>(driver::Connection&, driver::Deadline)> run;
};

asio::awaitable<void> query(driver::Connection& session, driver::Deadline deadline) {
  const Result result = co_await session.query("SELECT $1::int", parameters("7"), deadline);
  EXPECT_EQ(result.text(0, 0), "7");
}

asio::awaitable<void> execute(driver::Connection& session, driver::Deadline deadline) {
  co_await session.execute("SELECT generate_series(1, 5); SELECT 1; COPY (SELECT 1) TO STDOUT", deadline);
}

asio::awaitable<void> stream(driver::Connection& session, driver::Deadline deadline) {
  int rows = 0;
  const std::function<void(const Result&)> count = [&rows](const Result&) { ++rows; };
  co_await session.stream("SELECT generate_series(1, 5)", {}, count, deadline);
  EXPECT_EQ(rows, 5);
}

asio::awaitable<void> batch(driver::Connection& session, driver::Deadline deadline) {
  const std::vector<Statement> statements{{"BEGIN"}, {"SELECT $1", parameters("x")}, {"SELECT 2"}, {"COMMIT"}};
  const driver::BatchResult result = co_await session.batch(statements, deadline);
  EXPECT_FALSE(result.failure.has_value());
  EXPECT_EQ(result.results.size(), 4U);
}

const std::vector<Operation> kOperations{{"query", query}, {"execute", execute}, {"stream", stream}, {"batch", batch}};

/// But for libpq's Terminate, which may come when a session is forgotten already.
bool every(const Message& message) { return message.type != 'X'; }

std::ptrdiff_t open_descriptors() { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); }

/// Waits until as many are open: the proxy's and those of threads are closed a little later.
void expect_open_descriptors(std::ptrdiff_t expected) {
  const driver::Deadline deadline = in(seconds(30));
  while (open_descriptors() != expected && std::chrono::steady_clock::now() < deadline) usleep(1000);
  EXPECT_EQ(open_descriptors(), expected);
}

class DriverFault : public DriverSessionTest {
 protected:
  [[nodiscard]] std::string by_proxy() const { return proxy_.conninfo(database()); }
  [[nodiscard]] std::string by_tcp() const { return proxy_.tcp_conninfo(database()); }

  /// True: it was done; false: the connection was lost. Fails the test when it ends in any other way.
  bool is_done(const Operation& operation, driver::Connection& session) {
    try {
      loop_.run(operation.run(session, in(seconds(30))));
      return true;
    } catch (const ServerError& error) {
      EXPECT_EQ(error.kind(), ServerError::Kind::lost) << error.what();
      EXPECT_TRUE(driver::is_transient(error.report())) << error.what();
      EXPECT_EQ(error_of(session.query("SELECT 1")).kind(), ServerError::Kind::lost);
      return false;
    }
  }

  /// Once Asio has made its own.
  std::ptrdiff_t descriptors_when_idle() {
    open();
    return open_descriptors();
  }

  FaultProxy proxy_{cluster().sockets()};
};

TEST_F(DriverFault, AnOperationThatIsCutIsLostAtWhateverMessage) {
  const std::ptrdiff_t descriptors = descriptors_when_idle();
  for (const Operation& operation : kOperations) {
    SCOPED_TRACE(operation.name);
    proxy_.forward_all();
    int messages = 0;
    {
      driver::Connection session = open(by_proxy());
      proxy_.forward_all();
      EXPECT_TRUE(is_done(operation, session));
      messages = proxy_.messages();
    }
    for (const Fate fate : {Fate::cut, Fate::cut_within, Fate::cut_behind, Fate::reset}) {
      for (int at = 1; at <= messages; ++at) {
        SCOPED_TRACE(at);
        proxy_.forward_all();
        driver::Connection session = open(fate == Fate::reset ? by_tcp() : by_proxy());
        proxy_.decide(at_nth(at, fate, every));
        // The client need not see more than the end of what it asked for.
        const bool done = is_done(operation, session);
        EXPECT_TRUE(!done || (at == messages && fate == Fate::cut_behind));
        EXPECT_EQ(proxy_.faults(), 1);
      }
    }
  }
  expect_open_descriptors(descriptors);
}

TEST_F(DriverFault, AConnectionThatIsCutWhileItOpensIsUnreached) {
  const std::ptrdiff_t descriptors = descriptors_when_idle();
  int messages = 0;
  proxy_.decide([&messages](const Message& message) {
    if (every(message)) ++messages;
    return Fate::forward;
  });
  open(by_proxy());
  proxy_.forward_all();
  for (const Fate fate : {Fate::cut, Fate::cut_within}) {
    for (int at = 1; at <= messages; ++at) {
      SCOPED_TRACE(at);
      proxy_.decide(at_nth(at, fate, every));
      const ServerError error = error_of_open(by_proxy());
      EXPECT_TRUE(driver::is_transient(error.report())) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("cannot connect to database \"" + database() + "\" on host \"/"));
    }
  }
  proxy_.forward_all();
  expect_open_descriptors(descriptors);
}

TEST_F(DriverFault, ACommitInFlightMayOrMayNotHaveBeenDone) {
  loop_.run(open().execute("CREATE TABLE a (x text)"));
  const auto insert = [](const std::string& text) { return "BEGIN; INSERT INTO a VALUES ('" + text + "')"; };
  const auto commit = [this, &insert](const std::string& text, FaultProxy::Decide decide) {
    proxy_.forward_all();
    driver::Connection session = open(by_proxy());
    loop_.run(session.execute(insert(text)));
    proxy_.decide(std::move(decide));
    EXPECT_EQ(error_of(session.execute("COMMIT")).kind(), ServerError::Kind::lost);
  };
  commit("before", at_nth(1, Fate::cut, [](const Message& message) {
           return message.to_server && message.type == 'Q' && message.contains("COMMIT");
         }));
  commit("behind", at_nth(1, Fate::cut, [](const Message& message) {
           return !message.to_server && message.type == 'C' && message.contains("COMMIT");
         }));
  driver::Connection session = open();
  EXPECT_EQ(value(session, "SELECT string_agg(x, ',') FROM a"), "behind");
}

TEST_F(DriverFault, AServerThatDoesNotAnswerIsLostAfterTheGrace) {
  for (const Operation& operation : kOperations) {
    SCOPED_TRACE(operation.name);
    proxy_.forward_all();
    driver::Connection session = open(by_proxy());
    session.set_grace(milliseconds(50));
    proxy_.decide(at_nth(1, Fate::stall, [](const Message& message) { return message.type == 'Z'; }));
    const ServerError error = error_of(operation.run(session, in(milliseconds(50))));
    EXPECT_EQ(error.kind(), ServerError::Kind::lost);
    EXPECT_THAT(error.what(), HasSubstr("did not answer in time"));
    EXPECT_TRUE(driver::is_transient(error.report()));
  }
}

TEST_F(DriverFault, ACancelRequestThatIsHeldUpLosesTheSession) {
  driver::Connection session = open(by_proxy());
  session.set_grace(milliseconds(100));
  // A request to cancel is the only first message now.
  proxy_.decide([](const Message& message) { return message.type == 0 ? Fate::stall : Fate::forward; });
  EXPECT_EQ(error_of(session.query("SELECT pg_sleep(60)", {}, in(milliseconds(50)))).kind(), ServerError::Kind::lost);
  EXPECT_GE(proxy_.faults(), 1);

  driver::Connection other = open();
  loop_.run(other.execute("SELECT pg_terminate_backend(" + std::to_string(session.backend_pid()) + ")"));
}

TEST_F(DriverFault, ACancelRequestThatComesTooEarlyIsSentAgain) {
  driver::Connection session = open(by_proxy());
  // The first two requests get lost.
  int requests = 0;
  proxy_.decide(
      [&requests](const Message& message) { return message.type == 0 && ++requests <= 2 ? Fate::cut : Fate::forward; });
  EXPECT_EQ(error_of(session.query("SELECT pg_sleep(60)", {}, in(milliseconds(50)))).kind(),
            ServerError::Kind::timed_out);
  expect_usable(session);
}

TEST_F(DriverFault, AServerThatIsSilentWhileWeConnectIsUnreached) {
  proxy_.decide([](const Message&) { return Fate::stall; });
  ServerError error = error_of_open(by_proxy(), in(milliseconds(50)));
  EXPECT_THAT(error.what(), HasSubstr("the server did not answer in time"));
  EXPECT_TRUE(driver::is_transient(error.report()));
  error = error_of_open(by_tcp() + " connect_timeout=1", driver::kNoDeadline);
  EXPECT_THAT(error.what(), HasSubstr("the server did not answer in time"));
}

TEST_F(DriverFault, AStalledStatementOfFiveMegabytesIsLost) {
  driver::Connection session = open(by_tcp());
  session.set_grace(milliseconds(50));
  // Nothing is read any more, so that our side of the way fills up.
  proxy_.decide(at_nth(1, Fate::stall, [](const Message& message) { return message.contains("first"); }));
  std::vector<Statement> statements{{"SELECT 'first'"}};
  statements.resize(10, Statement{"SELECT '" + std::string(5'000'000, 'x') + "'"});
  EXPECT_EQ(error_of(session.batch(statements, in(milliseconds(50)))).kind(), ServerError::Kind::lost);
}

TEST_F(DriverFault, ASessionThatTheServerEndsIsLostWithTheServersWords) {
  driver::Connection session = open();
  Connection other = connect();
  const std::string end = "SELECT pg_terminate_backend(" + std::to_string(session.backend_pid()) + ")";
  const ServerError error = error_of(session.execute(
      "DO $$ BEGIN " + std::string("PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); END $$")));
  EXPECT_EQ(error.kind(), ServerError::Kind::lost);
  EXPECT_EQ(error.sqlstate(), "57P01");
  EXPECT_EQ(error.report().severity, "FATAL");

  // In a batch, behind statements that were done.
  driver::Connection second = open();
  const std::vector<Statement> statements{{"SELECT 1"},
                                          {"SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)"}};
  const ServerError in_batch = error_of(second.batch(statements));
  EXPECT_EQ(in_batch.kind(), ServerError::Kind::lost);
  EXPECT_EQ(in_batch.sqlstate(), "57P01");

  // While nothing is under way.
  driver::Connection third = open();
  other.value("SELECT pg_terminate_backend(" + std::to_string(third.backend_pid()) + ", 30000)");
  EXPECT_EQ(error_of(third.query("SELECT 1")).sqlstate(), "57P01");
}

TEST_F(DriverFault, ManyRandomCutsLeaveEveryOperationDoneOrLost) {
  proxy_.cut_at_random(20260101, 40);
  int done = 0;
  int lost = 0;
  int unreached = 0;
  std::optional<driver::Connection> session;
  for (int i = 0; i < 400; ++i) {
    try {
      if (!session) session = open(by_proxy());
    } catch (const ServerError& error) {
      EXPECT_EQ(error.kind(), ServerError::Kind::unreached) << error.what();
      EXPECT_TRUE(driver::is_transient(error.report())) << error.what();
      ++unreached;
      continue;
    }
    if (is_done(kOperations[static_cast<std::size_t>(i) % kOperations.size()], *session)) {
      ++done;
    } else {
      ++lost;
      session.reset();
    }
  }
  EXPECT_GT(done, 50);
  EXPECT_GT(lost, 20);
  EXPECT_GT(unreached, 5);
}

}  // namespace
}  // namespace tenancy::test
