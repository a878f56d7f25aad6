#include "core/tracking_sql.h"

#include <gtest/gtest.h>

namespace tenancy::core {
namespace {

TEST(QuoteIdentifier, AlwaysQuotes) {
  EXPECT_EQ(quote_identifier("tenant_1"), "\"tenant_1\"");
  EXPECT_EQ(quote_identifier("Acme, Inc."), "\"Acme, Inc.\"");
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_identifier("\""), "\"\"\"\"");
  EXPECT_EQ(quote_identifier(""), "\"\"");
}

TEST(TrackingTable, IsMadeFromItsColumns) {
  EXPECT_EQ(create_tracking_table_sql("te\"nant", "schema_migrations"),
            "CREATE TABLE \"te\"\"nant\".\"schema_migrations\" ("
            "migration_set character varying(63) NOT NULL, "
            "version character varying(128) NOT NULL, "
            "description character varying(200) NOT NULL, "
            "checksum character varying(64) NOT NULL, "
            "state character varying(8) NOT NULL, "
            "applied_at timestamp with time zone NOT NULL, "
            "applied_by pg_catalog.name NOT NULL, "
            "duration interval, "
            "PRIMARY KEY (migration_set, version))");
}

TEST(TrackingTable, CanLeaveItsPrimaryKeyToItsMaker) {
  std::string const declared = create_tracking_table_sql("tenant", "schema_migrations");
  std::string const left_out = create_tracking_table_sql("tenant", "schema_migrations", PrimaryKey::left_out);
  EXPECT_EQ(left_out.substr(0, left_out.size() - 1) + ", PRIMARY KEY (migration_set, version))", declared);
}

TEST(TrackedDescription, IsCutAtACharacter) {
  std::string accents;
  for (std::size_t i = 0; i < kTrackedDescriptionLength; ++i) accents += "é";
  EXPECT_EQ(tracked_description("short"), "short");
  EXPECT_EQ(tracked_description(accents), accents);
  EXPECT_EQ(tracked_description(accents + "é"), accents);
}

}  // namespace
}  // namespace tenancy::core
