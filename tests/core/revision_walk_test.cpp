#include "core/revision_walk.h"

#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

StoredMigration node(std::string version, std::vector<std::string> after, std::vector<std::string> branches = {}) {
  StoredMigration migration;
  migration.version = std::move(version);
  migration.checksum = "sum";
  migration.after = std::move(after);
  migration.branches = std::move(branches);
  return migration;
}

/// Two beginnings: users u1, u2, and shop s1, s2, s3, where s2 needs u2. One for the shared schema stands in between.
MigrationSet two_lines() {
  std::vector<StoredMigration> migrations{
      node("u1", {}, {"users"}),     node("u2", {"u1"}, {"users"}),         node("s1", {}, {"shop"}),
      node("s1x", {"s1"}, {"shop"}), node("s2", {"s1x", "(u2)"}, {"shop"}), node("s3", {"s2"}, {"shop"})};
  migrations[3].scope = Scope::shared;
  return {"default", std::move(migrations)};
}

Plan upgrade(const MigrationSet& set, const std::vector<std::string>& applied, std::string_view revision) {
  return plan_upgrade(set, TargetKind::tenant, make_history(applied), parse_revision(revision), OutOfOrder::refuse);
}

Plan downgrade(const MigrationSet& set, const std::vector<std::string>& applied, std::string_view revision) {
  return plan_downgrade(set, TargetKind::tenant, make_history(applied), parse_revision(revision));
}

std::string version(const MigrationSet& set, std::string_view word) { return set[resolve_version(set, word)].version; }

TEST(RevisionWalk, GoesAlongASetWithoutAGraph) {
  const MigrationSet set = make_set({"001", "002", "003p", "2024-01-05", "2024-01-06"});
  EXPECT_EQ(version(set, "001+2"), "003");
  EXPECT_EQ(version(set, "3-1"), "002");
  EXPECT_EQ(version(set, "head-1"), "2024-01-05");
  EXPECT_EQ(version(set, "base+1"), "001");
  EXPECT_EQ(version(set, "2024-01-06-1"), "2024-01-05");
  EXPECT_EQ(steps_text(set, downgrade(set, {"001", "002"}, "1-1")), "-002 -001");
  EXPECT_EQ(steps_text(set, upgrade(set, {"001"}, "+2")), "+002 +2024-01-05");
}

TEST(RevisionWalk, RefusesWordsThatLeadNowhere) {
  const MigrationSet set = make_set({"001", "002", "2024-01-05"});
  const auto refused = [&](const char* word, const char* message) {
    EXPECT_THAT(error_of([&] { (void)resolve_version(set, word); }), IsError(ErrorKind::unknown_revision, message));
  };
  refused("002+2", "revision \"002+2\" of set default would be beyond head");
  refused("001-2", "revision \"001-2\" of set default would be beyond base");
  refused("001-1", "revision \"001-1\" is base, and no migration");
  refused("2024-1", "no migration matches revision \"2024-1\" in set default");
  refused("001+0", "no migration matches revision \"001+0\" in set default");
  refused("reports@+1", "no migration matches revision \"reports@+1\" in set default");
}

TEST(RevisionWalk, DoesNotGoOnWithWhatAMigrationOnlyNeeds) {
  const MigrationSet set = two_lines();
  EXPECT_EQ(version(set, "s2-1"), "s1x");
  EXPECT_THAT(error_of([&] { (void)resolve_version(set, "u2+1"); }),
              IsError(ErrorKind::unknown_revision, "revision \"u2+1\" of set default would be beyond head"));
  EXPECT_EQ(steps_text(set, upgrade(set, {"s1"}, "shop@+1")), "+u1 +u2 +s2") << "s1x is not for tenants";
  EXPECT_EQ(steps_text(set, downgrade(set, {"u1", "u2", "s1", "s2"}, "-1")), "-s2");
  EXPECT_EQ(steps_text(set, downgrade(set, {"u1", "u2", "s1", "s2"}, "users@-1")), "-s2 -u2");
  EXPECT_EQ(steps_text(set, downgrade(set, {"u1", "u2", "s1", "s2"}, "shop@base")), "-s2 -s1");
}

TEST(RevisionWalk, AsksWhichWay) {
  const MigrationSet set = two_lines();
  EXPECT_THAT(
      error_of([&] { (void)upgrade(set, {}, "+1"); }),
      IsError(ErrorKind::ambiguous_revision, "revision \"+1\" matches more than one migration of set default: s1, u1"));
  EXPECT_THAT(
      error_of([&] {
        (void)downgrade(set, {"u1", "s1"}, "-1");
      }),
      IsError(ErrorKind::ambiguous_revision, "revision \"-1\" matches more than one migration of set default: s1, u1"));
  EXPECT_EQ(error_of([&] {
              (void)downgrade(set, {"u1", "s1"}, "-1");
            })->hint(),
            "Several lines end there: name one, as in s1@-1.");
  EXPECT_EQ(steps_text(set, downgrade(set, {"u1", "s1"}, "s1@-1")), "-s1");
}

TEST(RevisionWalk, SaysWhatWasMeantWhateverIsApplied) {
  const MigrationSet set = two_lines();
  EXPECT_EQ(upgrade(set, {"u1"}, "shop@+1").goal, "s1");
  const Plan plan = downgrade(set, {"u1", "u2", "s1", "s2"}, "shop@-1");
  EXPECT_EQ(plan.goal, "s2@s1x");
  EXPECT_EQ(steps_text(set, downgrade(set, {"u1", "u2", "s1"}, plan.goal)), "") << "it is done";
  EXPECT_EQ(upgrade(make_set({"001", "002"}), {}, "+1").goal, "001");
}

}  // namespace
}  // namespace tenancy::core
