#include "core/source_text.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using namespace std::string_literals;
constexpr ErrorKind kBadFile = ErrorKind::bad_file;

TEST(SourceText, DropsTheMarkAndCarriageReturns) {
  EXPECT_EQ(read_source_text("f", ""), "");
  EXPECT_EQ(read_source_text("f", "\xef\xbb\xbfSELECT 1"), "SELECT 1");
  EXPECT_EQ(read_source_text("f", "\xef\xbb\xbf\xef\xbb\xbfSELECT 1"), "SELECT 1");
  EXPECT_EQ(read_source_text("f", "a\r\nb\r\n"), "a\nb\n");
  EXPECT_EQ(read_source_text("f", "SELECT 'a\r\nb'"), "SELECT 'a\nb'");
  EXPECT_EQ(read_source_text("f", "a\r\r\nb"), "a\nb");
  EXPECT_EQ(read_source_text("f", "a\rb\r"), "a\rb\r") << "a lone carriage return is no line end";
}

TEST(SourceText, RefusesOtherEncodings) {
  const auto error = [](const std::string& bytes) {
    return error_of([&] { return read_source_text("a.sql", bytes); });
  };
  EXPECT_THAT(error("\xff\xfeS\0"s), IsErrorAt(kBadFile, 1, "the file is UTF-16"));
  EXPECT_THAT(error("\xfe\xff\0S"s), IsErrorAt(kBadFile, 1, "the file is UTF-16"));
  EXPECT_THAT(error("a\nb\0"s), IsErrorAt(kBadFile, 2, "the file holds a NUL byte"));
  EXPECT_THAT(error("a\r\nb\n\xe9"s), IsErrorAt(kBadFile, 3, "the file is not UTF-8 at byte 0xe9"));
  EXPECT_THAT(error("\xed\xa0\x80"s), IsErrorAt(kBadFile, 1, "the file is not UTF-8 at byte 0xed"));
  EXPECT_EQ(error("\xff\xfe"s)->file(), "a.sql");
  EXPECT_EQ(error("\xff\xfe"s)->hint(), "Save the file as UTF-8.");
}

}  // namespace
}  // namespace tenancy::core
