// Targets migrated by calls of the extension, in the control database and in another one that has it too.
#include "driver/apply/called_runner.h"

#include <gmock/gmock.h>

#include "tests/system/driver_plain.h"

namespace tenancy::test {
namespace {

using core::Direction;
using driver::Outcome;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::vector<File> kFiles{
    {"001_a.sql", "CREATE TABLE a (id int);\n-- DOWNGRADE\nDROP TABLE a;\n"},
    {"002_b.sql", "CREATE TABLE b (id int);\n-- DOWNGRADE\nDROP TABLE b;\n"},
    {"003_c.sql", "-- MIGRATION_SCOPE: both\nCREATE TABLE c (id int);\n-- DOWNGRADE\nDROP TABLE c;\n"}};

class DriverCalled : public PlainTest {
 protected:
  DriverCalled() { load(kFiles); }

  Outcome call(const driver::Target& target, const driver::Request& request, const std::string& in) {
    driver::Connection session =
        loop().run(driver::Connection::open(driver::Conninfo::parse(cluster().conninfo(in)), soon()));
    driver::CalledRunner runner(store(), request);
    Outcome outcome = loop().run(runner.run(session, target, soon()));
    EXPECT_FALSE(session.in_transaction());
    return outcome;
  }

  Outcome up(const driver::Target& target, const std::string& revision = "head") {
    return call(target, request(Direction::up, revision), database());
  }

  static std::string message_of(const Outcome& outcome) { return outcome.failure ? outcome.failure->message : ""; }
};

TEST_F(DriverCalled, TellsWhatTheExtensionDid) {
  control().exec("CREATE SCHEMA t");
  const Outcome first = up(schema("t"), "001");
  ASSERT_EQ(message_of(first), "");
  EXPECT_EQ(first.from_revision, "base");
  EXPECT_EQ(first.to_revision, "001");
  ASSERT_THAT(first.steps, SizeIs(1));
  EXPECT_EQ(first.steps[0].version, "001");
  const Outcome next = up(schema("t"), "+1");
  EXPECT_EQ(next.to_revision, "002");
  const Outcome none = up(schema("t"), "002");
  EXPECT_THAT(none.steps, IsEmpty());
  EXPECT_EQ(none.from_revision, "002");
  const Outcome down = call(schema("t"), request(Direction::down, "-1"), database());
  ASSERT_EQ(message_of(down), "");
  EXPECT_EQ(down.from_revision, "002");
  EXPECT_EQ(down.to_revision, "001");
}

TEST_F(DriverCalled, CommitsBehindMigrationsThatAddEnumValues) {
  std::vector<File> files = kFiles;
  files.insert(files.end(), {{"004_d.sql", "CREATE TYPE mood AS ENUM ('sad');\n"},
                             {"005_e.sql", "ALTER TYPE mood ADD VALUE 'glad';\n"},
                             {"006_f.sql", "CREATE TABLE f (m mood DEFAULT 'glad');\n"}});
  load(files);
  control().exec("CREATE SCHEMA t");
  ASSERT_EQ(message_of(up(schema("t"), "004")), "");
  const Outcome outcome = up(schema("t"));
  ASSERT_EQ(message_of(outcome), "");
  EXPECT_THAT(outcome.steps, SizeIs(2));
  EXPECT_EQ(outcome.from_revision, "004");
  EXPECT_EQ(outcome.to_revision, "006");
}

TEST_F(DriverCalled, HoldsPinnedTenantsBack) {
  control().exec("CREATE SCHEMA t");
  driver::Target target = schema("t");
  target.pinned_revision = "002";
  const Outcome held = up(target);
  ASSERT_EQ(message_of(held), "");
  EXPECT_EQ(held.to_revision, "002");
  EXPECT_EQ(held.held_at, "002");
  target.pinned_revision = "001";
  const Outcome beyond = up(target);
  EXPECT_EQ(message_of(beyond), "");
  EXPECT_THAT(beyond.steps, IsEmpty());
  EXPECT_EQ(beyond.to_revision, "002");
  target.pinned_revision = "base";
  EXPECT_THAT(up(target).steps, IsEmpty());
}

TEST_F(DriverCalled, MigratesTheSharedSchema) {
  driver::Target target = schema("public");
  target.kind = core::TargetKind::shared;
  const Outcome outcome = up(target);
  ASSERT_EQ(message_of(outcome), "");
  EXPECT_EQ(outcome.to_revision, "003");
  EXPECT_THAT(outcome.steps, SizeIs(1));
}

TEST_F(DriverCalled, NamesTheTargetInFailures) {
  driver::Target target = schema("missing");
  target.tenant = "acme";
  const Outcome outcome = up(target);
  EXPECT_EQ(outcome.state, Outcome::State::failed);
  EXPECT_EQ(outcome.failure.value().sqlstate, "3F000");
  EXPECT_THAT(message_of(outcome), StartsWith("tenant \"acme\" (schema \"missing\"): the schema does not exist"));
}

TEST_F(DriverCalled, BringsTheStoreOfAnotherDatabaseUpToDate) {
  plain().exec(
      "CREATE EXTENSION tenancy; CREATE SCHEMA t;"
      "SELECT tenancy.add_migration('001', 'CREATE TABLE other (id int)')");
  driver::Target target = schema("t");
  target.database = plain_name();
  const Outcome outcome = call(target, request(Direction::up, "head"), plain_name());
  ASSERT_EQ(message_of(outcome), "");
  EXPECT_THAT(outcome.steps, SizeIs(3));
  EXPECT_EQ(plain().value("SELECT count(*) FROM pg_class WHERE relname = 'other'"), "0");
}

TEST_F(DriverCalled, TakesOutOfTheStoreOfAnotherDatabaseWhatIsNoLongerStored) {
  plain().exec(
      "CREATE EXTENSION tenancy; CREATE SCHEMA t;"
      "SELECT tenancy.add_migration('004', 'CREATE TABLE dropped (id int)');"
      "SELECT tenancy.add_migration('004', 'CREATE TABLE kept (id int)', migration_set => 'other')");
  driver::Target target = schema("t");
  target.database = plain_name();
  const Outcome outcome = call(target, request(Direction::up, "head"), plain_name());
  ASSERT_EQ(message_of(outcome), "");
  EXPECT_EQ(outcome.to_revision, "003");
  EXPECT_EQ(plain().value("SELECT string_agg(migration_set || ' ' || version, ',' ORDER BY migration_set, version)"
                          "  FROM tenancy.migrations"),
            "default 001,default 002,default 003,other 004");
}

TEST_F(DriverCalled, LooksUpWhatALostSessionHasDone) {
  control().exec("CREATE SCHEMA t");
  driver::CalledRunner runner(store(), request(Direction::up, "head"));
  const auto conninfo = driver::Conninfo::parse(cluster().conninfo(database()));
  driver::Connection session = loop().run(driver::Connection::open(conninfo, soon()));
  Connection gate = connect();
  gate.exec("BEGIN; SELECT pg_advisory_xact_lock(" + std::to_string(0x746e6379) + ", 't'::regnamespace::oid::int)");
  std::optional<driver::ServerError::Kind> lost;
  loop().start([](driver::CalledRunner& runner, driver::Connection& session, driver::Target target,
                  std::optional<driver::ServerError::Kind>& lost) -> boost::asio::awaitable<void> {
    try {
      (void)co_await runner.run(session, target, soon());
    } catch (const driver::ServerError& error) {
      lost = error.kind();
    }
  }(runner, session, schema("t"), lost));
  loop().context().restart();
  const auto limit = soon();
  while (!lost) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
    loop().context().poll();
    control().query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'");
  }
  gate.exec("COMMIT");
  EXPECT_EQ(lost, driver::ServerError::Kind::lost);
  driver::Connection again = loop().run(driver::Connection::open(conninfo, soon()));
  EXPECT_FALSE(loop().run(runner.look_up(again, schema("t"), soon())));
  ASSERT_EQ(message_of(loop().run(runner.run(again, schema("t"), soon()))), "");
}

}  // namespace
}  // namespace tenancy::test
