#include "driver/command/in_database_call.h"

#include <gmock/gmock.h>

#include "driver/command/failure.h"

namespace tenancy::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(InDatabaseCall, RollsOutToTheSelectedTenants) {
  Selection const selection{.pattern = "eu%", .tier = "gold"};
  Statement const call = in_database_call({.revision_text = "007"}, selection, {.workers = 8, .max_failures = "2%"});
  EXPECT_THAT(call.sql, HasSubstr("CALL tenancy.rollout("));
  EXPECT_THAT(call.parameters,
              ElementsAre("007", "eu%", "gold", std::nullopt, "{\"active\"}", std::nullopt, "8", "2%"));
}

TEST(InDatabaseCall, KnowsTheWayDown) {
  Statement const call = in_database_call({.direction = core::Direction::down, .revision_text = "006"}, {}, {});
  EXPECT_THAT(call.sql, HasSubstr("CALL tenancy.downgrade_rollout("));
  EXPECT_EQ(call.parameters.front(), "006");
}

TEST(InDatabaseCall, NamesSingleTenants) {
  Statement const call = in_database_call({}, {.tenants = {"a", "b"}}, {});
  EXPECT_THAT(call.sql, HasSubstr("CALL tenancy.migrate_targets("));
  EXPECT_THAT(call.parameters, ElementsAre("{\"a\",\"b\"}", "heads", std::nullopt));
}

TEST(InDatabaseCall, RefusesWhatOnlyTheDriverCanDo) {
  EXPECT_THROW((void)in_database_call({}, {.shard = {.index = 1, .count = 2}}, {}), UsageError);
  EXPECT_THROW((void)in_database_call({}, {.server = "eu"}, {}), UsageError);
  EXPECT_THROW((void)in_database_call({}, {.shared = false}, {}), UsageError);
  EXPECT_THROW((void)in_database_call({}, {.tenants_too = false}, {}), UsageError);
  EXPECT_THROW((void)in_database_call({.direction = core::Direction::down}, {.tenants = {"a"}}, {}), UsageError);
}

}  // namespace
}  // namespace tenancy::driver
