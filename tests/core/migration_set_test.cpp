#include "core/migration_set.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

StoredMigration stored(std::string version, Scope scope = Scope::tenant, bool repeatable = false) {
  StoredMigration migration;
  migration.version = std::move(version);
  migration.scope = scope;
  migration.repeatable = repeatable;
  return migration;
}

std::vector<std::string> versions(const MigrationSet& set) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < set.size(); ++i) result.push_back(set[i].version);
  return result;
}

TEST(MigrationSet, SortsVersionedThenRepeatable) {
  const MigrationSet set{"default",
                         {stored("10"), stored("views", Scope::both, true), stored("9"), stored("1.10"), stored("1.9"),
                          stored("5", Scope::both, true)}};
  EXPECT_THAT(versions(set), testing::ElementsAre("1.9", "1.10", "9", "10", "5", "views"));
  EXPECT_EQ(set.versioned_count(), 4U);
  EXPECT_EQ(set.size(), 6U);
  EXPECT_EQ(set.name(), "default");
}

TEST(MigrationSet, FindsVersions) {
  const MigrationSet set{"default", {stored("007"), stored("2018-04-24"), stored("views", Scope::both, true)}};
  EXPECT_EQ(set.find("007"), 0U);
  EXPECT_EQ(set.find("7"), std::nullopt);
  EXPECT_EQ(set.find("views"), 2U);
  EXPECT_EQ(set.find_equal("7"), 0U);
  EXPECT_EQ(set.find_equal("20180424"), 1U);
  EXPECT_EQ(set.find_equal("views"), std::nullopt) << "repeatable";
  EXPECT_EQ(set.find_equal("8"), std::nullopt);
}

TEST(MigrationSet, KnowsTheHeadOfEachKind) {
  const MigrationSet set{
      "default",
      {stored("1", Scope::shared), stored("2"), stored("3", Scope::shared), stored("views", Scope::both, true)}};
  EXPECT_EQ(set.head(TargetKind::shared), 2U);
  EXPECT_EQ(set.head(TargetKind::tenant), 1U);
  EXPECT_EQ(MigrationSet("default", {}).head(TargetKind::tenant), std::nullopt);
  EXPECT_EQ(MigrationSet("default", {stored("1", Scope::shared)}).head(TargetKind::tenant), std::nullopt);
  EXPECT_EQ(MigrationSet("default", {stored("1")}).head(TargetKind::tenant), 0U);
}

TEST(MigrationSet, RefusesTheSameVersionTwice) {
  EXPECT_THAT(error_of([] {
                MigrationSet("users", {stored("7"), stored("007")});
              }),
              IsError(ErrorKind::duplicate_version, "versions 7 and 007 of set users are the same version"));
  EXPECT_THAT(error_of([] {
                MigrationSet("users", {stored("7"), stored("7")});
              }),
              IsError(ErrorKind::duplicate_version, "version 7 stands twice in set users"));
  EXPECT_THAT(error_of([] {
                MigrationSet("users", {stored("7", Scope::both, true), stored("07")});
              }),
              IsError(ErrorKind::duplicate_version, "versions 07 and 7 of set users are the same version"));
}

}  // namespace
}  // namespace tenancy::core
