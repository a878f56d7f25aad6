#include "core/sql_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace tenancy::core {
namespace {

/// A character a line: `p` for one that begins plain, `-` for one that does not.
std::string plainness(std::string_view sql) {
  std::string result;
  SqlScanner scanner{sql};
  while (const auto line = scanner.next()) result += line->plain ? 'p' : '-';
  return result;
}

TEST(SqlScanner, SplitsLines) {
  SqlScanner scanner{"a\n\r\nbc\r\nd"};
  const auto expect = [&](std::string_view text, std::size_t offset, int number) {
    const auto line = scanner.next();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->text, text);
    EXPECT_EQ(line->offset, offset);
    EXPECT_EQ(line->number, number);
  };
  expect("a", 0, 1);
  expect("", 2, 2);
  expect("bc", 4, 3);
  expect("d", 8, 4);
  EXPECT_FALSE(scanner.next());
  EXPECT_FALSE(scanner.next());
}

TEST(SqlScanner, AFinalLineEndMakesNoLine) {
  EXPECT_EQ(plainness(""), "");
  EXPECT_EQ(plainness("\n"), "p");
  EXPECT_EQ(plainness("a"), "p");
  EXPECT_EQ(plainness("a\n"), "p");
  EXPECT_EQ(plainness("a\n\n"), "pp");
}

TEST(SqlScanner, KnowsWhatLinesBeginIn) {
  struct Case {
    const char* sql;
    const char* plainness;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"SELECT 1;\nSELECT 2;", "pp"},
           {"'a\nb'\nc", "p-p"},
           {"'it''s\n'\nc", "p-p"},
           {"'a''\n''b'\nc", "p-p"},
           {"'a\\'\nb", "pp"},
           {"E'a\\'\nb'\nc", "p-p"},
           {"e'a\\\\'\nb", "pp"},
           {"E'a\\\nb'\nc", "p-p"},
           {"E'a''b\\'\nc'\nd", "p-p"},
           {"fooE'a\\'\nb", "pp"},
           {"_e'a\\'\nb", "pp"},
           {"éE'a\\'\nb", "pp"},
           {"U&'a\\'\nb", "pp"},
           {"N'a\\'\nb", "pp"},
           {"E'a'\n'b\\'\nc'\nd", "pp-p"},
           {"E'a' -- x\n  -- y\n 'b\\'\nc'\nd", "ppp-p"},
           {"E'a' 'b\\'\nc", "pp"},
           {"E'a'\n/**/'b\\'\nc", "ppp"},
           {"E'a'\n, 'b\\'\nc", "ppp"},
           {"'a'\n'b\\'\nc", "ppp"},
           {"\"a\nb\"\nc", "p-p"},
           {"\"a\"\"\nb\"\nc", "p-p"},
           {"\"it's\"\nb", "pp"},
           {"'say \"'\nb", "pp"},
           {"$$a\nb$$\nc", "p-p"},
           {"$x$a\n$$\n$y$\n$x$\nc", "p---p"},
           {"$x$a$$x$\nb", "pp"},
           {"$é$a\n$é$\nb", "p-p"},
           {"$x1$'\n$x1$\nb", "p-p"},
           {"$1$a\nb", "pp"},
           {"a$b$\nc", "pp"},
           {"a$$\nc", "pp"},
           {"SELECT $1, $2\nc", "pp"},
           {"$x\n$\nc", "ppp"},
           {"$x y$\nc", "pp"},
           {"-- it's\nb", "pp"},
           {"-- /*\nb", "pp"},
           {"-- $$\nb", "pp"},
           {"-- a\r'\nb", "p-"},
           {"1--'\nb", "pp"},
           {"/* a\nb */\nc", "p-p"},
           {"/* /* */\nb */\nc", "p-p"},
           {"/* -- */ 'a\nb'\nc", "p-p"},
           {"/* it's */\nb", "pp"},
           {"/*/\nb*/\nc", "p-p"},
           {"/**/\nb", "pp"},
           {"*/\nb", "pp"},
           {"//*\n*/\nb", "p-p"},
           {"'/*'\nb", "pp"},
           {"'--'\nb", "pp"},
           {"'a\nb", "p-"},
           {"$$\n", "p"},
           {"'a\r\nb'\r\nc", "p-p"},
       }) {
    EXPECT_EQ(plainness(c.sql), c.plainness) << c.sql;
  }
}

TEST(FindCode, PassesOverCommentsAndWhiteSpace) {
  EXPECT_EQ(find_code(""), std::nullopt);
  EXPECT_EQ(find_code(" \t\r\n\f"), std::nullopt);
  EXPECT_EQ(find_code("-- a\n/* b\n/* c */ */\n--"), std::nullopt);
  EXPECT_EQ(find_code("/* open"), std::nullopt);
  EXPECT_EQ(find_code("x"), 0U);
  EXPECT_EQ(find_code("-- a\n  x"), 7U);
  EXPECT_EQ(find_code("/* a */;"), 7U);
  EXPECT_EQ(find_code("-"), 0U);
  EXPECT_EQ(find_code("*/"), 0U);
}

}  // namespace
}  // namespace tenancy::core
