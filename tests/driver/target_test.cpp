#include "driver/fleet/target.h"

#include <gtest/gtest.h>

namespace tenancy::driver {
namespace {

TEST(Target, NamesWhatPeopleNeedToFindIt) {
  EXPECT_EQ((Target{.tenant = "acme", .schema = "acme"}.label()), "tenant \"acme\"");
  EXPECT_EQ((Target{.tenant = "acme", .schema = "t_7"}.label()), "tenant \"acme\" (schema \"t_7\")");
  EXPECT_EQ((Target{.schema = "public"}.label()), "schema \"public\"");
  EXPECT_EQ((Target{.tenant = "acme", .server = "eu", .database = "d", .schema = "public"}.label()),
            "tenant \"acme\" (server \"eu\", database \"d\", schema \"public\")");
}

}  // namespace
}  // namespace tenancy::driver
