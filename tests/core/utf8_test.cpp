#include "core/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace tenancy::core {
namespace {

TEST(ValidUtf8Length, TakesEveryWellFormedCharacter) {
  for (const char* text : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9z"}) {
    EXPECT_EQ(valid_utf8_length(text), std::string_view{text}.size()) << testing::PrintToString(text);
  }
}

TEST(ValidUtf8Length, StopsBeforeWhatIsNot) {
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xe0\xa0",
                          "\xe1\x80z", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
                          "\xf1\x80\x80z", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    EXPECT_EQ(valid_utf8_length(std::string{"ok\xc3\xa9"} + bad), 4U) << testing::PrintToString(bad);
  }
}

TEST(FirstCharacters, CountsCharacters) {
  EXPECT_EQ(first_characters("h\xc3\xa9llo", 0), "");
  EXPECT_EQ(first_characters("h\xc3\xa9llo", 1), "h");
  EXPECT_EQ(first_characters("h\xc3\xa9llo", 2), "h\xc3\xa9");
  EXPECT_EQ(first_characters("h\xc3\xa9llo", 5), "h\xc3\xa9llo");
  EXPECT_EQ(first_characters("h\xc3\xa9llo", 6), "h\xc3\xa9llo");
  EXPECT_EQ(first_characters("", 3), "");
}

}  // namespace
}  // namespace tenancy::core
