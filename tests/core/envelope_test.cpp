#include "core/envelope.h"

#include "core/migration_file.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

std::string inside(std::string sql) { return take_off_envelope(sql) ? sql : "as it was"; }

TEST(Envelope, IsTakenOffWhenItIsWhole) {
  EXPECT_EQ(inside("BEGIN;\nSELECT 1;\nCOMMIT;\n"), "\nSELECT 1;\n");
  EXPECT_EQ(inside("-- Deploy\nbegin transaction;\n\nSELECT 1; commit work"), "-- Deploy\n\n\nSELECT 1;\n");
  EXPECT_EQ(inside("START TRANSACTION; SELECT 1; END; -- done"), " SELECT 1;  -- done\n");
  EXPECT_EQ(inside("BEGIN;\n--\n-- Create model\n--\nCOMMIT;\n"), "\n--\n-- Create model\n--\n");
  EXPECT_EQ(inside("BEGIN; DO $$ BEGIN COMMIT; END $$; COMMIT;"), " DO $$ BEGIN COMMIT; END $$;\n");
  EXPECT_EQ(inside("BEGIN; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; COMMIT;"),
            " CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;\n");
}

TEST(Envelope, MayBeAroundParts) {
  EXPECT_EQ(inside("BEGIN; SELECT 1; COMMIT;\nSELECT 2;"), " SELECT 1; \nSELECT 2;\n");
  EXPECT_EQ(inside("SELECT 1;\nBEGIN;\nSELECT 2;\nCOMMIT;\n\nBEGIN;\nSELECT 3;\nEND;\n"),
            "SELECT 1;\n\nSELECT 2;\n\n\n\nSELECT 3;\n");
}

TEST(Envelope, StaysWhenItIsNot) {
  for (const char* sql :
       {"", "SELECT 1;", "BEGIN;", "BEGIN; SELECT 1;", "SELECT 1; COMMIT;", "BEGIN; COMMIT;",
        "BEGIN; SELECT 1; COMMIT; COMMIT;", "BEGIN; SELECT 1; BEGIN; SELECT 2; COMMIT; COMMIT;",
        "BEGIN; SELECT 1; COMMIT; ROLLBACK;", "COMMIT; SELECT 1; BEGIN;", "BEGIN; SELECT 1; ROLLBACK;",
        "BEGIN; SELECT 1; ROLLBACK; COMMIT;", "BEGIN READ ONLY; SELECT 1; COMMIT;",
        "BEGIN; SELECT 1; COMMIT AND CHAIN;", "'BEGIN'; SELECT 1; COMMIT;", "BEGIN; SELECT 1; -- COMMIT;",
        "BEGIN; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;"}) {
    EXPECT_EQ(inside(sql), "as it was") << sql;
  }
}

TEST(Envelope, IsNotedAndKeepsLineNumbers) {
  const Migration m = parse_migration_file("1.sql", "-- UPGRADE\nBEGIN;\nSELECT 1;\nEND;\n-- DOWNGRADE\na;").migration;
  EXPECT_EQ(m.up, (SqlSection{"\nSELECT 1;\n", 2}));
  EXPECT_EQ(m.note, "its own BEGIN and COMMIT were left out");
  const Migration outside =
      parse_migration_file("1.sql", "-- MIGRATION_TRANSACTION: off\nBEGIN;\na;\nCOMMIT;").migration;
  EXPECT_EQ(outside.up.sql, "-- MIGRATION_TRANSACTION: off\nBEGIN;\na;\nCOMMIT;\n");
  EXPECT_EQ(outside.note, "");
}

}  // namespace
}  // namespace tenancy::core
