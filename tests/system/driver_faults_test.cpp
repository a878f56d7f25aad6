// Whatever breaks while the driver works: every target ends as it should, and every migration is applied there once.
#include <gmock/gmock.h>

#include <csignal>
#include <set>
#include <thread>

#include "tests/system/driver_fleet.h"
#include "tests/system/fault_proxy.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;

constexpr int kDone = 0;
constexpr int kStopped = 3;

using DriverFaults = FleetTest;

const std::vector<std::string> kPatient{"--max-attempts", "1000", "--retry-delay", "1ms", "--max-retry-delay", "20ms"};

std::vector<std::string> patient(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), kPatient.begin(), kPatient.end());
  return arguments;
}

TEST_F(DriverFaults, FinishesThroughHundredsOfCuts) {
  add_migrations({"001", "002", "003"});
  add_schemas(60);
  add_databases(10);
  FaultProxy here(cluster().sockets());
  FaultProxy there(other_cluster().sockets());
  register_other(there.conninfo("postgres"));
  add_databases_on_other(20);
  control_conninfo_ = here.conninfo(database());
  int faults = 0;
  std::uint32_t seed = 1;
  // Up, and down to where the next round has something to do.
  for (; faults < 300; ++seed) {
    here.cut_at_random(seed, 200);
    there.cut_at_random(seed + 1000, 200);
    DriverProcess up = start(patient({"upgrade"}));
    int const exit_code = up.wait();
    faults += here.faults() + there.faults();
    here.forward_all();
    there.forward_all();
    // The session that reads the settings may be cut too: then nothing was begun.
    EXPECT_THAT(exit_code, testing::AnyOf(0, 4)) << "seed " << seed << "\n" << up.output() << up.error();
    DriverProcess rest = start({"upgrade"});
    ASSERT_EQ(rest.wait(), kDone) << "seed " << seed << "\n" << rest.output() << rest.error();
    if (faults >= 300) break;
    ASSERT_EQ(start({"downgrade", "base"}).wait(), kDone) << "seed " << seed;
  }
  expect_fleet_is_complete();
}

/// Every n-th of these answers is lost on the way, after the server has done what was asked.
FaultProxy::Decide losing_every(int n, char type, std::string text) {
  return [n, type, text = std::move(text), seen = 0](const Message& message) mutable {
    bool const is_meant = !message.to_server && message.type == type && message.contains(text);
    return is_meant && ++seen % n == 0 ? Fate::cut : Fate::forward;
  };
}

TEST_F(DriverFaults, LooksUpACommitWhoseAnswerIsLost) {
  add_migrations({"001"});
  add_schemas(10);
  FaultProxy proxy(cluster().sockets());
  control_conninfo_ = proxy.conninfo(database());
  proxy.decide(losing_every(2, 'C', "COMMIT"));
  DriverProcess driver = start(patient({"upgrade", "--plain"}));
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_GT(proxy.faults(), 0);
  expect_fleet_is_complete();
}

TEST_F(DriverFaults, LooksUpACallWhoseAnswerIsLost) {
  add_migrations({"001"});
  add_schemas(10);
  FaultProxy proxy(cluster().sockets());
  control_conninfo_ = proxy.conninfo(database());
  // The end of a batch that calls, behind its commit.
  proxy.decide([callers = std::set<int>(), seen = 0](const Message& message) mutable {
    if (message.to_server && message.contains("SELECT from_revision, to_revision")) callers.insert(message.connection);
    bool const is_meant = !message.to_server && message.type == 'Z' && callers.contains(message.connection);
    return is_meant && ++seen % 3 == 0 ? Fate::cut : Fate::forward;
  });
  DriverProcess driver = start(patient({"upgrade"}));
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_GT(proxy.faults(), 0);
  expect_fleet_is_complete();
}

TEST_F(DriverFaults, GoesOnWhenTheServerIsRestarted) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(12);
  hold_gate();
  DriverProcess driver = start({"upgrade", "-c", "3", "--lock-timeout", "0"});
  wait_at_gate(3);
  open_gate();
  cluster().restart();
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  expect_fleet_is_complete();
}

TEST_F(DriverFaults, GoesOnWhenTheServerCrashes) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(12);
  hold_gate();
  DriverProcess driver = start({"upgrade", "-c", "3", "--lock-timeout", "0"});
  wait_at_gate(3);
  cluster().crash();
  open_gate();
  cluster().start();
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_THAT(driver.output() + driver.error(), HasSubstr("cannot be reached"));
  expect_fleet_is_complete();
}

TEST_F(DriverFaults, LeavesWhatASecondRunFinishesWhenItIsKilled) {
  add_migrations({"001"});
  add_gated_migration("002");
  add_schemas(12);
  hold_gate();
  DriverProcess driver = start({"upgrade", "-c", "4", "--lock-timeout", "0"});
  wait_at_gate(4);
  driver.send(SIGKILL);
  EXPECT_EQ(driver.wait(), -SIGKILL);
  // The second one comes while the sessions of the first still wait at the gate.
  DriverProcess second = start(patient({"upgrade", "--lock-timeout", "100ms", "--verbose"}));
  second.wait_until_it_says("retrying");
  open_gate();
  EXPECT_EQ(second.wait(), kDone) << second.output() << second.error();
  expect_fleet_is_complete();
}

TEST_F(DriverFaults, WorksBesideAnotherDriver) {
  add_migrations({"001", "002"});
  add_schemas(60);
  add_databases(10);
  DriverProcess one = start({"upgrade", "-c", "4"});
  DriverProcess other = start({"upgrade", "-c", "4"});
  EXPECT_EQ(one.wait(), kDone) << one.output() << one.error();
  EXPECT_EQ(other.wait(), kDone) << other.output() << other.error();
  expect_fleet_is_complete();
}

TEST_F(DriverFaults, StopsThoughAServerDoesNotAnswer) {
  add_migrations({"001"});
  FaultProxy proxy(other_cluster().sockets());
  proxy.decide([](const Message&) { return Fate::stall; });
  register_other(proxy.conninfo("postgres"));
  add_databases_on_other(3);
  DriverProcess driver = start({"upgrade", "-c", "2", "--connect-timeout", "1h"});
  while (proxy.connections() < 2) std::this_thread::yield();
  driver.send(SIGINT);
  EXPECT_EQ(driver.wait(), kStopped) << driver.output() << driver.error();
}

TEST_F(DriverFaults, GoesOnWithFewerLanesWhereConnectionsAreShort) {
  Cluster small{{"max_connections", "6"}, {"superuser_reserved_connections", "0"}, {"max_wal_senders", "0"}};
  connect().query("SELECT tenancy.register_server('small', $1)", {small.conninfo()});
  for (int i = 1; i <= 30; ++i) {
    const std::string name = "s" + std::to_string(i);
    small.connect().exec("CREATE DATABASE " + name);
    connect().query("SELECT tenancy.register_tenant($1, isolation => 'database', database => $1, server => 'small')",
                    {name});
  }
  add_migrations({"001"});
  DriverProcess driver = start({"upgrade", "-c", "20"});
  EXPECT_EQ(driver.wait(), kDone) << driver.output() << driver.error();
  EXPECT_THAT(driver.output() + driver.error(), HasSubstr("no connection free"));
  for (int i = 1; i <= 30; ++i) {
    EXPECT_EQ(small.connect("s" + std::to_string(i)).value("SELECT count(*) FROM applied"), "1") << i;
  }
}

}  // namespace
}  // namespace tenancy::test
