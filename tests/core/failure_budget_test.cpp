#include "core/rollout.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

TEST(FailureBudget, AllowsTheMostAndNotOneMore) {
  struct Case {
    const char* text;
    std::size_t all;
    std::size_t most;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"0", 1000, 0},
           {"10", 1000, 10},
           {" 10 ", 5, 10},
           {"007", 1000, 7},
           {"0%", 1000, 0},
           {"5%", 19, 0},
           {"5%", 20, 1},
           {"5%", 100'000, 5'000},
           {"5%", 0, 0},
           {" 2.5 % ", 39, 0},
           {"2.5%", 40, 1},
           {"0.001%", 99'999, 0},
           {"0.001%", 100'000, 1},
           {"0.07%", 10'000, 7},
           {"29.000%", 100, 29},
           {"99.999%", 100'000, 99'999},
           {"100%", 7, 7},
           {"100.0%", 100'000'000'000'000, 100'000'000'000'000},
       }) {
    const FailureBudget budget = parse_failure_budget(c.text);
    EXPECT_TRUE(budget.allows(c.most, c.all)) << c.text << " of " << c.all;
    EXPECT_FALSE(budget.allows(c.most + 1, c.all)) << c.text << " of " << c.all;
  }
  EXPECT_TRUE(FailureBudget{}.allows(0, 10));
  EXPECT_FALSE(FailureBudget{}.allows(1, 10)) << "the default allows none";
}

TEST(FailureBudget, RefusesOtherText) {
  for (const char* text : {"",
                           " ",
                           "%",
                           "-1",
                           "+1",
                           "2.5",
                           "2.",
                           "2.%",
                           ".5%",
                           "2.-5%",
                           "2. 5%",
                           "2.5.1%",
                           "1e3",
                           "0x10",
                           "5%%",
                           "5 5",
                           "five",
                           "100.001%",
                           "101%",
                           "1.0000%",
                           "99999999999999999999",
                           "1.99999999999999999999%"}) {
    EXPECT_THAT(error_of([&] { return parse_failure_budget(text); }),
                IsError(ErrorKind::bad_value, "\"" + std::string{text} + "\" is not a number of failures"));
  }
}

}  // namespace
}  // namespace tenancy::core
