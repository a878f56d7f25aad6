#include "core/migration_order.h"

#include "core/adoption.h"
#include "core/migration_set.h"
#include "core/revision.h"
#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

StoredMigration node(std::string version, Words after, Words branches = {}) {
  StoredMigration migration;
  migration.version = std::move(version);
  migration.checksum = "sum";
  migration.after = std::move(after);
  migration.branches = std::move(branches);
  return migration;
}

StoredMigration plain(std::string version) {
  StoredMigration migration;
  migration.version = std::move(version);
  migration.checksum = "sum";
  return migration;
}

/// Two lines from 1975: ae10 and cafe, b9e and b9f; dddd joins them, and 002 says no place.
std::vector<StoredMigration> project() {
  return {plain("002"),
          node("dddd", {"cafe", "b9f"}),
          node("b9f", {"b9e"}, {"billing"}),
          node("b9e", {"1975"}, {"billing"}),
          node("cafe", {"ae10"}),
          node("1975", {}),
          node("ae10", {"1975"})};
}

const MigrationSet kSet{"default", project()};

std::string versions(const MigrationSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.size(); ++i) text += (i > 0 ? " " : "") + set[i].version;
  return text;
}

std::string versions(const std::vector<bool>& marked) {
  std::string text;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i]) text += (text.empty() ? "" : " ") + kSet[i].version;
  }
  return text;
}

Plan upgrade(const Words& applied, std::string_view revision, OutOfOrder rule = OutOfOrder::refuse) {
  return plan_upgrade(kSet, TargetKind::tenant, make_history(applied), parse_revision(revision), rule);
}

std::string downgrade(const Words& applied, std::string_view revision) {
  return steps_text(kSet, plan_downgrade(kSet, TargetKind::tenant, make_history(applied), parse_revision(revision)));
}

Plan pinned(const Words& applied, std::string_view asked, std::string_view pin) {
  return plan_pinned_upgrade(kSet, TargetKind::tenant, make_history(applied), parse_revision(asked),
                             parse_revision(pin), OutOfOrder::refuse);
}

std::size_t index_of(const char* version) { return kSet.find(version).value(); }

TEST(MigrationOrder, RespectsTheGraph) {
  EXPECT_EQ(versions(kSet), "1975 ae10 b9e b9f cafe dddd 002");
  std::vector<StoredMigration> more = project();
  more.push_back(node("0001", {"1975"}));
  EXPECT_EQ(versions(MigrationSet{"default", more}), "1975 0001 ae10 b9e b9f cafe dddd 002");
  EXPECT_TRUE(kSet.has_graph());
  EXPECT_FALSE(make_set({"001", "002"}).has_graph());
}

std::vector<bool> only(const char* version) {
  std::vector<bool> marked(kSet.size());
  marked[index_of(version)] = true;
  return marked;
}

TEST(MigrationOrder, KnowsWhatComesBeforeAndBehind) {
  EXPECT_EQ(versions(kSet.up_to(index_of("b9f"))), "1975 b9e b9f");
  EXPECT_EQ(versions(kSet.up_to(index_of("dddd"))), "1975 ae10 b9e b9f cafe dddd");
  EXPECT_EQ(versions(kSet.up_to(index_of("002"))), "1975 ae10 b9e b9f cafe dddd 002");
  EXPECT_EQ(versions(kSet.behind(only("b9e"))), "b9f dddd 002");
  EXPECT_EQ(versions(kSet.behind(only("002"))), "");
  EXPECT_EQ(versions(kSet.before(std::vector<bool>(kSet.size()))), "");
}

TEST(MigrationOrder, RefusesPlacesThatCannotBe) {
  EXPECT_THAT(error_of([] { MigrationSet("users", {node("b", {"a"})}); }),
              IsError(ErrorKind::bad_order, "migration b of set users comes after \"a\", which the set does not have"));
  EXPECT_THAT(error_of([] {
                MigrationSet("users", {node("b", {"a"}), node("a", {"c"}), node("c", {"b"})});
              }),
              IsError(ErrorKind::bad_order, "migrations a, b, c come after each other, or after such ones"));
  EXPECT_THAT(error_of([] {
                MigrationSet("users", {node("b", {"a"}), plain("a")});
              }),
              IsError(ErrorKind::bad_order, "migration b comes after a, which does not say its own place"));
  Migration migration;
  migration.version = "b";
  migration.after = {"b"};
  EXPECT_THAT(error_of([&] { check_place(migration); }),
              IsError(ErrorKind::bad_value, "migration b cannot come after itself"));
  migration.after = {"heads"};
  EXPECT_THAT(error_of([&] { check_place(migration); }), IsError(ErrorKind::bad_value, "\"heads\" is not a version"));
  migration.after = {"a"};
  migration.repeatable = true;
  EXPECT_THAT(error_of([&] { check_place(migration); }),
              IsError(ErrorKind::bad_value, "a repeatable migration has no place in the order"));
  migration.branches = {"a@b"};
  EXPECT_THAT(error_of([&] { check_place(migration); }),
              IsError(ErrorKind::bad_value, "\"a@b\" is not a name for a branch"));
}

TEST(MigrationOrder, SortsFilesOfSeveralSets) {
  std::vector<Migration> migrations(4);
  migrations[0].set = "users";
  migrations[0].version = "1";
  migrations[1].version = "a";
  migrations[1].after = {"b", "stored"};
  migrations[2].version = "b";
  migrations[2].after.emplace();
  migrations[3].version = "1";
  sort_migrations(migrations);
  std::string order;
  for (const Migration& one : migrations) order += one.set + " " + one.version + ", ";
  EXPECT_EQ(order, "default b, default a, default 1, users 1, ");
}

TEST(GraphPlan, StepsUp) {
  EXPECT_EQ(steps_text(kSet, upgrade({}, "heads")), "+1975 +ae10 +b9e +b9f +cafe +dddd +002");
  EXPECT_EQ(steps_text(kSet, upgrade({}, "cafe")), "+1975 +ae10 +cafe");
  EXPECT_EQ(steps_text(kSet, upgrade({"1975"}, "billing@head")), "+b9e +b9f");
  EXPECT_EQ(steps_text(kSet, upgrade({"1975", "b9e", "b9f"}, "cafe")), "+ae10 +cafe");
  EXPECT_EQ(steps_text(kSet, upgrade({"1975", "b9e"}, "+2")), "+ae10 +b9f +cafe +dddd");
  EXPECT_EQ(steps_text(kSet, upgrade({"1975", "b9e"}, "+3")), "+ae10 +b9f +cafe +dddd +002");
  EXPECT_EQ(steps_text(kSet, upgrade({"1975", "ae10"}, "billing@+1")), "+b9e");
  EXPECT_EQ(steps_text(kSet, upgrade({"1975", "b9e"}, "1975")), "");
}

TEST(GraphPlan, TakesForLateOnlyWhatSomethingAppliedComesAfter) {
  const Plan plan = upgrade({"1975", "b9e", "b9f"}, "head");
  EXPECT_EQ(steps_text(kSet, plan), "+ae10 +cafe +dddd +002");
  EXPECT_EQ(plan.from, "b9f");
  EXPECT_EQ(plan.to, "002");
  EXPECT_THAT(error_of([] {
                (void)upgrade({"1975", "cafe"}, "head");
              }),
              IsError(ErrorKind::out_of_order, "migration ae10 is pending, but newer migration cafe is applied"));
  EXPECT_EQ(steps_text(kSet, upgrade({"1975", "cafe"}, "head", OutOfOrder::skip)), "+b9e +b9f +dddd +002");
  EXPECT_EQ(steps_text(kSet, upgrade({"1975", "cafe"}, "head", OutOfOrder::apply)), "+ae10 +b9e +b9f +dddd +002");
}

TEST(GraphPlan, StepsDown) {
  const Words all{"1975", "ae10", "b9e", "b9f", "cafe", "dddd", "002"};
  EXPECT_EQ(downgrade(all, "b9e"), "-002 -dddd -b9f");
  EXPECT_EQ(downgrade(all, "billing@b9f"), "-002 -dddd");
  EXPECT_EQ(downgrade(all, "-2"), "-002 -dddd");
  EXPECT_EQ(downgrade(all, "billing@-2"), "-002 -dddd -b9f -b9e");
  EXPECT_EQ(downgrade(all, "billing@base"), "-002 -dddd -cafe -b9f -b9e -ae10 -1975");
  EXPECT_EQ(downgrade({"1975", "ae10", "b9e"}, "billing@-1"), "-b9e");
  EXPECT_EQ(downgrade({"1975", "ae10", "b9e"}, "billing@1975"), "-b9e");
  EXPECT_EQ(downgrade({"1975", "ae10", "b9e"}, "ae10-1"), "-b9e -ae10");
  EXPECT_EQ(downgrade({"1975", "ae10", "b9e"}, "ae10"), "");
  EXPECT_EQ(downgrade({"1975", "ae10", "b9e"}, "1975"), "-b9e -ae10");
  EXPECT_EQ(downgrade({"1975", "b9e"}, "base"), "-b9e -1975");
}

TEST(GraphPlan, HoldsBackAtAPin) {
  EXPECT_EQ(steps_text(kSet, pinned({}, "head", "b9f")), "+1975 +b9e +b9f");
  EXPECT_EQ(steps_text(kSet, pinned({}, "cafe", "b9f")), "+1975") << "what both come after";
  EXPECT_EQ(steps_text(kSet, pinned({"1975", "ae10"}, "head", "b9f")), "") << "it is past the pin";
  EXPECT_EQ(steps_text(kSet, pinned({"1975"}, "ae10", "dddd")), "+ae10");
}

TEST(GraphRevision, FindsVersionsOfABranch) {
  EXPECT_EQ(resolve_version(kSet, "billing@head"), index_of("b9f"));
  EXPECT_EQ(resolve_version(kSet, "billing@b9e"), index_of("b9e"));
  EXPECT_THAT(error_of([] { (void)resolve_version(kSet, "billing@b9"); }),
              IsError(ErrorKind::ambiguous_revision,
                      "revision \"b9\" matches more than one migration of set default: b9e, b9f"));
  EXPECT_THAT(
      error_of([] { (void)resolve_version(kSet, "billing@cafe"); }),
      IsError(ErrorKind::unknown_revision, "no migration matches revision \"cafe\" in branch billing of set default"));
  for (const std::string word : {"billing", "billing@+1"}) {
    EXPECT_THAT(error_of([&] { (void)resolve_version(kSet, word); }),
                IsError(ErrorKind::bad_value, "revision \"" + word + "\" is no version of branch billing"));
  }
  EXPECT_THAT(error_of([] { (void)resolve_version(kSet, "reports@head"); }),
              IsError(ErrorKind::unknown_revision, "no migration matches revision \"reports@head\" in set default"));
}

TEST(GraphRevision, AsksWhichHeadOfABranch) {
  std::vector<StoredMigration> more = project();
  more.push_back(node("b99", {"b9e"}, {"billing"}));
  const MigrationSet set{"default", more};
  EXPECT_THAT(error_of([&] { (void)resolve_version(set, "billing@head"); }),
              IsError(ErrorKind::ambiguous_revision,
                      "revision \"billing@head\" matches more than one migration of set default: b9f, b99"));
}

TEST(GraphAdoption, TakesAllThatTheHeadsComeAfter) {
  const HistoryTool& alembic = find_history_tool("alembic");
  const std::vector<ToolRow> rows{{.version = "cafe"}, {.version = "b9e"}};
  const Adoption adoption =
      assess_adoption(alembic, read_history_rows(alembic, rows, ""), kSet, TargetKind::tenant, {});
  EXPECT_EQ(adoption.verdict, AdoptionVerdict::adoptable);
  EXPECT_EQ(adoption.detail, "");
  std::vector<bool> applied(kSet.size());
  for (const Adoption::Migration& one : adoption.applied) applied[one.index] = true;
  EXPECT_EQ(versions(applied), "1975 ae10 b9e cafe");
}

}  // namespace
}  // namespace tenancy::core
