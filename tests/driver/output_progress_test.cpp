#include "driver/output/progress.h"

#include <gtest/gtest.h>

#include "driver/output/bar.h"
#include "driver/output/display_text.h"
#include "driver/output/failure_groups.h"
#include "tests/driver/output_feed.h"

namespace tenancy::driver {
namespace {

using namespace std::chrono_literals;

TEST(Progress, CountsTargetsThroughTheirAttempts) {
  HandClock time;
  Progress progress(time.clock());
  progress.found(3, false);
  progress.found(1, true);
  progress.started(tenant("a"));
  progress.retrying(tenant("a"));
  EXPECT_EQ(progress.retrying(), 1U);
  progress.started(tenant("a"));
  EXPECT_EQ(progress.retrying(), 1U) << "until it has ended";
  progress.finished(done("a"));
  progress.finished(failed("b"));
  EXPECT_EQ(progress.retrying(), 0U);
  EXPECT_EQ(progress.done(), 1U);
  EXPECT_EQ(progress.failed(), 1U);
  EXPECT_EQ(progress.total(), 4U);
  EXPECT_EQ(progress.remaining(), 2U);
  EXPECT_TRUE(progress.complete());
}

TEST(Progress, CountsOnWhatIsExpected) {
  HandClock time;
  Progress progress(time.clock());
  progress.expected(100);
  progress.unchanged(20);
  progress.found(10, false);
  EXPECT_EQ(progress.total(), 100U);
  EXPECT_EQ(progress.done(), 20U);
  EXPECT_EQ(progress.remaining(), 80U);
  EXPECT_TRUE(progress.complete());
  progress.found(0, true);
  EXPECT_EQ(progress.total(), 30U) << "some went away meanwhile";
}

TEST(Progress, TellsTheRateOfTheLastSeconds) {
  HandClock time;
  Progress progress(time.clock());
  progress.found(1000, true);
  EXPECT_EQ(progress.time_left(), std::nullopt);
  for (int i = 0; i < 100; ++i) progress.finished(done("a"));
  time.turn(1s);
  progress.sample();
  EXPECT_DOUBLE_EQ(progress.per_second(), 100);
  EXPECT_EQ(progress.time_left(), 9s);
  // From here on it is slower, and what was before is forgotten.
  for (int second = 0; second < 20; ++second) {
    time.turn(1s);
    progress.finished(done("a"));
    progress.sample();
  }
  EXPECT_DOUBLE_EQ(progress.per_second(), 1);
}

TEST(Progress, CannotSayTheTimeOfAFleetItDoesNotKnow) {
  HandClock time;
  Progress progress(time.clock());
  progress.found(1000, false);
  progress.finished(done("a"));
  time.turn(1s);
  EXPECT_EQ(progress.time_left(), std::nullopt);
}

TEST(Progress, NamesTheTargetsThatTakeLong) {
  HandClock time;
  Progress progress(time.clock());
  progress.started(tenant("a"));
  time.turn(2s);
  progress.started(tenant("b"));
  time.turn(1s);
  progress.started(tenant("c"));
  const auto running = progress.running(1s);
  ASSERT_EQ(running.size(), 2U);
  EXPECT_EQ(running[0].name, "tenant \"a\"");
  EXPECT_EQ(running[0].since, 3s);
  EXPECT_EQ(running[1].name, "tenant \"b\"");
}

class Bar : public testing::Test {
 protected:
  Bar() : progress_(time_.clock()) {}

  /// 5,230 of 10,000 are finished after 5 s, 3 of them failed, and 2 are tried again.
  void in_the_middle() {
    progress_.found(10'000, true);
    for (int i = 0; i < 5'227; ++i) progress_.finished(done("a"));
    for (int i = 0; i < 3; ++i) progress_.finished(failed("b"));
    progress_.retrying(tenant("c"));
    progress_.retrying(tenant("d"));
    time_.turn(5s);
    progress_.sample();
  }

  std::string line(const Appearance& appearance) {
    const std::vector<BarLine> lines = bar_lines("upgrade to head", progress_, appearance);
    for (const BarLine& line : lines) {
      EXPECT_LT(line.width, appearance.columns);
      if (!appearance.color) {
        EXPECT_EQ(line.width, display_width(line.text));
      }
    }
    std::string text;
    for (const BarLine& line : lines) text += (text.empty() ? "" : "\n") + line.text;
    return text;
  }

  HandClock time_;
  Progress progress_;
};

TEST_F(Bar, ShowsWhatTheWidthAllows) {
  in_the_middle();
  EXPECT_EQ(line({.columns = 200}),
            "upgrade to head  ████████████████████░░░░░░░░░░░░░░░░░░░░  52 %  "
            "5,227 done · 3 failed · 2 retrying · 4,770 to go · 1,046/s · 5 s left");
  EXPECT_EQ(line({.columns = 100}),
            "██████████░░░░░░░░░░  52 %  5,227 done · 3 failed · 2 retrying · 4,770 to go · 1,046/s · 5 s left");
  EXPECT_EQ(line({.columns = 80}), "█████░░░░░  52 %  5,227 done · 3 failed · 2 retrying · 4,770 to go · 5 s left");
  EXPECT_EQ(line({.columns = 60}), "52 %  5,227 done · 3 failed · 2 retrying · 5 s left");
  EXPECT_EQ(line({.columns = 40}), "52 %  5,227 done · 3 failed · 5 s left");
  EXPECT_EQ(line({.columns = 20}), "52 %  3 failed");
  EXPECT_EQ(line({.columns = 8}), "52 %");
}

TEST_F(Bar, DoesWithAscii) {
  in_the_middle();
  EXPECT_EQ(line({.utf8 = false, .columns = 80}),
            "#####.....  52 %  5,227 done, 3 failed, 2 retrying, 4,770 to go, 5 s left");
}

TEST_F(Bar, PaintsWhatFailed) {
  in_the_middle();
  EXPECT_EQ(line({.color = true, .columns = 66}),
            "\x1b[32m████\x1b[0m\x1b[31m█\x1b[0m\x1b[2m░░░░░\x1b[0m  52 %  5,227 done\x1b[2m · \x1b[0m"
            "\x1b[31m3 failed\x1b[0m\x1b[2m · \x1b[0m\x1b[33m2 retrying\x1b[0m\x1b[2m · \x1b[0m5 s left");
}

TEST_F(Bar, HasNoShareOfAFleetItDoesNotKnow) {
  progress_.found(1'000, false);
  progress_.finished(done("a"));
  EXPECT_EQ(line({.columns = 80}), "upgrade to head  1 done · 999+ to go");
}

TEST_F(Bar, NamesTheTargetsThatTakeLong) {
  progress_.found(10, true);
  progress_.started(tenant("株式会社"));
  progress_.started(tenant("a\x1b[2J"));
  time_.turn(75s);
  EXPECT_EQ(line({.columns = 40}),
            "░░░░░░░░░░  0 %  0 done · 10 to go\n"
            "running tenant \"a\\x1b[2J\" 1 min 15 s ·…");
}

TEST(FailureGroups, PutTargetsWithOneErrorTogether) {
  FailureGroups groups;
  const ServerReport missing{.sqlstate = "42P01", .message = "relation \"users\" does not exist"};
  EXPECT_EQ(groups.add(tenant("acme"), missing), 1U);
  EXPECT_EQ(groups.add(tenant("globex"), {.sqlstate = "23505", .message = "duplicate key"}), 1U);
  EXPECT_EQ(groups.add(tenant("initech"), missing), 2U);
  const auto sorted = groups.largest_first();
  ASSERT_EQ(sorted.size(), 2U);
  EXPECT_EQ(sorted[0].message, "relation \"users\" does not exist");
  EXPECT_EQ(sorted[0].targets, 2U);
  EXPECT_EQ(sorted[0].first, "tenant \"acme\"");
}

TEST(FailureGroups, SeeThroughTheNamesOfTargets) {
  for (const std::string pattern :
       {"tenant \"%\": migration 002: boom", "schema \"%\" is not there", "relation \"%.users\" does not exist",
        "cannot drop table %.users because others depend on it", "tenant \"%\" (schema \"%\"): no"}) {
    FailureGroups groups;
    for (const std::string name : {"acme", "globex"}) {
      std::string message = pattern;
      for (std::size_t at = 0; (at = message.find('%')) != std::string::npos;) message.replace(at, 1, name);
      groups.add(tenant(name), {.sqlstate = "XX000", .message = message});
    }
    EXPECT_EQ(groups.largest_first().size(), 1U) << pattern;
  }
}

TEST(FailureGroups, KeepOtherWordsApart) {
  FailureGroups groups;
  groups.add(tenant("a"), {.message = "a table is missing"});
  groups.add(tenant("b"), {.message = "b table is missing"});
  groups.add(tenant("b"), {.sqlstate = "42P01", .message = "b table is missing"});
  EXPECT_EQ(groups.largest_first().size(), 3U);
}

TEST(FailureGroups, AreOfABoundedNumber) {
  FailureGroups groups;
  for (int i = 0; i < 5'000; ++i) groups.add(tenant("t"), {.message = "error " + std::to_string(i)});
  const auto sorted = groups.largest_first();
  EXPECT_EQ(sorted.size(), 1'001U);
  EXPECT_EQ(sorted[0].message, "other errors");
  EXPECT_EQ(sorted[0].targets, 4'000U);
}

TEST(FailureGroups, TakeOffTheLabelThatTheDatabaseKnows) {
  const Target target{.tenant = "acme", .server = "eu", .database = "d", .schema = "app"};
  for (const char* label : {"tenant \"acme\" (server \"eu\", database \"d\", schema \"app\")",
                            "tenant \"acme\" (schema \"app\")", "tenant \"acme\"", "schema \"app\""}) {
    EXPECT_EQ(without_label(std::string(label) + ": migration 002: boom", target), "migration 002: boom") << label;
  }
  EXPECT_EQ(without_label("tenant \"other\": boom", target), "tenant \"other\": boom");
  EXPECT_EQ(without_label("schema \"app\" is not there", target), "schema \"app\" is not there");
  EXPECT_EQ(without_label("tenant \"acme\" (", target), "tenant \"acme\" (");
}

}  // namespace
}  // namespace tenancy::driver
