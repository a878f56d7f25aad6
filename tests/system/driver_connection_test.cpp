// What a connection of the driver does over a way that does not break.
#include "driver/connection/connection.h"

#include <gmock/gmock.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/system/driver_session.h"

namespace tenancy::test {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators are found in no other way

using driver::BatchResult;
using driver::parameters;
using driver::Result;
using driver::ServerError;
using driver::ServerReport;
using driver::Statement;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;

class DriverConnection : public DriverSessionTest {};

TEST_F(DriverConnection, RunsAStatementWithParameters) {
  driver::Connection session = open();
  const Result result =
      loop_.run(session.query("SELECT $1::int + 1, $2::text IS NULL, $3", parameters("41", std::nullopt, "ä")));
  ASSERT_EQ(result.rows(), 1U);
  EXPECT_EQ(result.columns(), 3U);
  EXPECT_EQ(result.text(0, 0), "42");
  EXPECT_EQ(result.text(0, 1), "t");
  EXPECT_EQ(result.text(0, 2), "ä");
  EXPECT_EQ(result.command(), "SELECT 1");
}

TEST_F(DriverConnection, KnowsItsServer) {
  driver::Connection session = open();
  EXPECT_EQ(std::to_string(session.server_version()), value(session, "SHOW server_version_num"));
  EXPECT_EQ(std::to_string(session.backend_pid()), value(session, "SELECT pg_backend_pid()"));
  EXPECT_EQ(session.parameter_status("client_encoding"), "UTF8");
  EXPECT_EQ(session.parameter_status("no_such_thing"), "");
  EXPECT_EQ(value(session, "SHOW application_name"), "tenancy");
}

TEST_F(DriverConnection, TellsTheWholeErrorOfAStatementAndGoesOn) {
  driver::Connection session = open();
  const ServerError error = error_of(session.query("SELECT 1,\n  nonsense"));
  EXPECT_EQ(error.kind(), ServerError::Kind::refused);
  EXPECT_EQ(error.report().severity, "ERROR");
  EXPECT_EQ(error.report().sqlstate, "42703");
  EXPECT_EQ(error.report().message, "column \"nonsense\" does not exist");
  EXPECT_EQ(error.report().position, 13);

  const ServerReport report = error_of(session.execute(R"(
    DO $$ BEGIN RAISE 'no' USING ERRCODE = 'TE123', DETAIL = 'a detail', HINT = 'a hint'; END $$)"))
                                  .report();
  EXPECT_EQ(report.sqlstate, "TE123");
  EXPECT_EQ(report.message, "no");
  EXPECT_EQ(report.detail, "a detail");
  EXPECT_EQ(report.hint, "a hint");
  EXPECT_THAT(report.context, HasSubstr("PL/pgSQL function inline_code_block line 1 at RAISE"));
  expect_usable(session);
}

TEST_F(DriverConnection, ExecutesAScriptInOneTransaction) {
  driver::Connection session = open();
  loop_.run(session.execute("CREATE TABLE a (x int); INSERT INTO a SELECT generate_series(1, 1000); SELECT * FROM a"));
  const std::string script = "INSERT INTO a VALUES (1); SELECT * FROM a; SELECT nonsense; INSERT INTO a VALUES (2)";
  const ServerError error = error_of(session.execute(script));
  EXPECT_EQ(error.report().position, static_cast<int>(script.find("nonsense")) + 1);
  EXPECT_EQ(value(session, "SELECT count(*) FROM a"), "1000");

  loop_.run(session.execute("BEGIN"));
  EXPECT_TRUE(session.in_transaction());
  error_of(session.execute("SELECT 1/0"));
  EXPECT_TRUE(session.in_transaction());
  loop_.run(session.execute("ROLLBACK"));
  EXPECT_FALSE(session.in_transaction());
  loop_.run(session.execute(""));
  expect_usable(session);
}

TEST_F(DriverConnection, CopiesNothingFromOrToItself) {
  driver::Connection session = open();
  loop_.run(session.execute("CREATE TABLE a (x int)"));
  const ServerError error = error_of(session.execute("INSERT INTO a VALUES (1); COPY a FROM STDIN"));
  EXPECT_EQ(error.kind(), ServerError::Kind::refused);
  EXPECT_EQ(error.sqlstate(), "0A000");
  EXPECT_EQ(error_of(session.query("COPY a FROM STDIN")).sqlstate(), "0A000");
  EXPECT_EQ(value(session, "SELECT count(*) FROM a"), "0");
  loop_.run(session.execute("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000)) TO STDOUT; SELECT 1"));
  expect_usable(session);
  const std::vector<Statement> batch{{"SELECT 1"}, {"COPY a FROM STDIN"}, {"SELECT 2"}};
  const ServerError in_batch = error_of(session.batch(batch));
  EXPECT_EQ(in_batch.kind(), ServerError::Kind::lost);
  EXPECT_EQ(in_batch.sqlstate(), "0A000");
  EXPECT_EQ(error_of(session.query("SELECT 1")).kind(), ServerError::Kind::lost);
}

TEST_F(DriverConnection, RunsABatchInOneTransaction) {
  driver::Connection session = open();
  const std::vector<Statement> batch{
      {"CREATE TABLE a (x int)"}, {"INSERT INTO a SELECT $1::int", parameters("7")}, {"SELECT x FROM a"}};
  const BatchResult result = loop_.run(session.batch(batch));
  EXPECT_FALSE(result.failure.has_value());
  ASSERT_EQ(result.results.size(), 3U);
  EXPECT_EQ(result.results[1].command(), "INSERT 0 1");
  EXPECT_EQ(result.results[2].text(0, 0), "7");
  EXPECT_EQ(loop_.run(session.batch({})).results.size(), 0U);

  // A stream's rows come one by one, a batch's do not.
  loop_.run(session.stream("SELECT 1", {}, [](const Result&) {}));
  const std::vector<Statement> rows{{"SELECT generate_series(1, 3)"}, {"SELECT generate_series(1, 4)"}};
  const BatchResult counted = loop_.run(session.batch(rows));
  ASSERT_EQ(counted.results.size(), 2U);
  EXPECT_EQ(counted.results[0].rows(), 3U);
  EXPECT_EQ(counted.results[1].rows(), 4U);
  expect_usable(session);
}

TEST_F(DriverConnection, SkipsWhatIsBehindAFailureInABatch) {
  driver::Connection session = open();
  const std::vector<Statement> batch{{"CREATE TABLE a (x int)"}, {"SELECT 1 / 0"}, {"SELECT 3"}, {"SELECT 4"}};
  const BatchResult result = loop_.run(session.batch(batch));
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->sqlstate, "22012");
  EXPECT_EQ(result.results.size(), 1U);
  EXPECT_FALSE(session.in_transaction());
  EXPECT_EQ(value(session, "SELECT to_regclass('a') IS NULL"), "t");
}

TEST_F(DriverConnection, RunsTheBatchesBehindOneThatFailed) {
  driver::Connection session = open();
  const std::vector<std::vector<Statement>> batches{{{"CREATE TABLE a (x int)"}, {"BEGIN"}},
                                                    {{"INSERT INTO a VALUES (1)"}, {"SELECT 1 / 0"}, {"SELECT 2"}},
                                                    {{"COMMIT AND CHAIN"}, {"SELECT 3"}},
                                                    {},
                                                    {{"COMMIT"}}};
  std::vector<std::string> told;
  loop_.run(session.batches(batches, [&](const BatchResult& batch) {
    told.push_back(std::to_string(batch.results.size()) + (batch.failure ? " " + batch.failure->sqlstate : ""));
  }));
  EXPECT_THAT(told, ElementsAre("2", "1 22012", "2", "0", "1"));
  EXPECT_FALSE(session.in_transaction());
  loop_.run(session.batches({}, [](const BatchResult&) { FAIL(); }));
  expect_usable(session);
}

TEST_F(DriverConnection, IsLostWithBatchesThatAreLeft) {
  const std::vector<std::vector<Statement>> batches{{{"SELECT 1"}}, {{"SELECT pg_sleep(60)"}}, {{"SELECT 3"}}};
  driver::Connection late = open();
  late.set_time_limit(milliseconds(50));
  int told = 0;
  const ServerError error = error_of(late.batches(batches, [&](const BatchResult&) { ++told; }));
  EXPECT_EQ(error.kind(), ServerError::Kind::lost);
  EXPECT_EQ(error.sqlstate(), "57014");
  EXPECT_THAT(error.what(), HasSubstr("timed out: "));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(error_of(late.query("SELECT 1")).kind(), ServerError::Kind::lost);

  driver::Connection left = open();
  const auto refuse = [](const BatchResult&) { throw std::logic_error("enough"); };
  EXPECT_THROW(loop_.run(left.batches(batches, refuse)), std::logic_error);
  EXPECT_EQ(error_of(left.query("SELECT 1")).kind(), ServerError::Kind::lost);
}

TEST_F(DriverConnection, PreparesOnceWhatItIsToKeep) {
  driver::Connection session = open();
  const std::string prepared =
      "SELECT count(*) || ' ' || coalesce(sum(generic_plans + custom_plans), 0)"
      " FROM pg_prepared_statements";
  std::vector<Statement> statements{
      {"SELECT $1::int + 1", {"1"}, true}, {"SELECT 'once'"}, {"SELECT $1::int + 1", {"2"}, true}};
  const auto run = [&] {
    std::string values;
    const BatchResult reply = loop_.run(session.batch(statements));
    for (const Result& result : reply.results) values += std::string(result.text(0, 0)) + " ";
    return values + (reply.failure ? reply.failure->sqlstate : "");
  };
  EXPECT_EQ(run(), "2 once 3 ");
  EXPECT_EQ(value(session, prepared), "0 0");
  session.keep_statements();
  EXPECT_EQ(run(), "2 once 3 ");
  EXPECT_EQ(value(session, prepared), "1 2");
  EXPECT_EQ(run(), "2 once 3 ");
  EXPECT_EQ(value(session, prepared), "1 4");

  // What failed is another statement, what is behind it is not run, and nothing is forgotten.
  statements[1].sql = "SELECT 1 / 0";
  EXPECT_EQ(run(), "2 22012");
  statements = {{"SELECT nonsense", {}, true}, {"SELECT $1::int + 2", {"2"}, true}};
  EXPECT_EQ(run(), "42703");
  statements = {{"SELECT $1::int + 2", {"2"}, true}, {"SELECT $1::int + 1", {"2"}, true}};
  EXPECT_EQ(run(), "4 3 ");
  EXPECT_EQ(value(session, "SELECT count(*) FROM pg_prepared_statements"), "2");
  expect_usable(session);
}

TEST_F(DriverConnection, PreparesAgainWhatWasTakenAway) {
  driver::Connection session = open();
  session.keep_statements();
  const std::vector<Statement> kept{{"SELECT $1::int + 1", {"1"}, true}};
  ASSERT_FALSE(loop_.run(session.batch(kept)).failure);
  ASSERT_FALSE(loop_.run(session.batch(std::vector<Statement>{{"DEALLOCATE ALL"}})).failure);
  EXPECT_FALSE(loop_.run(session.batch(kept)).failure);
  loop_.run(session.execute("DISCARD ALL"));
  EXPECT_FALSE(loop_.run(session.batch(kept)).failure);
  // Behind its back it costs one failure.
  (void)loop_.run(session.query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"));
  EXPECT_EQ(loop_.run(session.batch(kept)).failure.value().sqlstate, "26000");
  EXPECT_FALSE(loop_.run(session.batch(kept)).failure);
}

TEST_F(DriverConnection, StreamsRowsAndDrainsThemAfterAnException) {
  driver::Connection session = open();
  int rows = 0;
  long sum = 0;
  const auto add = [&](const Result& row) {
    EXPECT_EQ(row.rows(), 1U);
    ++rows;
    sum += std::stol(std::string(row.text(0, 0)));
  };
  loop_.run(session.stream("SELECT generate_series(1, $1::int)", parameters("100000"), add));
  EXPECT_EQ(rows, 100000);
  EXPECT_EQ(sum, 5000050000L);

  const auto refuse = [&](const Result&) {
    ++rows;
    throw std::logic_error("enough");
  };
  EXPECT_THROW(loop_.run(session.stream("SELECT generate_series(1, 1000)", {}, refuse)), std::logic_error);
  EXPECT_EQ(rows, 100001);
  expect_usable(session);

  // The failure comes behind rows.
  rows = 0;
  EXPECT_EQ(
      error_of(session.stream("SELECT 1 / (5 - g) FROM generate_series(1, 9) g", {}, [&](const Result&) { ++rows; }))
          .sqlstate(),
      "22012");
  EXPECT_EQ(rows, 4);
  expect_usable(session);
}

TEST_F(DriverConnection, HandsOverNoticesInOrder) {
  driver::Connection session = open();
  std::vector<std::string> notices;
  session.on_notice([&](const ServerReport& notice) { notices.push_back(notice.severity + " " + notice.message); });
  loop_.run(session.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$"));
  EXPECT_THAT(notices, ElementsAre("NOTICE one", "WARNING two"));

  session.on_notice([](const ServerReport&) { throw std::logic_error("no more"); });
  EXPECT_THROW(loop_.run(session.execute("DO $$ BEGIN RAISE NOTICE 'three'; END $$")), std::logic_error);
  EXPECT_EQ(error_of(session.query("SELECT 1")).kind(), ServerError::Kind::lost);
}

TEST_F(DriverConnection, CarriesLargeStatementsAndResults) {
  driver::Connection session = open();
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(value(session, "SELECT length($1)", parameters(large)), "5000000");
  loop_.run(session.execute("CREATE TABLE a AS SELECT '" + large + "' AS x"));
  const std::vector<Statement> batch(10, Statement{"SELECT length('" + large + "')"});
  const BatchResult lengths = loop_.run(session.batch(batch));
  ASSERT_EQ(lengths.results.size(), 10U);
  EXPECT_EQ(lengths.results[0].text(0, 0), "5000000");
  const Result result = loop_.run(session.query("SELECT x FROM a, generate_series(1, 10)"));
  EXPECT_EQ(result.rows(), 10U);
  EXPECT_EQ(result.text(9, 0), large);
}

TEST_F(DriverConnection, TakesBackWhatADeadlineCutsOff) {
  driver::Connection session = open();
  loop_.run(session.execute("CREATE TABLE a (x int)"));
  const ServerError error =
      error_of(session.execute("INSERT INTO a VALUES (1); SELECT pg_sleep(60)", in(milliseconds(50))));
  EXPECT_EQ(error.kind(), ServerError::Kind::timed_out);
  EXPECT_EQ(error.sqlstate(), "57014");
  EXPECT_EQ(error_of(session.query("SELECT pg_sleep(60)", {}, in(milliseconds(50)))).kind(),
            ServerError::Kind::timed_out);
  const std::vector<Statement> batch{{"INSERT INTO a VALUES (2)"}, {"SELECT pg_sleep(60)"}, {"SELECT 1"}};
  EXPECT_EQ(error_of(session.batch(batch, in(milliseconds(50)))).kind(), ServerError::Kind::timed_out);
  EXPECT_EQ(error_of(session.query("SELECT 1", {}, steady_clock::now())).kind(), ServerError::Kind::timed_out);
  EXPECT_EQ(value(session, "SELECT count(*) FROM a"), "0");

  // A statement_timeout of the server's is no deadline of ours.
  loop_.run(session.execute("SET statement_timeout = 10"));
  EXPECT_EQ(error_of(session.query("SELECT pg_sleep(60)", {}, in(seconds(60)))).kind(), ServerError::Kind::refused);
}

TEST_F(DriverConnection, IsCancelledFromAnotherCoroutine) {
  driver::Connection session = open();
  Connection observer = connect();
  for (int round = 0; round < 20; ++round) {
    loop_.start([](driver::Connection& to_cancel, Connection& watch) -> asio::awaitable<void> {
      const std::string running =
          "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND "
          "state = 'active' AND wait_event = 'PgSleep')";
      asio::steady_timer timer(co_await asio::this_coro::executor);
      while (watch.value(running) != "t") {
        timer.expires_after(milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
      }
      co_await to_cancel.cancel();
    }(session, observer));
    const ServerError error = error_of(session.query("SELECT pg_sleep(60)"));
    EXPECT_EQ(error.kind(), ServerError::Kind::refused);
    EXPECT_EQ(error.sqlstate(), "57014");
    // The request has no effect on what comes next.
    expect_usable(session);
  }
  loop_.run(session.cancel());
  expect_usable(session);
}

TEST_F(DriverConnection, IsLostWhenAnOperationIsLeftInTheMiddle) {
  driver::Connection session = open();
  loop_.run([](driver::Connection& left) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(50));
    const auto first = co_await (left.query("SELECT pg_sleep(60)") || timer.async_wait(asio::use_awaitable));
    EXPECT_EQ(first.index(), 1U);
  }(session));
  const ServerError error = error_of(session.query("SELECT 1"));
  EXPECT_EQ(error.kind(), ServerError::Kind::lost);
  EXPECT_THAT(error.what(), HasSubstr("left in the middle"));
  driver::Connection again = open();
  expect_usable(again);
}

TEST_F(DriverConnection, RefusesZeroBytes) {
  driver::Connection session = open();
  using namespace std::string_view_literals;
  EXPECT_THROW(loop_.run(session.execute("SELECT 1\0; SELECT 2"sv)), std::invalid_argument);
  EXPECT_THROW(loop_.run(session.query("SELECT $1", parameters(std::string("a\0b", 3)))), std::invalid_argument);
  expect_usable(session);
}

}  // namespace
}  // namespace tenancy::test
