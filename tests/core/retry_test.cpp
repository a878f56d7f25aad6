#include "core/retry.h"

#include <gtest/gtest.h>

#include <limits>

namespace tenancy::core {
namespace {

using std::chrono::milliseconds;

constexpr double kAlmostOne = 1.0 - std::numeric_limits<double>::epsilon() / 2;

TEST(Retry, IsForWhatAnotherSessionHoldsUp) {
  for (const char* sqlstate : {"55P03", "40001", "40P01"}) EXPECT_TRUE(is_retryable(sqlstate)) << sqlstate;
  for (const char* sqlstate : {"57014", "57P01", "40002", "55P02", "5503", "55P031", "40p01", "00000", ""}) {
    EXPECT_FALSE(is_retryable(sqlstate)) << sqlstate;
  }
}

TEST(Retry, DelaysDoubleUpToTheLongestWithHalfOfThemRandom) {
  struct Case {
    int failed_attempts;
    int shortest;
    int middle;
    int longest;
  };
  for (const Case& c : std::initializer_list<Case>{
           {1, 100, 150, 199},
           {2, 200, 300, 399},
           {3, 400, 600, 799},
           {6, 3200, 4800, 6399},
           {7, 5000, 7500, 9999},
           {8, 5000, 7500, 9999},
           {64, 5000, 7500, 9999},
           {std::numeric_limits<int>::max(), 5000, 7500, 9999},
       }) {
    EXPECT_EQ(retry_delay({}, c.failed_attempts, 0), milliseconds{c.shortest}) << c.failed_attempts;
    EXPECT_EQ(retry_delay({}, c.failed_attempts, 0.5), milliseconds{c.middle}) << c.failed_attempts;
    EXPECT_EQ(retry_delay({}, c.failed_attempts, kAlmostOne), milliseconds{c.longest}) << c.failed_attempts;
  }
}

TEST(Retry, TakesAnyPolicy) {
  struct Case {
    milliseconds first;
    milliseconds longest;
    int failed_attempts;
    milliseconds fixed;
  };
  constexpr milliseconds kMost = milliseconds::max();
  for (const Case& c : std::initializer_list<Case>{
           {milliseconds{0}, milliseconds{10}, 9, milliseconds{0}},
           {milliseconds{-5}, milliseconds{10}, 9, milliseconds{0}},
           {milliseconds{5}, milliseconds{-1}, 9, milliseconds{0}},
           {milliseconds{50}, milliseconds{10}, 1, milliseconds{5}},
           {milliseconds{7}, milliseconds{100}, 1, milliseconds{4}},
           {milliseconds{1}, kMost, std::numeric_limits<int>::max(), kMost - kMost / 2},
           {kMost, kMost, 2, kMost - kMost / 2},
       }) {
    const RetryPolicy policy{5, c.first, c.longest};
    EXPECT_EQ(retry_delay(policy, c.failed_attempts, 0), c.fixed);
    EXPECT_GE(retry_delay(policy, c.failed_attempts, kAlmostOne), c.fixed);
  }
}

}  // namespace
}  // namespace tenancy::core
