// How often a target is asked and answered, when it is in a database of its own.
#include <gmock/gmock.h>

#include <atomic>

#include "driver/apply/called_runner.h"
#include "tests/system/driver_plain.h"
#include "tests/system/fault_proxy.h"

namespace tenancy::test {
namespace {

using core::Direction;
using driver::Outcome;
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

}  // namespace
}  // namespace tenancy::test
