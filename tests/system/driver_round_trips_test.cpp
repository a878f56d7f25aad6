// How often a target is asked and answered, when it is in a database of its own, and how often many schemas of one are.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "driver/apply/called_runner.h"
#include "driver/fleet/elsewhere.h"
#include "tests/system/driver_plain.h"
#include "tests/system/fault_proxy.h"

namespace tenancy::test {
namespace {

using core::Direction;
using driver::Outcome;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class DriverRoundTrips : public PlainTest {
 protected:
  DriverRoundTrips() : proxy_(cluster().sockets()) {
    load({{"001_a.sql", "CREATE TABLE a (id int);\n"}, {"002_b.sql", "CREATE TABLE b (id int);\n"}});
    proxy_.decide([this](const Message& message) {
      // A batch ends with a message of this type.
      if (message.to_server && message.type == 'S') ++batches_;
      return Fate::forward;
    });
    restart("head");
  }

  /// Makes a database with an empty schema t; with the extension if that is asked for.
  std::string make_database(const std::string& suffix, bool with_extension) {
    const std::string name = database() + "_" + suffix;
    make(name);
    cluster().connect(name).exec("CREATE SCHEMA t");
    if (with_extension) cluster().connect(name).exec("CREATE EXTENSION tenancy");
    return name;
  }

  /// What knows nothing yet of any database.
  void restart(const std::string& revision) {
    runner_ = std::make_unique<driver::CalledRunner>(store(), request(Direction::up, revision));
  }

  Outcome up(const std::string& database) {
    driver::Connection session =
        loop().run(driver::Connection::open(driver::Conninfo::parse(proxy_.conninfo(database)), soon()));
    driver::Target target = schema("t");
    target.database = database;
    batches_ = 0;
    Outcome outcome = loop().run(runner_->run(session, target, soon()));
    EXPECT_EQ(outcome.failure ? outcome.failure->message : "", "");
    EXPECT_FALSE(session.in_transaction());
    return outcome;
  }

  int batches() const { return batches_; }
  static Value stored_in(const std::string& database) {
    return cluster().connect(database).value("SELECT count(*) FROM tenancy.migrations");
  }

 private:
  std::atomic<int> batches_ = 0;
  FaultProxy proxy_;
  std::unique_ptr<driver::CalledRunner> runner_;
};

TEST_F(DriverRoundTrips, AreTwoToStoreAndMigrateAndOneAfterwards) {
  const std::string name = make_database("there", true);
  EXPECT_THAT(up(name).steps, SizeIs(2));
  EXPECT_EQ(batches(), 2);
  EXPECT_THAT(up(name).steps, IsEmpty());
  EXPECT_EQ(batches(), 1);
  restart("head");
  EXPECT_THAT(up(name).steps, IsEmpty());
  EXPECT_EQ(batches(), 1);
  EXPECT_EQ(stored_in(name), "2");
}

TEST_F(DriverRoundTrips, AreOneWhenAnotherDriverHasStored) {
  const std::string name = make_database("there", true);
  restart("001");
  EXPECT_THAT(up(name).steps, SizeIs(1));
  restart("head");
  EXPECT_THAT(up(name).steps, SizeIs(1));
  EXPECT_EQ(batches(), 1);
}

TEST_F(DriverRoundTrips, AreTwoWithoutTheExtensionOnceOneDatabaseHasTold) {
  const std::string first = make_database("first", false);
  const std::string second = make_database("second", false);
  EXPECT_THAT(up(first).steps, SizeIs(2));
  EXPECT_EQ(batches(), 3);
  EXPECT_THAT(up(second).steps, SizeIs(2));
  EXPECT_EQ(batches(), 2);
  EXPECT_THAT(up(second).steps, IsEmpty());
  EXPECT_EQ(batches(), 1);
}

TEST_F(DriverRoundTrips, GoUpByOneWhenTheGuessWasWrong) {
  EXPECT_THAT(up(make_database("without", false)).steps, SizeIs(2));
  const std::string with = make_database("with", true);
  EXPECT_THAT(up(with).steps, SizeIs(2));
  EXPECT_EQ(stored_in(with), "2");
  EXPECT_THAT(up(make_database("again", false)).steps, SizeIs(2));
}

TEST_F(DriverRoundTrips, DoNotTakeAnySchemaForTheExtension) {
  EXPECT_THAT(up(make_database("without", false)).steps, SizeIs(2));
  const std::string name = make_database("own", false);
  cluster().connect(name).exec("CREATE SCHEMA tenancy");
  EXPECT_THAT(up(name).steps, SizeIs(2));
  EXPECT_THAT(up(name).steps, IsEmpty());
}

/// Looks at schemas of the database without the extension.
class DriverLooks : public PlainTest {
 protected:
  DriverLooks() : proxy_(cluster().sockets()) { load({{"001_a.sql", "CREATE TABLE a (id int);\n"}}); }

  /// The empty schemas s_1, s_2, …
  void make_schemas(int count) {
    plain().exec("DO $$ BEGIN FOR i IN 1.." + std::to_string(count) +
                 " LOOP EXECUTE 'CREATE SCHEMA s_' || i; END LOOP; END $$");
    for (int i = 1; i <= count; ++i) targets_.push_back(schema("s_" + std::to_string(i)));
  }
  void upgrade(int number) {
    EXPECT_THAT(migrate(targets_[number - 1], request(Direction::up, "head")).steps, SizeIs(1));
  }

  /// By the numbers of the schemas, less one.
  std::vector<driver::TargetTracking> look() {
    driver::Request request;
    request.lock_timeout = lock_timeout_;
    std::vector<driver::TargetTracking> seen(targets_.size());
    std::vector<std::size_t> order;
    auto const see = [&](std::size_t i, const driver::TargetTracking& tracking) {
      order.push_back(i);
      seen[i] = tracking;
    };
    auto const others = [](const driver::Target&) { return std::vector<std::string>{"other"}; };
    driver::ServerDirectory const servers(driver::Conninfo::parse(proxy_.conninfo(plain_name())));
    loop().run(driver::look_elsewhere(servers, targets_, request, {}, see, others));
    EXPECT_THAT(order, SizeIs(targets_.size()));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    return seen;
  }
  std::vector<std::string> states() {
    std::vector<std::string> states;
    for (const driver::TargetTracking& one : look()) states.push_back(one.state);
    return states;
  }

  FaultProxy proxy_;
  std::vector<driver::Target> targets_;
  std::chrono::milliseconds lock_timeout_{500};
};

TEST_F(DriverLooks, AskForSeveralSchemasInOneRoundTrip) {
  // No more than can be under way to a server that does not read.
  constexpr int kSchemas = 4;
  make_schemas(kSchemas);
  upgrade(1);
  upgrade(3);
  lock_timeout_ = std::chrono::seconds(10);
  // The first of them is not answered before the last one is on its way.
  Connection other = cluster().connect(plain_name());
  other.exec("BEGIN; LOCK TABLE s_1.schema_migrations");
  int asked = 0;
  int round_trips = 0;
  bool is_answered = true;
  proxy_.decide([&](const Message& message) {
    if (!message.to_server) {
      is_answered = is_answered || message.type == 'Z';
    } else if (message.type == 'S') {
      ++asked;
      if (asked <= kSchemas && std::exchange(is_answered, false)) ++round_trips;
      if (asked == kSchemas) other.exec("ROLLBACK");
    }
    return Fate::forward;
  });
  const std::vector<driver::TargetTracking> seen = look();
  proxy_.forward_all();
  EXPECT_GE(asked, kSchemas);
  EXPECT_EQ(round_trips, 1);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].state, "") << seen[i].detail;
    EXPECT_THAT(seen[i].applied, SizeIs(i == 0 || i == 2 ? 1 : 0));
    EXPECT_THAT(seen[i].applied_of_others.at("other"), IsEmpty());
  }
}

TEST_F(DriverLooks, FailForOneSchemaAlone) {
  make_schemas(205);
  for (const int number : {1, 99, 100, 101, 102, 205}) upgrade(number);
  plain().exec(
      "INSERT INTO s_99.schema_migrations (migration_set, version, description, checksum, state, applied_at,"
      " applied_by, duration) SELECT 'other', version, description, checksum, state, applied_at, applied_by, duration"
      " FROM s_99.schema_migrations");
  plain().exec(
      "DROP SCHEMA s_3; DROP TABLE s_100.schema_migrations;"
      "CREATE TABLE s_100.schema_migrations (version bigint)");
  lock_timeout_ = std::chrono::milliseconds(1);
  Connection other = cluster().connect(plain_name());
  other.exec("BEGIN; LOCK TABLE s_102.schema_migrations");
  const std::map<int, std::string> wrong{{3, "missing"}, {100, "foreign"}, {102, "locked"}};
  const std::vector<driver::TargetTracking> seen = look();
  for (int number = 1; number <= 205; ++number) {
    const driver::TargetTracking& one = seen[number - 1];
    EXPECT_EQ(one.state, wrong.contains(number) ? wrong.at(number) : "") << number << ": " << one.detail;
    const bool is_applied = number == 1 || number == 99 || number == 101 || number == 205;
    EXPECT_THAT(one.applied, SizeIs(is_applied ? 1 : 0)) << number;
  }
  EXPECT_THAT(seen[98].applied_of_others.at("other"), SizeIs(1));
}

TEST_F(DriverLooks, KeepWhatWasSeenBeforeTheSessionWasLost) {
  make_schemas(4);
  // The first answer is that of the server which lets us in.
  proxy_.decide(at_nth(4, Fate::cut, [](const Message& message) { return !message.to_server && message.type == 'Z'; }));
  EXPECT_THAT(states(), ElementsAre("", "", "unreachable", "unreachable"));
  proxy_.forward_all();
  EXPECT_THAT(states(), Each(""));
}

}  // namespace
}  // namespace tenancy::test
