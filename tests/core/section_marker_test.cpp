#include "core/section_marker.h"

#include "core/migration_file.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

/// "up|down", or without the bar when there is no down; a `!` in front when the migration has no transaction.
std::string read(std::string_view content) {
  const Migration m = parse_migration_file("1_a.sql", content).migration;
  return (m.transactional ? "" : "!") + m.up.sql + (m.down ? "|" + m.down->sql : "");
}

std::optional<Error> error_in(std::string_view content) {
  return error_of([&] { return parse_migration_file("1_a.sql", content); });
}

TEST(SectionMarker, DividesFiles) {
  struct Case {
    const char* content;
    const char* sections;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"-- migrate:up\na;\n-- migrate:down\nb;\n", "a;\n|b;\n"},
           {"-- a file\r\n-- migrate:up transaction:false\r\na;\r\n--migrate:down\r\nb;", "!a;\n|b;\n"},
           {"-- migrate:up\na;\n-- migrate:down transaction:false\nb;", "!a;\n|b;\n"},
           {"-- migrate:up transaction:true\na;", "a;\n"},
           {"-- migrate:up\na;\n\n-- migrate:down\n\n-- nothing\n", "a;\n"},
           {"-- migrate:up\n$$\n-- migrate:down\n$$;\n-- migrate:down\nb;", "$$\n-- migrate:down\n$$;\n|b;\n"},
           {"-- +goose Up\na;\n-- +goose Down\nb;", "a;\n|b;\n"},
           {"-- +goose NO TRANSACTION\n-- +goose up\na;\n-- +goose DOWN\nb;", "!a;\n|b;\n"},
           {"-- +goose Up\n-- +goose StatementBegin\na;\n-- +goose StatementEnd\nc;",
            "-- +goose StatementBegin\na;\n-- +goose StatementEnd\nc;\n"},
           {"\xef\xbb\xbf-- +goose Up\na;\n-- +goose Down", "a;\n"},
           {"-- +goose Up\nSELECT '\n-- +goose Down\n';", "SELECT '\n-- +goose Down\n';\n"},
           {"-- +migrate Up\na;\n-- +migrate Down\nb;", "a;\n|b;\n"},
           {"-- +migrate Down\nb;\n-- +migrate Up notransaction\na;", "!a;\n|b;\n"},
           {"-- Up Migration\na;\n-- Down Migration\nb;", "a;\n|b;\n"},
           {"---- UP  migration of users\na;\n---- down migration\nb;", "a;\n|b;\n"},
           {"a;\n-- Down Migration\nb;", "a;\n|b;\n"},
       }) {
    EXPECT_EQ(read(c.content), c.sections) << c.content;
  }
}

TEST(SectionMarker, OptionsStandAboveAllMarkers) {
  const Migration m =
      parse_migration_file("1.sql", "-- MIGRATION_SCOPE: public\n-- +goose NO TRANSACTION\n-- +goose Up\na;").migration;
  EXPECT_EQ(m.scope, Scope::shared);
  EXPECT_EQ(m.up, (SqlSection{"a;\n", 4}));
}

TEST(SectionMarker, RefusesWhatAToolWouldReadOtherwise) {
  struct Case {
    const char* content;
    int line;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"-- migrate:up\na;\n  -- migrate:down\nb;", 3, "\"-- migrate:down\" is not quite a section marker"},
           {"-- Migrate:up\na;", 1, "\"-- Migrate:up\" is not quite a section marker"},
           {"-- migrate:up transaction:no\na;", 1, "unknown option \"transaction:no\""},
           {"-- migrate:down\nb;\n-- migrate:up\na;", 3, "migrate:up stands behind migrate:down"},
           {"-- migrate:down\nb;", 0, "there is no -- migrate:up"},
           {"SELECT 1;\n-- migrate:up\na;", 1, "SQL stands before the first section"},
           {"-- migrate:up\n\n-- migrate:down\nb;", 1, "the migrate:up section is empty"},
           {"-- migrate:up\na;\n-- migrate:up\nb;", 3, "a second migrate:up section"},
           {"-- +goose Up\na;\n-- +goose Dwon\nb;", 3, "unknown annotation of goose: \"-- +goose Dwon\""},
           {"-- +goose Up\na;\n\t-- +goose Down\nb;", 3, "\"-- +goose Down\" is not quite a section marker"},
           {"-- +goose Up\n-- +goose ENVSUB ON\na;", 2,
            "goose's ENVSUB is not supported: values come from the environment of whoever runs goose"},
           {"-- +goose Down\nb;", 0, "there is no -- +goose Up"},
           {"-- +migrate Up\na;\n-- +migrate down\nb;", 3, "\"-- +migrate down\" is not quite a section marker"},
           {"--+migrate Up\na;", 1, "\"--+migrate Up\" is not quite a section marker"},
           {"-- +migrate Up fast\na;", 1, "unknown option \"fast\""},
           {"-- Up Migration\na;\n-- Up Migration\nb;", 3, "a second Up Migration section"},
       }) {
    const auto error = error_in(c.content);
    EXPECT_THAT(error, IsErrorAt(ErrorKind::bad_file, c.line, c.message)) << c.content;
    EXPECT_EQ(error->file(), "1_a.sql");
  }
}

TEST(SectionMarker, RefusesLookalikesInTheWayUp) {
  for (const char* text : {"a;\n-- Down\nb;", "a;\n--- rollback ---\nb;", "-- +goose Up\na;\n-- goose down\nb;",
                           "a;\n-- @DOWN\nb;", "a;\n-- migrate down:\nb;"}) {
    const auto error = error_in(text);
    ASSERT_TRUE(error) << text;
    EXPECT_THAT(std::string{error->what()}, testing::HasSubstr("is not quite a section marker"));
    EXPECT_GT(error->line(), 1);
  }
  EXPECT_EQ(read("-- +goose Up\na;\n-- +goose Down\n-- down\nb;"), "a;\n|-- down\nb;\n");
  EXPECT_EQ(read("a;\n-- slow down\n-- rollback 1\n"), "a;\n-- slow down\n-- rollback 1\n");
}

TEST(SectionMarker, RefusesFilesThatAreNotTheSqlTheySeem) {
  EXPECT_THAT(
      error_in("BEGIN;\n--\n-- Raw Python operation\n--\n-- THIS OPERATION CANNOT BE WRITTEN AS SQL\nCOMMIT;"),
      IsErrorAt(ErrorKind::bad_file, 5, "Django left an operation out of this file: it cannot be written as SQL"));
  EXPECT_THAT(error_in("--liquibase formatted sql\n--changeset a:1\nSELECT 1;"),
              IsErrorAt(ErrorKind::bad_file, 1, "files of Liquibase are not supported"));
}

}  // namespace
}  // namespace tenancy::core
