#include "core/error.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "core/message.h"

namespace tenancy::core {
namespace {

TEST(Error, LocatesWhatIsKnown) {
  const auto located = [](const char* file, int line) {
    return Error(ErrorKind::bad_file, "it is bad", {}, file, line).located_message();
  };
  EXPECT_EQ(located("a.sql", 7), "a.sql:7: it is bad");
  EXPECT_EQ(located("a.sql", 0), "a.sql: it is bad");
  EXPECT_EQ(located("", 7), "line 7: it is bad");
  EXPECT_EQ(located("", 0), "it is bad");
}

TEST(Error, KeepsItsParts) {
  const Error error(ErrorKind::bad_value, "message", "Hint.", "file", 3);
  EXPECT_EQ(error.kind(), ErrorKind::bad_value);
  EXPECT_STREQ(error.what(), "message");
  EXPECT_EQ(error.hint(), "Hint.");
  EXPECT_EQ(error.file(), "file");
  EXPECT_EQ(error.line(), 3);
}

TEST(Message, QuotesOnOneLine) {
  EXPECT_EQ(quoted_text("x"), "\"x\"");
  EXPECT_EQ(quoted_text("a\nb\tc\x7f"), "\"a?b?c?\"");
  EXPECT_EQ(quoted_text(std::string(80, 'x')), '"' + std::string(80, 'x') + '"');
  EXPECT_EQ(quoted_text(std::string(81, 'x')), '"' + std::string(80, 'x') + "...\"");
  EXPECT_EQ(quoted_text(std::string(79, 'x') + "é" + "y"), '"' + std::string(79, 'x') + "...\"")
      << "cut at a character";
}

TEST(Message, ListsFiveNames) {
  constexpr std::array<std::string_view, 7> kNames{"1", "2", "3", "4", "5", "6", "7"};
  EXPECT_EQ(listed({kNames.data(), 0}), "");
  EXPECT_EQ(listed({kNames.data(), 1}), "1");
  EXPECT_EQ(listed({kNames.data(), 5}), "1, 2, 3, 4, 5");
  EXPECT_EQ(listed({kNames.data(), 6}), "1, 2, 3, 4, 5 and 1 more");
  EXPECT_EQ(listed(kNames), "1, 2, 3, 4, 5 and 2 more");
}

}  // namespace
}  // namespace tenancy::core
