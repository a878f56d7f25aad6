#include "core/text_array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace tenancy::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TextArray, IsWrittenWithEveryElementQuoted) {
  EXPECT_EQ(text_array({}), "{}");
  EXPECT_EQ(text_array(std::vector<std::string>{"acme", "", "a,b} \"c\" \\", "NULL"}),
            R"({"acme","","a,b} \"c\" \\","NULL"})");
}

TEST(TextArray, IsReadAsTheServerWritesIt) {
  EXPECT_THAT(parse_text_array("{}"), IsEmpty());
  EXPECT_THAT(parse_text_array("{001}"), ElementsAre("001"));
  EXPECT_THAT(parse_text_array(R"({a,"","b \"c\" \\","x,y}","NULL"})"),
              ElementsAre("a", "", "b \"c\" \\", "x,y}", "NULL"));
}

TEST(TextArray, GivesBackWhatWasWritten) {
  std::vector<std::string> const elements{"", "a\\\"b", "{,}", "ü\n"};
  EXPECT_EQ(parse_text_array(text_array(elements)), elements);
}

TEST(TextArray, OtherTextIsRefused) {
  for (const char* const text : {"", "{", "}", "a", "{a", "{\"a\"x}", "{\"a", "{a},"}) {
    EXPECT_THROW((void)parse_text_array(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace tenancy::core
