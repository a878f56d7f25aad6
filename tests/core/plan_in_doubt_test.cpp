#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

const MigrationSet kSet = make_set({"001", "002o", "003po", "004o", "005", "800ro", "900r"});

Plan upgrade(const Words& applied, std::string_view revision, OutOfOrder out_of_order = OutOfOrder::refuse) {
  return plan_upgrade(kSet, TargetKind::tenant, make_history(applied), parse_revision(revision), out_of_order,
                      InDoubt::retry);
}

Plan downgrade(const Words& applied, std::string_view revision) {
  return plan_downgrade(kSet, TargetKind::tenant, make_history(applied), parse_revision(revision), InDoubt::retry);
}

TEST(PlanInDoubt, IsRetriedUpwardsAsPending) {
  struct Case {
    Words applied;
    const char* revision;
    const char* steps;
    const char* from;
    const char* to;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"001", "002?"}, "head", "+002? +004 +005 +800 +900", "001", "005"},
           {{"001", "002?"}, "002", "+002?", "001", "002"},
           {{"001", "002?"}, "+1", "+002?", "001", "002"},
           {{"002?"}, "head", "+001 +002? +004 +005 +800 +900", "base", "005"},
           {{"001", "002", "004", "005", "800?", "900"}, "head", "+800?", "005", "005"},
           {{"001", "002", "004", "005", "800*?", "900"}, "head", "+800?", "005", "005"},
       }) {
    const Plan plan = upgrade(c.applied, c.revision);
    EXPECT_EQ(steps_text(kSet, plan), c.steps) << c.revision;
    EXPECT_EQ(plan.from, c.from);
    EXPECT_EQ(plan.to, c.to);
  }
  EXPECT_EQ(steps_text(kSet, upgrade({"001", "002?", "004"}, "004", OutOfOrder::apply)), "+002?");
}

TEST(PlanInDoubt, IsRetriedDownwardsAsApplied) {
  struct Case {
    Words applied;
    const char* revision;
    const char* steps;
    const char* to;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"001", "002", "004?"}, "-1", "-004?", "002"},
           {{"001", "002?"}, "base", "-002? -001", "base"},
           {{"001", "800?"}, "base", "-800? -001", "base"},
           {{"001", "002?", "004"}, "001", "-004 -002?", "001"},
       }) {
    const Plan plan = downgrade(c.applied, c.revision);
    EXPECT_EQ(steps_text(kSet, plan), c.steps) << c.revision;
    EXPECT_EQ(plan.to, c.to);
  }
}

TEST(PlanInDoubt, IsRetriedByARollback) {
  const auto rollback = [](const Words& applied, const Words& versions) {
    return plan_rollback(kSet, TargetKind::tenant, make_history(applied), versions, InDoubt::retry);
  };
  EXPECT_EQ(steps_text(kSet, rollback({"001", "002", "004?"}, {"002", "004"})), "-004? -002");
  EXPECT_EQ(error_of([&] { return rollback({"001", "002", "004?"}, {"002"}); })->kind(), ErrorKind::in_doubt);
}

TEST(PlanInDoubt, IsRetriedUpToAPin) {
  const auto pinned = [](const Words& applied, std::string_view pin) {
    return plan_pinned_upgrade(kSet, TargetKind::tenant, make_history(applied), parse_revision("head"),
                               parse_revision(pin), OutOfOrder::refuse, InDoubt::retry);
  };
  EXPECT_EQ(steps_text(kSet, pinned({"001", "002?"}, "002")), "+002?");
  EXPECT_EQ(error_of([&] { return pinned({"001", "002?"}, "001"); })->kind(), ErrorKind::in_doubt);
}

TEST(PlanInDoubt, IsRefusedWhenThePlanDoesNotRetryIt) {
  const auto up = [](const Words& applied, const char* revision, OutOfOrder policy = OutOfOrder::refuse) {
    return error_of([&] { return upgrade(applied, revision, policy); });
  };
  const auto interrupted = [](const char* version) {
    return IsError(ErrorKind::in_doubt,
                   "migration " + std::string(version) + " was interrupted, and may be applied in part");
  };
  EXPECT_THAT(up({"001", "002?"}, "001"), interrupted("002")) << "behind the destination";
  EXPECT_THAT(up({"001", "002?", "004"}, "head"), interrupted("002")) << "out of order";
  EXPECT_THAT(up({"001", "002?", "004"}, "head", OutOfOrder::skip), interrupted("002")) << "left out";
  EXPECT_THAT(up({"001", "002", "800?"}, "004"), interrupted("800")) << "repeatable ones run at head only";
  EXPECT_THAT(up({"001?"}, "head"), interrupted("001")) << "transactional by now";
  EXPECT_THAT(up({"001", "002*?"}, "head"), interrupted("002")) << "another text";
  EXPECT_THAT(up({"003?"}, "head"), interrupted("003")) << "another scope";
  EXPECT_THAT(up({"013?"}, "head"), interrupted("013")) << "not in the set";
  EXPECT_THAT(error_of([&] { return downgrade({"001", "002?", "004"}, "-1"); }), interrupted("002"));
}

TEST(FirstSteps, EndAtTheirOwnRevision) {
  struct Case {
    const char* revision;
    std::size_t count;
    const char* steps;
    const char* to;
  };
  const auto up = [](const Case& c, const Words& applied, OutOfOrder policy) {
    const Plan plan =
        first_steps(kSet, TargetKind::tenant, make_history(applied), upgrade(applied, c.revision, policy), c.count);
    EXPECT_EQ(steps_text(kSet, plan), c.steps) << c.count;
    EXPECT_EQ(plan.to, c.to) << c.count;
  };
  for (const Case& c : std::initializer_list<Case>{{"head", 0, "", "001"},
                                                   {"head", 1, "+002?", "002"},
                                                   {"head", 3, "+002? +004 +005", "005"},
                                                   {"head", 4, "+002? +004 +005 +800", "005"},
                                                   {"head", 9, "+002? +004 +005 +800 +900", "005"}}) {
    up(c, {"001", "002?"}, OutOfOrder::refuse);
  }
  up({"004", 1, "+001", "004"}, {"004"}, OutOfOrder::apply);
  for (const Case& c : std::initializer_list<Case>{{"base", 0, "", "004"},
                                                   {"base", 1, "-800", "004"},
                                                   {"base", 2, "-800 -004", "002"},
                                                   {"base", 3, "-800 -004 -002", "001"},
                                                   {"base", 4, "-800 -004 -002 -001", "base"}}) {
    const Words applied{"001", "002", "004", "800"};
    const Plan plan =
        first_steps(kSet, TargetKind::tenant, make_history(applied), downgrade(applied, c.revision), c.count);
    EXPECT_EQ(steps_text(kSet, plan), c.steps) << c.count;
    EXPECT_EQ(plan.to, c.to) << c.count;
  }
}

}  // namespace
}  // namespace tenancy::core
