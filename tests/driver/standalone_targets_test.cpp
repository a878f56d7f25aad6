#include "driver/fleet/standalone_targets.h"

#include <gmock/gmock.h>

namespace tenancy::driver {
namespace {

using core::Direction;
using core::TargetKind;
using testing::ElementsAre;

std::vector<std::string> labels(const std::vector<Target>& targets) {
  std::vector<std::string> labels;
  for (const Target& target : targets) labels.push_back(target.label() + " " + std::string(to_string(target.kind)));
  return labels;
}

TEST(Like, MatchesAsInSql) {
  struct Case {
    const char *text, *pattern;
    bool matches;
  };
  for (const Case& one : std::initializer_list<Case>{{"acme", "acme", true},
                                                     {"acme", "Acme", false},
                                                     {"acme", "%", true},
                                                     {"", "%", true},
                                                     {"", "", true},
                                                     {"a", "", false},
                                                     {"acme", "a%e", true},
                                                     {"acme", "a%m", false},
                                                     {"acme", "%c%", true},
                                                     {"acme", "____", true},
                                                     {"acme", "___", false},
                                                     {"acme", "_____", false},
                                                     {"tenant_1", "tenant\\_%", true},
                                                     {"tenants1", "tenant\\_%", false},
                                                     {"100%", "100\\%", true},
                                                     {"1000", "100\\%", false},
                                                     {"aab", "%ab", true},
                                                     {"abcabd", "%abd", true},
                                                     {"m\xc3\xbcller", "m_ller", true},
                                                     {"m\xc3\xbcller", "m__ller", false},
                                                     {"a\\", "a\\", true}}) {
    EXPECT_EQ(is_like(one.text, one.pattern), one.matches) << one.text << " LIKE " << one.pattern;
  }
}

TEST(StandaloneTargets, KnowWhereTenantsLive) {
  auto const targets = standalone_targets({{.id = "b"},
                                           {.id = "a"},
                                           {.id = "own", .database = "own_db"},
                                           {.id = "far", .server = "eu", .database = "far", .schema = "app"}},
                                          {}, {}, Direction::up);
  EXPECT_THAT(labels(targets), ElementsAre("tenant \"a\" tenant", "tenant \"b\" tenant",
                                           "tenant \"own\" (database \"own_db\", schema \"public\") combined",
                                           "tenant \"far\" (server \"eu\", database \"far\", schema \"app\") tenant"));
  EXPECT_EQ(targets.front().migration_set, "default");
}

TEST(StandaloneTargets, PutTheSharedSchemaBeforeItsTenantsAndBehindThemDownwards) {
  std::vector<TenantPlace> const tenants{{.id = "a"}, {.id = "own", .database = "own"}};
  EXPECT_THAT(labels(standalone_targets(tenants, {.sets = {"billing", "default"}}, {}, Direction::up)),
              ElementsAre("schema \"public\" shared", "tenant \"a\" tenant",
                          "tenant \"own\" (database \"own\", schema \"public\") combined"));
  EXPECT_THAT(labels(standalone_targets(tenants, {.sets = {"default"}}, {}, Direction::down)),
              ElementsAre("tenant \"a\" tenant", "schema \"public\" shared",
                          "tenant \"own\" (database \"own\", schema \"public\") combined"));
}

TEST(StandaloneTargets, LeaveTheSharedSchemaToTheTenantsThatStayDownwards) {
  std::vector<TenantPlace> const tenants{{.id = "a"}, {.id = "b"}};
  EXPECT_THAT(labels(standalone_targets(tenants, {.sets = {"default"}}, {.tenants = {"a"}}, Direction::down)),
              ElementsAre("tenant \"a\" tenant"));
  EXPECT_THAT(labels(standalone_targets(tenants, {.sets = {"default"}}, {.tenants = {"a"}}, Direction::up)),
              ElementsAre("schema \"public\" shared", "tenant \"a\" tenant"));
}

TEST(StandaloneTargets, AreTheSelectedOnes) {
  std::vector<TenantPlace> const tenants{{.id = "a1"}, {.id = "a2", .migration_set = "billing"}, {.id = "b"}};
  auto const select = [&](const Selection& selection) {
    return labels(standalone_targets(tenants, {.sets = {"default"}}, selection, Direction::up));
  };
  EXPECT_THAT(select({.pattern = "a%", .shared = false}), ElementsAre("tenant \"a1\" tenant", "tenant \"a2\" tenant"));
  EXPECT_THAT(select({.migration_set = "billing"}), ElementsAre("tenant \"a2\" tenant"));
  EXPECT_THAT(select({.tenants_too = false}), ElementsAre("schema \"public\" shared"));
  EXPECT_THAT(select({.tenants = {"nobody"}}), testing::IsEmpty());
}

TEST(StandaloneTargets, AreOneForTenantsOfOneSchema) {
  auto const targets =
      standalone_targets({{.id = "x", .schema = "pool"}, {.id = "y", .schema = "pool"}}, {}, {}, Direction::up);
  EXPECT_THAT(labels(targets), ElementsAre("schema \"pool\" tenant"));
}

TEST(StandaloneTargets, EachSetOfATenantIsOne) {
  auto const targets =
      standalone_targets({{.id = "a", .migration_set = "users, analytics"}, {.id = "b"}}, {}, {}, Direction::up);
  std::vector<std::string> sets;
  for (const Target& target : targets) sets.push_back(target.tenant + " " + target.migration_set);
  EXPECT_THAT(sets, ElementsAre("a analytics", "a users", "b default"));
}

}  // namespace
}  // namespace tenancy::driver
