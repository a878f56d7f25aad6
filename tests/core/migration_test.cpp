#include "core/migration.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

TEST(Scope, IsSpelledAsOutside) {
  for (const Scope scope : {Scope::shared, Scope::tenant, Scope::both}) {
    EXPECT_EQ(parse_scope(to_string(scope)), scope);
  }
  EXPECT_EQ(parse_scope("Public"), Scope::shared);
  EXPECT_EQ(parse_scope("BOTH"), Scope::both);
}

TEST(Scope, RefusesOtherWords) {
  for (const std::string word : {"", "shared", "public ", "all", "publi"}) {
    const auto error = error_of([&] { return parse_scope(word); });
    EXPECT_THAT(error, IsError(ErrorKind::bad_value, "\"" + word + "\" is not a scope"));
    EXPECT_EQ(error->hint(), "A scope is public, tenant or both.");
  }
}

TEST(Scope, AppliesToTargets) {
  EXPECT_TRUE(applies_to(Scope::shared, TargetKind::shared));
  EXPECT_FALSE(applies_to(Scope::shared, TargetKind::tenant));
  EXPECT_FALSE(applies_to(Scope::tenant, TargetKind::shared));
  EXPECT_TRUE(applies_to(Scope::tenant, TargetKind::tenant));
  EXPECT_TRUE(applies_to(Scope::both, TargetKind::shared));
  EXPECT_TRUE(applies_to(Scope::both, TargetKind::tenant));
}

TEST(SetName, IsLowerCase) {
  for (const char* name : {"default", "a", "users-2", "x_y"}) EXPECT_TRUE(is_set_name(name)) << name;
  EXPECT_TRUE(is_set_name(std::string(63, 'a')));
  EXPECT_FALSE(is_set_name(std::string(64, 'a')));
  for (const char* name : {"", "1a", "_a", "-a", "Users", "a b", "a.b", "é"}) EXPECT_FALSE(is_set_name(name)) << name;
}

}  // namespace
}  // namespace tenancy::core
