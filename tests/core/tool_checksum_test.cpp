#include "core/tool_checksum.h"

#include <gmock/gmock.h>

#include "core/migration_file.h"

namespace tenancy::core {
namespace {

/// The numbers are those of Java's CRC32 over BufferedReader's lines.
TEST(ToolChecksum, CountsLinesAsFlywayDoes) {
  EXPECT_EQ(flyway_checksum("CREATE TABLE users (id int);\n"), 336540139);
  EXPECT_EQ(flyway_checksum("CREATE TABLE users (id int);"), 336540139) << "line ends do not count";
  EXPECT_EQ(flyway_checksum("CREATE TABLE users (id int);\r\n-- \xc3\xa4\r\n"), -1771358283);
  EXPECT_EQ(flyway_checksum("\xef\xbb\xbfSELECT 1;\n\nSELECT '\xe2\x82\xac';"), 70339825);
  EXPECT_EQ(flyway_checksum(""), 0);
  EXPECT_EQ(flyway_checksum("a\rb"), -1635563411);
}

TEST(ToolChecksum, IsOfTheFileAsItIs) {
  FileDefaults defaults;
  defaults.sha256 = [](std::string_view bytes) { return "<" + std::string(bytes) + ">"; };
  const auto checksum = [&](const char* name, const char* text, Format format) {
    defaults.format = format;
    return parse_migration_file(name, text, defaults).migration.tool_checksum;
  };
  EXPECT_EQ(checksum("20240131120000_users/migration.sql", "BEGIN;\r\nSELECT 1;\r\nCOMMIT;", Format::prisma),
            "<BEGIN;\r\nSELECT 1;\r\nCOMMIT;>");
  EXPECT_EQ(checksum("V1__users.sql", "a\rb", Format::flyway), "-1635563411");
  EXPECT_EQ(checksum("R__users.sql", "a\rb", Format::flyway), "-1635563411");
  EXPECT_EQ(checksum("001_users.sql", "SELECT 1;", Format::own), "");
  defaults.sha256 = {};
  EXPECT_EQ(checksum("20240131120000_users/migration.sql", "SELECT 1;", Format::prisma), "");
}

}  // namespace
}  // namespace tenancy::core
