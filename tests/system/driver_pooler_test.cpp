// Connections of the driver through PgBouncer, which pools transactions.
#include <gmock/gmock.h>

#include "tests/system/driver_session.h"
#include "tests/system/pooler.h"

namespace tenancy::test {
namespace {

namespace asio = boost::asio;

using driver::BatchResult;
using driver::is_transient;
using driver::parameters;
using driver::Result;
using driver::ServerError;
using driver::ServerReport;
using driver::Statement;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class DriverPooler : public DriverSessionTest {
 protected:
  driver::Connection open_pooled() { return open(pooler_.conninfo(database())); }

  Pooler pooler_{cluster()};
};

TEST_F(DriverPooler, DoesAllThatATransactionCan) {
  driver::Connection session = open_pooled();
  EXPECT_EQ(std::to_string(session.server_version()), value(session, "SHOW server_version_num"));
  EXPECT_EQ(value(session, "SELECT $1::text", parameters("ä")), "ä");
  std::vector<std::string> notices;
  session.on_notice([&](const ServerReport& notice) { notices.push_back(notice.message); });
  loop_.run(session.execute(
      "BEGIN; SET LOCAL lock_timeout = 77; CREATE TABLE a (x text); DO $$ BEGIN RAISE NOTICE 'one'; END $$"));
  EXPECT_TRUE(session.in_transaction());
  EXPECT_EQ(value(session, "SHOW lock_timeout"), "77ms");
  loop_.run(session.execute("COMMIT"));
  EXPECT_FALSE(session.in_transaction());
  EXPECT_THAT(notices, ElementsAre("one"));

  const std::vector<Statement> batch{
      {"BEGIN"}, {"INSERT INTO a SELECT $1", parameters(std::string(5'000'000, 'x'))}, {"COMMIT"}, {"TABLE a"}};
  const BatchResult result = loop_.run(session.batch(batch));
  EXPECT_FALSE(result.failure.has_value());
  ASSERT_EQ(result.results.size(), 4U);
  EXPECT_EQ(result.results[3].text(0, 0).size(), 5'000'000U);
  int rows = 0;
  loop_.run(session.stream("SELECT generate_series(1, 10000)", {}, [&rows](const Result&) { ++rows; }));
  EXPECT_EQ(rows, 10000);

  const std::vector<Statement> failing{{"BEGIN"}, {"INSERT INTO a VALUES ('y')"}, {"SELECT 1 / 0"}, {"COMMIT"}};
  EXPECT_EQ(loop_.run(session.batch(failing)).failure.value_or(ServerReport{}).sqlstate, "22012");
  EXPECT_TRUE(session.in_transaction());
  loop_.run(session.execute("ROLLBACK"));
  EXPECT_EQ(value(session, "SELECT count(*) FROM a"), "1");
}

TEST_F(DriverPooler, RunsBatchesThatFollowEachOther) {
  driver::Connection session = open_pooled();
  std::vector<std::vector<Statement>> batches{{{"BEGIN"}, {"SELECT 1 / 0"}}};
  batches.resize(100, {{"COMMIT AND CHAIN"}, {"SELECT repeat('x', 10000)"}, {"SELECT 1 / 0"}});
  batches.push_back({{"COMMIT"}});
  int told = 0;
  loop_.run(session.batches(batches, [&](const BatchResult& batch) {
    const std::size_t done = told == 0 || told == 100 ? 1 : 2;
    EXPECT_EQ(batch.results.size(), done);
    EXPECT_EQ(batch.failure.has_value(), told < 100);
    ++told;
  }));
  EXPECT_EQ(told, 101);
  EXPECT_FALSE(session.in_transaction());
  expect_usable(session);
}

TEST_F(DriverPooler, CancelsWhatIsLateAndNothingElse) {
  driver::Connection late = open_pooled();
  driver::Connection other = open_pooled();
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(error_of(late.query("SELECT pg_sleep(60)", {}, in(milliseconds(20)))).kind(),
              ServerError::Kind::timed_out);
    expect_usable(late);
    expect_usable(other);
  }
}

TEST_F(DriverPooler, ServesMoreClientsThanItHasServerSessions) {
  const Pooler small(cluster(), {{"default_pool_size", "2"}});
  std::vector<driver::Connection> sessions;
  for (int i = 0; i < 20; ++i) sessions.push_back(open(small.conninfo(database())));
  loop_.run(sessions[0].execute("CREATE TABLE a (x int)"));
  int done = 0;
  for (driver::Connection& session : sessions) {
    loop_.start([](driver::Connection& own, int& count) -> asio::awaitable<void> {
      for (int i = 0; i < 10; ++i) {
        co_await own.execute("BEGIN; SELECT set_config('lock_timeout', '77', true); INSERT INTO a VALUES (1); COMMIT");
        const Result setting = co_await own.query("SHOW lock_timeout");
        EXPECT_EQ(setting.text(0, 0), "0");
        ++count;
      }
    }(session, done));
  }
  loop_.run_rest();
  EXPECT_EQ(done, 200);
  EXPECT_EQ(value(sessions[7], "SELECT count(*) FROM a"), "200");
  EXPECT_EQ(value(sessions[7], "SELECT count(*) <= 2 FROM pg_stat_activity WHERE datname = current_database()"), "t");
}

TEST_F(DriverPooler, LosesWhatWaitsForAServerSessionTooLong) {
  const Pooler small(cluster(), {{"default_pool_size", "1"}, {"query_wait_timeout", "1"}});
  driver::Connection holder = open(small.conninfo(database()));
  loop_.run(holder.execute("BEGIN"));

  // PgBouncer does not answer a request to cancel what it has not begun.
  driver::Connection waiting = open(small.conninfo(database()));
  waiting.set_grace(milliseconds(50));
  EXPECT_EQ(error_of(waiting.query("SELECT 1", {}, in(milliseconds(50)))).kind(), ServerError::Kind::lost);

  driver::Connection refused = open(small.conninfo(database()));
  const ServerError error = error_of(refused.query("SELECT 1", {}, in(seconds(60))));
  EXPECT_EQ(error.kind(), ServerError::Kind::lost);
  EXPECT_EQ(error.report().message, "query_wait_timeout");
  EXPECT_TRUE(is_transient(error.report()));
  expect_usable(holder);
}

TEST_F(DriverPooler, TellsWhoeverIsNotLetInWhy) {
  const ServerError options = error_of_open(pooler_.conninfo(database()) + " options='-c lock_timeout=7'");
  EXPECT_THAT(options.what(), HasSubstr("unsupported startup parameter: options"));
  EXPECT_FALSE(is_transient(options.report()));
  const ServerError nowhere = error_of_open(pooler_.conninfo("nowhere"));
  EXPECT_THAT(nowhere.what(), HasSubstr("database \"nowhere\" does not exist"));
  EXPECT_FALSE(is_transient(nowhere.report()));

  const Pooler full(cluster(), {{"max_client_conn", "1"}});
  driver::Connection only = open(full.conninfo(database()));
  const ServerError error = error_of_open(full.conninfo(database()));
  EXPECT_THAT(error.what(), HasSubstr("no more connections allowed (max_client_conn)"));
  EXPECT_TRUE(is_transient(error.report()));
  expect_usable(only);
}

TEST_F(DriverPooler, GoesOnWhenTheServerBehindItHasRestarted) {
  Cluster server;
  const Pooler pooler(server);
  driver::Connection in_transaction = open(pooler.conninfo("postgres"));
  driver::Connection idle = open(pooler.conninfo("postgres"));
  loop_.run(in_transaction.execute("BEGIN"));
  server.restart();
  const ServerError lost = error_of(in_transaction.query("SELECT 1"));
  EXPECT_EQ(lost.kind(), ServerError::Kind::lost);
  EXPECT_EQ(lost.sqlstate(), "57P01");
  EXPECT_TRUE(is_transient(lost.report()));
  expect_usable(idle);
}

}  // namespace
}  // namespace tenancy::test
