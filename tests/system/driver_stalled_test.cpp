// Commands that only ask, or that do one thing, on a server that no longer answers: they end, and name it.
#include <gmock/gmock.h>

#include "tests/system/driver_fleet.h"
#include "tests/system/fault_proxy.h"

namespace tenancy::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Behind its startup, every session with the database stalls at the first statement that has that text.
class DriverStalled : public FleetTest {
 protected:
  DriverStalled() {
    add_migrations({"001"});
    control_conninfo_ = proxy_.conninfo(database());
  }

  void expect_end(std::vector<std::string> arguments, const std::string& stalls_at, int code) {
    proxy_.decide([stalls_at](const Message& message) {
      return message.to_server && message.type != 0 && message.contains(stalls_at) ? Fate::stall : Fate::forward;
    });
    arguments.insert(arguments.end(), {"--target-timeout", "1s"});
    DriverProcess driver = start(arguments);
    EXPECT_EQ(driver.wait(), code) << arguments.front() << "\n" << driver.output() << driver.error();
    EXPECT_THAT(driver.error(), AllOf(HasSubstr("did not answer in time"),
                                      HasSubstr("The session was with database \"" + database() + "\" on host")))
        << arguments.front();
    EXPECT_GT(proxy_.faults(), 0) << arguments.front();
  }

  FaultProxy proxy_{cluster().sockets()};
};

TEST_F(DriverStalled, TellsOfTheServer) {
  add_schemas(2);
  expect_end({"status"}, "tenancy.status(", kCannotConnect);
  expect_end({"plan"}, "tenancy.migrations", kCannotConnect);
  expect_end({"history", "t1"}, "schema_migrations", kCannotConnect);
  expect_end({"servers", "list"}, "tenancy.servers", kCannotConnect);
  expect_end({"create-tenant", "acme"}, "tenancy.create_tenant", kCannotConnect);
  expect_end({"baseline", "t1", "--revision", "001"}, "tenancy.", kCannotConnect);
}

}  // namespace
}  // namespace tenancy::test
