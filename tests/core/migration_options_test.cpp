#include "core/migration_file.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using namespace std::chrono_literals;
constexpr ErrorKind kBadFile = ErrorKind::bad_file;
constexpr ErrorKind kBadValue = ErrorKind::bad_value;

Migration parse(const std::string& content, std::string_view name = "001_a.sql") {
  return parse_migration_file(name, content).migration;
}

std::optional<Error> parse_error(const std::string& content, std::string_view name = "001_a.sql") {
  return error_of([&] { return parse(content, name); });
}

TEST(MigrationOptions, AreReadFromTheTop) {
  const std::string header =
      "-- A comment\n"
      "\n"
      "-- MIGRATION_VERSION: 7\n"
      "--MIGRATION_DESCRIPTION:   add -- invoices: all  \r\n"
      "  -- MIGRATION_SET: users\n"
      "-- MIGRATION_SCOPE: PUBLIC\n"
      "-- MIGRATION_TRANSACTION : Off\n"
      "-- MIGRATION_REPEATABLE: yes\n"
      "-- MIGRATION_ALLOW_OUTSIDE: true\n"
      "-- MIGRATION_VARIABLES: on\n"
      "-- MIGRATION_LOCK_TIMEOUT: 5s\n"
      "-- MIGRATION_STATEMENT_TIMEOUT: 10min\n";
  for (const char* body : {"SELECT 1;", "-- UPGRADE\nSELECT 1;"}) {
    const ParsedFile file = parse_migration_file("notes.sql", header + body);
    EXPECT_EQ(file.version_line, 3);
    EXPECT_EQ(file.migration.version, "7");
    EXPECT_EQ(file.migration.description, "add -- invoices: all");
    EXPECT_EQ(file.migration.set, "users");
    EXPECT_EQ(file.migration.scope, Scope::shared);
    EXPECT_FALSE(file.migration.transactional);
    EXPECT_TRUE(file.migration.repeatable);
    EXPECT_TRUE(file.migration.allow_outside);
    EXPECT_EQ(file.migration.variables, VariableSyntax::braces);
    EXPECT_EQ(file.migration.lock_timeout, 5s);
    EXPECT_EQ(file.migration.statement_timeout, 10min);
  }
}

TEST(MigrationOptions, WinOverTheName) {
  const Migration migration = parse("-- MIGRATION_VERSION: v2\n-- MIGRATION_DESCRIPTION: b\n", "001_a.sql");
  EXPECT_EQ(migration.version, "v2");
  EXPECT_EQ(migration.description, "b");
}

TEST(MigrationOptions, SayThePlaceInAGraph) {
  const Migration migration = parse("-- MIGRATION_AFTER: 1975ea83b712 ,b9e\n-- MIGRATION_BRANCHES: billing\nSELECT 1;");
  EXPECT_THAT(migration.after, testing::Optional(testing::ElementsAre("1975ea83b712", "b9e")));
  EXPECT_THAT(migration.branches, testing::ElementsAre("billing"));
  EXPECT_THAT(parse("-- MIGRATION_AFTER: base\nSELECT 1;").after, testing::Optional(testing::IsEmpty()));
  EXPECT_EQ(parse("SELECT 1;").after, std::nullopt);
  EXPECT_THAT(parse_error("-- MIGRATION_AFTER: a,\nSELECT 1;"), IsErrorAt(kBadValue, 0, "\"\" is not a version"));
  EXPECT_THAT(parse_error("-- MIGRATION_AFTER: a\n-- MIGRATION_REPEATABLE: on\nSELECT 1;"),
              IsErrorAt(kBadValue, 0, "a repeatable migration has no place in the order"));
}

TEST(MigrationOptions, SayWhatOtherSetsMustHave) {
  const Migration migration = parse("-- MIGRATION_REQUIRES: users@003, plans@1\tbilling@2.1 \nSELECT 1;");
  EXPECT_THAT(migration.required, testing::ElementsAre("users@003", "plans@1", "billing@2.1"));
  EXPECT_THAT(parse("SELECT 1;").required, testing::IsEmpty());
  EXPECT_THAT(parse_error("-- MIGRATION_REQUIRES: users@1,\nSELECT 1;"),
              IsErrorAt(kBadValue, 0, "\"\" names no set and version"));
  EXPECT_THAT(parse_error("-- MIGRATION_SET: users\n-- MIGRATION_REQUIRES: users@1\nSELECT 1;"),
              IsErrorAt(kBadValue, 0, "\"users@1\" is of the migration's own set"));
}

TEST(MigrationOptions, RefuseWhatIsUnfinished) {
  EXPECT_THAT(parse_error("-- A comment\n-- MIGRATION_UNFINISHED: it needs a connection\nSELECT 1;"),
              IsErrorAt(kBadFile, 2, "MIGRATION_UNFINISHED: it needs a connection"));
}

TEST(MigrationOptions, HaveSwitches) {
  for (const std::string on : {"on", "ON", "true", "Yes"}) {
    EXPECT_TRUE(parse("-- MIGRATION_ALLOW_OUTSIDE: " + on).allow_outside);
  }
  for (const std::string off : {"off", "OFF", "False", "no"}) {
    EXPECT_FALSE(parse("-- MIGRATION_TRANSACTION: " + off).transactional);
  }
}

TEST(MigrationOptions, LeaveOtherCommentsAlone) {
  for (const std::string comment : {
           "-- MIGRATION: foo",
           "-- MIGRATION_: foo",
           "-- a MIGRATION_SCOPE: foo",
           "-- see MIGRATION_FOO: x",
           "-- MIGRATION_NOTES are elsewhere",
           "-- migrations_of: x",
           "-- MIGRATION_2: x",
           "--- MIGRATION_SCOPE: foo",
           "/*\n-- MIGRATION_FOO: x\n*/",
       }) {
    EXPECT_EQ(parse(comment).scope, Scope::tenant) << comment;
  }
}

TEST(MigrationOptions, AreRefusedWithTheirLine) {
  struct Case {
    const char* content;
    ErrorKind kind;
    int line;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"-- MIGRATION_FOO: 1", kBadFile, 1, "unknown option \"MIGRATION_FOO\""},
           {"-- MIGRATION_SCOPES: public", kBadFile, 1, "unknown option \"MIGRATION_SCOPES\""},
           {"-- migration_scope: public", kBadFile, 1, "unknown option \"migration_scope\""},
           {"\n-- MIGRATION_SCOPE public", kBadFile, 2, "no \":\" behind MIGRATION_SCOPE"},
           {"\n-- MIGRATION_SCOPE = public", kBadFile, 2, "no \":\" behind MIGRATION_SCOPE"},
           {"-- MIGRATION_SET: a\n-- x\n-- MIGRATION_SET: a", kBadFile, 3, "MIGRATION_SET stands twice"},
           {"-- MIGRATION_SCOPE:", kBadValue, 1, "MIGRATION_SCOPE has no value"},
           {"-- MIGRATION_SCOPE:  \r\n", kBadValue, 1, "MIGRATION_SCOPE has no value"},
           {"-- MIGRATION_SCOPE: all", kBadValue, 1, "MIGRATION_SCOPE: \"all\" is not a scope"},
           {"-- MIGRATION_TRANSACTION: maybe", kBadValue, 1, "MIGRATION_TRANSACTION: \"maybe\" is neither on nor off"},
           {"-- MIGRATION_REPEATABLE: 1", kBadValue, 1, "MIGRATION_REPEATABLE: \"1\" is neither on nor off"},
           {"-- MIGRATION_VERSION: head", kBadValue, 1, "MIGRATION_VERSION: \"head\" is not a version"},
           {"-- MIGRATION_VERSION: 1 2", kBadValue, 1, "MIGRATION_VERSION: \"1 2\" is not a version"},
           {"-- MIGRATION_SET: Users", kBadValue, 1, "MIGRATION_SET: \"Users\" is not the name of a migration set"},
           {"-- MIGRATION_LOCK_TIMEOUT: 5 weeks", kBadValue, 1, "MIGRATION_LOCK_TIMEOUT: \"5 weeks\" is not a time"},
           {"a;\n-- MIGRATION_SCOPE: both", kBadFile, 2,
            "MIGRATION_SCOPE stands too low: options stand at the top of the file"},
           {"-- UPGRADE\n-- MIGRATION_SCOPE: both\na;", kBadFile, 2,
            "MIGRATION_SCOPE stands too low: options stand at the top of the file"},
           {"/* x */\n-- MIGRATION_XYZ: both\na;", kBadFile, 2,
            "MIGRATION_XYZ stands too low: options stand at the top of the file"},
           {"a;\n-- DOWNGRADE\nb;\n  -- MIGRATION_SET: x", kBadFile, 4,
            "MIGRATION_SET stands too low: options stand at the top of the file"},
       }) {
    const auto error = parse_error(c.content);
    EXPECT_THAT(error, IsErrorAt(c.kind, c.line, c.message)) << c.content;
    EXPECT_EQ(error->file(), "001_a.sql");
    EXPECT_TRUE(error->hint().ends_with('.')) << error->hint();
  }
  EXPECT_EQ(parse_error("-- MIGRATION_SET: a\n-- MIGRATION_SET: a")->hint(), "Line 1 gives it already.");
}

TEST(MigrationOptions, NameARepeatableMigration) {
  EXPECT_EQ(parse("-- MIGRATION_REPEATABLE: on\na;", "refresh_views.sql").version, "refresh_views");
  EXPECT_EQ(parse("-- MIGRATION_REPEATABLE: on\na;", "refresh_views.sql").description, "");
  EXPECT_EQ(parse("-- MIGRATION_REPEATABLE: on\na;", "refresh_views.up.sql").version, "refresh_views");
  EXPECT_EQ(parse("-- MIGRATION_REPEATABLE: on\na;", "900_views.sql").version, "900");
  for (const char* name : {"refresh views.sql", "head.sql", "é.sql"}) {
    EXPECT_THAT(parse_error("-- MIGRATION_REPEATABLE: on\na;", name), IsErrorAt(kBadFile, 0, "the name is no version"));
  }
}

TEST(Duration, HasPostgresUnits) {
  EXPECT_EQ(parse_duration("0"), 0ms);
  EXPECT_EQ(parse_duration("250"), 250ms);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration(" 5 s "), 5s);
  EXPECT_EQ(parse_duration("10min"), 10min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("24d"), 24 * 24h);
  EXPECT_EQ(parse_duration("2147483647"), 2147483647ms);
}

TEST(Duration, RefusesTheRest) {
  for (const std::string text : {"", "s", "-1", "-1s", "+1s", "1.5s", "1 s s", "1S", "1us", "1m", "five", "1e3"}) {
    EXPECT_THAT(error_of([&] { return parse_duration(text); }), IsError(kBadValue, "\"" + text + "\" is not a time"));
  }
  for (const std::string text : {"2147483648", "25d", "99999999999999999999999s", "9223372036854775807d"}) {
    EXPECT_THAT(error_of([&] { return parse_duration(text); }),
                IsError(kBadValue, "\"" + text + "\" is too long a time"));
  }
}

}  // namespace
}  // namespace tenancy::core
