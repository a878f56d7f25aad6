#include <gtest/gtest.h>

#include <map>

#include "driver/output/appearance.h"
#include "driver/output/display_text.h"
#include "driver/output/figures.h"

namespace tenancy::driver {
namespace {

using namespace std::chrono_literals;

TEST(DisplayText, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(visible("plain text"), "plain text");
  EXPECT_EQ(visible("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(visible("\x1b[2J\x07\x7f"), "\\x1b[2J\\x07\\x7f");
  EXPECT_EQ(visible(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(visible("\xc2\x9b"
                    "31m"),
            "\\u009b31m")
      << "CSI as one character of the C1 range";
  EXPECT_EQ(visible("invoice\xe2\x80\xae"
                    "fdp.exe"),
            "invoice\\u202efdp.exe");
  EXPECT_EQ(visible("\xf3\xa0\x81\x81"), "\\U000e0041");
}

TEST(DisplayText, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(visible("a\xff"
                    "b"),
            "a\\xffb");
  EXPECT_EQ(visible("\xe4\xb8"), "\\xe4\\xb8") << "cut in the middle";
  EXPECT_EQ(visible("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(visible("\x80z"), "\\x80z");
}

TEST(DisplayText, KeepsOtherScripts) {
  for (const char* text : {"Zoë", "株式会社", "naïve", "Ελλάδα", "می‌خواهم", "👩‍💻"}) {
    EXPECT_EQ(visible(text), text);
  }
}

TEST(DisplayText, TakesLinesApart) {
  EXPECT_EQ(visible_lines("one\ntwo\r\n\nfour\x1b\n"), (std::vector<std::string>{"one", "two", "", "four\\x1b"}));
  EXPECT_TRUE(visible_lines("").empty());
}

TEST(DisplayText, MeasuresColumns) {
  EXPECT_EQ(display_width("acme"), 4U);
  EXPECT_EQ(display_width("Zoë"), 3U);
  EXPECT_EQ(display_width("Zoe\u0308"), 3U) << "a combining character";
  EXPECT_EQ(display_width("株式会社"), 8U);
  EXPECT_EQ(display_width("🚀"), 2U);
}

TEST(DisplayText, CutsAtColumns) {
  EXPECT_EQ(truncated("acme", 4), "acme");
  EXPECT_EQ(truncated("acme corporation", 8), "acme co…");
  EXPECT_EQ(truncated("株式会社", 7), "株式会…");
  EXPECT_EQ(truncated("株式会社", 6), "株式…") << "half a character is none";
  EXPECT_EQ(truncated("acme corporation", 8, "..."), "acme ...");
  EXPECT_EQ(truncated("acme", 2, "..."), "..");
  EXPECT_EQ(truncated("acme", 0), "");
}

TEST(DisplayText, FillsToColumns) {
  EXPECT_EQ(padded("株", 4) + "|", "株  |");
  EXPECT_EQ(padded("12", 4, Align::right), "  12");
  EXPECT_EQ(padded("12345", 4), "12345");
}

Appearance appearance_with(const std::map<std::string, const char*>& variables, ColorMode mode = ColorMode::automatic) {
  return appearance_of(-1, mode, [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second;
  });
}

TEST(Appearance, HonoursWhatPeopleSayOfColors) {
  EXPECT_FALSE(appearance_with({}).color) << "not a terminal";
  EXPECT_TRUE(appearance_with({{"CLICOLOR_FORCE", "1"}}).color);
  EXPECT_FALSE(appearance_with({{"CLICOLOR_FORCE", "0"}}).color);
  EXPECT_FALSE(appearance_with({{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}).color);
  EXPECT_TRUE(appearance_with({{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", ""}}).color);
  EXPECT_TRUE(appearance_with({{"NO_COLOR", "1"}, {"TERM", "dumb"}}, ColorMode::always).color);
  EXPECT_FALSE(appearance_with({{"CLICOLOR_FORCE", "1"}}, ColorMode::never).color);
}

TEST(Appearance, FollowsTheLocale) {
  EXPECT_FALSE(appearance_with({}).utf8);
  EXPECT_TRUE(appearance_with({{"LANG", "de_DE.UTF-8"}}).utf8);
  EXPECT_TRUE(appearance_with({{"LC_CTYPE", "C.utf8"}, {"LANG", "C"}}).utf8);
  EXPECT_FALSE(appearance_with({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}}).utf8);
  EXPECT_TRUE(appearance_with({{"LC_ALL", ""}, {"LANG", "de_DE.UTF-8"}}).utf8);
}

TEST(Appearance, PaintsWhereColorsAre) {
  EXPECT_EQ(painted("3 failed", Color::red, {.color = true}), "\x1b[31m3 failed\x1b[0m");
  EXPECT_EQ(painted("3 failed", Color::red, {.color = false}), "3 failed");
  EXPECT_EQ(painted("3 failed", Color::none, {.color = true}), "3 failed");
}

TEST(Figures, SeparateThousands) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(999), "999");
  EXPECT_EQ(number_text(1000), "1,000");
  EXPECT_EQ(number_text(123456), "123,456");
  EXPECT_EQ(number_text(1234567), "1,234,567");
  EXPECT_EQ(counted(1, "target", "targets"), "1 target");
  EXPECT_EQ(counted(1200, "target", "targets"), "1,200 targets");
}

TEST(Figures, TellDurations) {
  EXPECT_EQ(duration_text(0us), "0 ms");
  EXPECT_EQ(duration_text(-5us), "0 ms");
  EXPECT_EQ(duration_text(4us), "0.1 ms");
  EXPECT_EQ(duration_text(430us), "0.4 ms");
  EXPECT_EQ(duration_text(9949us), "9.9 ms");
  EXPECT_EQ(duration_text(9950us), "10 ms");
  EXPECT_EQ(duration_text(999499us), "999 ms");
  EXPECT_EQ(duration_text(999500us), "1.0 s");
  EXPECT_EQ(duration_text(1240ms), "1.2 s");
  EXPECT_EQ(duration_text(9950ms), "10 s");
  EXPECT_EQ(duration_text(59499ms), "59 s");
  EXPECT_EQ(duration_text(59500ms), "1 min");
  EXPECT_EQ(duration_text(190s), "3 min 10 s");
  EXPECT_EQ(duration_text(2h + 5min + 59s), "2 h 5 min");
  EXPECT_EQ(duration_text(76h), "3 d 4 h");
}

TEST(Figures, TellRates) {
  EXPECT_EQ(rate_text(1843.4), "1,843/s");
  EXPECT_EQ(rate_text(2.54), "2.5/s");
  EXPECT_EQ(rate_text(0.2), "12/min");
  EXPECT_EQ(rate_text(3.0 / 3600), "3/h");
  EXPECT_EQ(rate_text(0), "0/s");
}

TEST(Figures, TellHowLongAgo) {
  const std::chrono::system_clock::time_point now{1'700'000'000s};
  EXPECT_EQ(relative_text(now - 2s, now), "just now");
  EXPECT_EQ(relative_text(now - 42s, now), "42 s ago");
  EXPECT_EQ(relative_text(now - 5min - 59s, now), "5 min ago");
  EXPECT_EQ(relative_text(now - 49h, now), "2 d ago");
  EXPECT_EQ(relative_text(now + 3h, now), "in 3 h");
  EXPECT_EQ(iso8601(now), "2023-11-14T22:13:20Z");
}

TEST(Figures, SayAllOnlyOfAll) {
  EXPECT_EQ(percent_text(9'999, 10'000), "99 %");
  EXPECT_EQ(percent_text(10'000, 10'000), "100 %");
  EXPECT_EQ(percent_text(0, 0), "100 %");
}

}  // namespace
}  // namespace tenancy::driver
