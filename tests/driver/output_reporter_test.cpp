#include <gmock/gmock.h>

#include <system_error>

#include "driver/output/composed_reporter.h"
#include "driver/output/line_reporter.h"
#include "driver/output/terminal_reporter.h"
#include "tests/driver/output_feed.h"

namespace tenancy::driver {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

Summary with_failures() {
  return {.end = Summary::End::failures,
          .targets = 4,
          .migrated = 2,
          .unchanged = 1,
          .failed = 1,
          .retries = 3,
          .duration = 2s};
}

class Lines : public testing::Test {
 protected:
  std::unique_ptr<LineReporter> reporter(OutputOptions options = {}) {
    return std::make_unique<LineReporter>(options, time_.clock(), stream_, Appearance{});
  }
  HandClock time_;
  StringStream stream_;
};

TEST_F(Lines, TellAnOperation) {
  const auto lines = reporter();
  lines->begin(kUpgrade);
  lines->found(4, true);
  lines->started(tenant("acme"));
  lines->finished(done("acme"));
  lines->note("2 servers");
  time_.turn(1s);
  Outcome outcome = failed("globex");
  outcome.failure->detail = "two\nlines\x1b[2J";
  outcome.failure->hint = "Create it.";
  outcome.failure->context = "not told";
  lines->finished(outcome);
  lines->warning("lost a connection");
  lines->finished(done("initech"));
  lines->finished(done("umbrella"));
  time_.turn(1s);
  lines->end(with_failures());
  EXPECT_EQ(stream_.take(), R"(2026-11-21T14:00:00Z upgrade to head: app on db1.example.com, 10 targets at once
2026-11-21T14:00:00Z 2 servers
2026-11-21T14:00:01Z failed: tenant "globex": migration 002: statement 1 (002_users.sql line 4): relation "users" does not exist (42P01)
2026-11-21T14:00:01Z   detail: two
2026-11-21T14:00:01Z           lines\x1b[2J
2026-11-21T14:00:01Z   hint: Create it.
2026-11-21T14:00:01Z warning: lost a connection
2026-11-21T14:00:02Z upgrade to head: 1 of 4 targets failed in 2.0 s (2.0/s)
2026-11-21T14:00:02Z   migrated            2
2026-11-21T14:00:02Z   unchanged           1
2026-11-21T14:00:02Z   failed              1
2026-11-21T14:00:02Z   retries             3
2026-11-21T14:00:02Z   1 target: migration 002: statement 1 (002_users.sql line 4): relation "users" does not exist (42P01), tenant "globex"
2026-11-21T14:00:02Z What is done stays done. Mend the failed targets and run the same command again: it does what is left. `tenancy status --behind` lists them.
)");
}

TEST_F(Lines, TellProgressNowAndThen) {
  const auto lines = reporter();
  lines->begin(kUpgrade);
  lines->found(1000, true);
  stream_.take();
  for (int i = 0; i < 49; ++i) {
    time_.turn(100ms);
    lines->finished(done("a"));
    lines->refresh();
  }
  EXPECT_EQ(stream_.take(), "");
  lines->finished(failed("b"));
  lines->retrying(tenant("c"), {}, 1, 1s);
  stream_.take();
  time_.turn(100ms);
  lines->refresh();
  EXPECT_EQ(stream_.take(),
            "2026-11-21T14:00:05Z 50 of 1,000 targets (5 %), 1 failed, 1 retrying, 10/s, 1 min 35 s left\n");
  time_.turn(1h);
  lines->refresh();
  EXPECT_NE(stream_.take(), "");
  time_.turn(59s);
  lines->refresh();
  EXPECT_EQ(stream_.take(), "") << "a line a minute in long operations";
}

TEST_F(Lines, ArePrintedForTheFirstTargetsOfAnError) {
  const auto lines = reporter();
  for (int i = 0; i < 8; ++i) lines->finished(failed("t" + std::to_string(i)));
  std::string text = stream_.take();
  EXPECT_NE(text.find("tenant \"t4\""), std::string::npos);
  EXPECT_EQ(text.find("tenant \"t5\""), std::string::npos);
  EXPECT_TRUE(
      text.ends_with("more targets fail so; they are counted in the summary, and all printed with --verbose\n"));
  lines->finished(failed("x", "another error"));
  EXPECT_NE(stream_.take().find("another error"), std::string::npos);
  lines->end(with_failures());
  EXPECT_NE(stream_.take().find("  8 targets: migration 002: statement 1 (002_users.sql line 4): relation \"users\" "
                                "does not exist (42P01), first: tenant \"t0\"\n"),
            std::string::npos);
}

TEST_F(Lines, TellEverythingWhenAsked) {
  const auto lines = reporter({.verbose = true});
  lines->retrying(tenant("acme"), {.message = "tenant \"acme\": lock timeout"}, 1, 400ms);
  Outcome held = done("acme");
  held.attempts = 2;
  held.held_at = "002";
  lines->finished(held);
  lines->finished({.target = tenant("globex"), .to_revision = "002"});
  lines->finished({.target = tenant("initech"), .state = Outcome::State::cancelled});
  Outcome outcome = failed("hooli");
  outcome.failure->context = "PL/pgSQL function f() line 3";
  lines->finished(outcome);
  EXPECT_EQ(stream_.take(), R"(2026-11-21T14:00:00Z retrying: tenant "acme": lock timeout; attempt 2 in 400 ms
2026-11-21T14:00:00Z done: tenant "acme": 001 -> 002, 1 step, 2.5 ms, held at 002, 2 attempts
2026-11-21T14:00:00Z done: tenant "globex": at 002
2026-11-21T14:00:00Z cancelled: tenant "initech": as it was before
2026-11-21T14:00:00Z failed: tenant "hooli": migration 002: statement 1 (002_users.sql line 4): relation "users" does not exist (42P01)
2026-11-21T14:00:00Z   context: PL/pgSQL function f() line 3
)");
}

TEST_F(Lines, TellFailuresAndTheEndWhenQuiet) {
  const auto lines = reporter({.quiet = true});
  lines->begin(kUpgrade);
  lines->found(10, true);
  lines->note("2 servers");
  lines->finished(done("acme"));
  time_.turn(1min);
  lines->refresh();
  EXPECT_EQ(stream_.take(), "");
  lines->finished(failed("globex"));
  EXPECT_NE(stream_.take(), "");
}

TEST_F(Lines, TellEveryEnd) {
  const auto end = [this](const Summary& summary) {
    const auto lines = reporter();
    lines->begin(kUpgrade);
    stream_.take();
    lines->end(summary);
    return stream_.take();
  };
  EXPECT_EQ(end({.end = Summary::End::nothing_to_do, .targets = 10'000, .unchanged = 10'000, .duration = 300ms}),
            "2026-11-21T14:00:00Z upgrade to head: nothing to do: 10,000 targets are up to date in 300 ms\n");
  EXPECT_EQ(end({.end = Summary::End::nothing_to_do, .duration = 3ms}),
            "2026-11-21T14:00:00Z upgrade to head: nothing to do: no target is selected\n");
  EXPECT_EQ(end({.end = Summary::End::cannot_connect, .reason = "no route to host \"db1\""}),
            "2026-11-21T14:00:00Z upgrade to head: cannot connect: no route to host \"db1\"\n");
  EXPECT_EQ(end({.end = Summary::End::done, .targets = 1, .migrated = 1, .duration = 12ms}),
            "2026-11-21T14:00:00Z upgrade to head: 1 target done in 12 ms\n"
            "2026-11-21T14:00:00Z   migrated            1\n");
  EXPECT_EQ(end({.end = Summary::End::stopped,
                 .reason = "interrupted",
                 .targets = 9,
                 .migrated = 4,
                 .cancelled = 1,
                 .not_started = 4,
                 .duration = 1s}),
            "2026-11-21T14:00:00Z upgrade to head: stopped: interrupted; 4 of 9 targets done in 1.0 s (4.0/s)\n"
            "2026-11-21T14:00:00Z   migrated            4\n"
            "2026-11-21T14:00:00Z   cancelled           1\n"
            "2026-11-21T14:00:00Z   not started         4\n"
            "2026-11-21T14:00:00Z What is done stays done. Run the same command again: it does what is left.\n");
}

TEST_F(Lines, TellHowARecordedRunGoesOn) {
  const auto end = [this](Summary summary) {
    summary.run = 7;
    const auto lines = reporter();
    lines->begin(kUpgrade);
    lines->end(summary);
    return stream_.take();
  };
  EXPECT_THAT(end({.end = Summary::End::failures, .targets = 2, .failed = 2}),
              EndsWith("`tenancy run show 7` lists the failed targets. Mend them, then: tenancy run retry 7\n"));
  EXPECT_THAT(end({.end = Summary::End::stopped, .reason = "interrupted", .targets = 2, .not_started = 2}),
              EndsWith("What is done stays done. What is left: tenancy run resume 7\n"));
  std::string const canary =
      end({.end = Summary::End::done, .reason = "the canary is done", .targets = 5, .migrated = 1, .not_started = 4});
  EXPECT_THAT(canary, HasSubstr("upgrade to head: the canary is done; 1 of 5 targets done"));
  EXPECT_THAT(canary, EndsWith("What is left: tenancy run resume 7\n"));
}

class OnTerminal : public testing::Test {
 protected:
  std::unique_ptr<TerminalReporter> reporter(OutputOptions options = {}) {
    return std::make_unique<TerminalReporter>(options, time_.clock(), stream_, Appearance{.terminal = true},
                                              [this] { return columns_; });
  }
  HandClock time_;
  StringStream stream_;
  std::size_t columns_ = 40;
};

TEST_F(OnTerminal, DrawsTheBarInOneWrite) {
  const auto terminal = reporter();
  terminal->begin(kUpgrade);
  EXPECT_EQ(stream_.take(),
            "\x1b[?25l\x1b[Jupgrade to head: app on db1.example.com, 10 targets at once\n\x1b[J\x1b[?25h");
  terminal->found(10, true);
  terminal->started(tenant("acme"));
  const std::size_t before = stream_.writes();
  terminal->refresh();
  EXPECT_EQ(stream_.writes(), before + 1);
  EXPECT_EQ(stream_.take(), "\x1b[?25l░░░░░░░░░░  0 %  0 done · 10 to go\x1b[J\x1b[?25h");
  time_.turn(1s);
  terminal->refresh();
  EXPECT_EQ(stream_.take(),
            "\x1b[?25l\r░░░░░░░░░░  0 %  0 done · 10 to go\x1b[K\n"
            "running tenant \"acme\" 1 s\x1b[J\x1b[?25h");
  terminal->finished(done("acme"));
  EXPECT_EQ(stream_.take(), "");
  terminal->refresh();
  EXPECT_EQ(stream_.take(), "\x1b[?25l\r\x1b[1A█░░░░░░░░░  10 %  1 done · 9 s left\x1b[J\x1b[?25h");
}

TEST_F(OnTerminal, FindsTheBarAgainInANarrowerTerminal) {
  const auto terminal = reporter();
  terminal->found(10, true);
  terminal->refresh();
  stream_.take();
  columns_ = 20;
  terminal->refresh();
  EXPECT_TRUE(stream_.take().starts_with("\x1b[?25l\r\x1b[1A")) << "the bar takes two rows now";
}

TEST_F(OnTerminal, PrintsAFloodPieceByPiece) {
  const auto terminal = reporter({.verbose = true});
  terminal->found(1000, true);
  terminal->refresh();
  const std::size_t before = stream_.writes();
  for (int i = 0; i < 1000; ++i) terminal->finished(done("acme"));
  EXPECT_EQ(stream_.writes(), before);
  stream_.take();
  time_.turn(50ms);
  terminal->finished(failed("globex"));
  EXPECT_EQ(stream_.writes(), before + 1);
  EXPECT_NE(stream_.take().find("does not exist (42P01)\n"), std::string::npos);
}

TEST_F(OnTerminal, EndsWithoutABar) {
  auto terminal = reporter();
  terminal->begin(kUpgrade);
  terminal->found(1, true);
  terminal->refresh();
  stream_.take();
  time_.turn(1s);
  terminal->end({.targets = 1, .migrated = 1, .duration = 1s});
  EXPECT_TRUE(stream_.take().ends_with("  migrated            1\n\x1b[J\x1b[?25h"));
  terminal.reset();
  EXPECT_EQ(stream_.take(), "");
}

TEST_F(OnTerminal, TakesTheBarAwayWhenAnErrorEndsIt) {
  auto terminal = reporter();
  terminal->found(1, true);
  terminal->refresh();
  terminal->note("on its way");
  stream_.take();
  terminal.reset();
  EXPECT_EQ(stream_.take(), "\x1b[?25l\r\x1b[Jon its way\n\x1b[J\x1b[?25h");
}

TEST_F(OnTerminal, ShowsNoBarWhenQuiet) {
  const auto terminal = reporter({.quiet = true});
  terminal->begin(kUpgrade);
  terminal->found(10, true);
  terminal->refresh();
  EXPECT_EQ(stream_.take(), "");
}

class ThrowingReporter : public Reporter {
 public:
  void note(std::string_view) override {
    throw std::system_error(std::make_error_code(std::errc::broken_pipe), "could not write output");
  }
};

class CountingReporter : public Reporter {
 public:
  explicit CountingReporter(int& count) : count_(count) {}
  void note(std::string_view) override { ++count_; }

 private:
  int& count_;
};

TEST(ComposedReporter, TellsTheOthersAlsoWhenOneFails) {
  int count = 0;
  std::vector<std::unique_ptr<Reporter>> reporters;
  reporters.push_back(std::make_unique<ThrowingReporter>());
  reporters.push_back(std::make_unique<CountingReporter>(count));
  ComposedReporter composed(std::move(reporters));
  EXPECT_THROW(composed.note("text"), std::system_error);
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace tenancy::driver
