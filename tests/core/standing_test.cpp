#include <gtest/gtest.h>

#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using State = Standing::State;

const MigrationSet kSet = make_set({"001", "002p", "003b", "004", "900r"});

TEST(Standing, SaysWhereATargetIs) {
  struct Case {
    std::vector<std::string> applied;
    State state;
    const char* revision;
    std::size_t pending;
    const char* detail;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{}, State::behind, "base", 4, ""},
           {{"001"}, State::behind, "001", 3, ""},
           {{"001", "004"}, State::behind, "004", 2, ""},
           {{"001", "003", "004"}, State::behind, "004", 1, ""},
           {{"001", "003", "004", "900*"}, State::behind, "004", 1, ""},
           {{"004", "001", "003", "900"}, State::current, "004", 0, ""},
           {{"001", "003", "004", "900", "005"},
            State::diverged,
            "004",
            0,
            "migration 005 was applied, but set default does not have it"},
           {{"001*", "003", "004", "005"},
            State::diverged,
            "004",
            1,
            "migration 005 was applied, but set default does not have it; "
            "migration 001 was applied with another text (checksum differs)"},
           {{"001", "002"},
            State::diverged,
            "001",
            3,
            "migration 002 was applied, but its scope is public and this is a tenant's schema"},
           {{"001", "003?"}, State::in_doubt, "001", 3, "migration 003 was interrupted, and may be applied in part"},
           {{"001*", "003?"},
            State::in_doubt,
            "001",
            3,
            "migration 003 was interrupted, and may be applied in part; "
            "migration 001 was applied with another text (checksum differs)"},
       }) {
    const Standing result = standing(kSet, TargetKind::tenant, make_history(c.applied));
    EXPECT_EQ(result.state, c.state) << testing::PrintToString(c.applied);
    EXPECT_EQ(result.revision, c.revision);
    EXPECT_EQ(result.pending, c.pending);
    EXPECT_EQ(result.detail, c.detail);
  }
}

TEST(Standing, OfTheSharedSchemaCountsItsOwn) {
  const Standing result = standing(kSet, TargetKind::shared, make_history({"002"}));
  EXPECT_EQ(result.pending, 2U);
  EXPECT_EQ(result.revision, "002");
}

TEST(Standing, OfATargetWithAPin) {
  struct Case {
    std::vector<std::string> applied;
    const char* pin;
    State state;
    const char* detail;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{"001", "003"}, "003", State::pinned, "pinned to 003"},
           {{"001"}, "003", State::behind, ""},
           {{}, "base", State::pinned, "pinned to base"},
           {{"001", "003", "004", "900"}, "003", State::current, ""},
           {{"001", "003?"}, "001", State::in_doubt, "migration 003 was interrupted, and may be applied in part"},
           {{"001"}, "007", State::behind, "no migration matches revision \"007\" in set default"},
       }) {
    const Standing result =
        pinned_standing(kSet, TargetKind::tenant, make_history(c.applied), c.pin, OutOfOrder::refuse);
    EXPECT_EQ(result.state, c.state) << testing::PrintToString(c.applied);
    EXPECT_EQ(result.detail, c.detail);
  }
}

TEST(Standing, OfAnEmptySetIsCurrent) {
  const Standing result = standing(make_set({}), TargetKind::tenant, {});
  EXPECT_EQ(result.state, State::current);
  EXPECT_EQ(result.revision, "base");
}

}  // namespace
}  // namespace tenancy::core
