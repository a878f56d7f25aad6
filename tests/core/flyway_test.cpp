#include "core/flyway.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Files = std::vector<SourceFile>;

std::string named(std::string_view name) {
  const auto parsed = parse_flyway_name(name);
  if (!parsed) return "none";
  return std::to_string(static_cast<int>(parsed->part)) + " " + parsed->identity + " " + parsed->version + " " +
         parsed->description;
}

TEST(FlywayName, IsRead) {
  EXPECT_EQ(named("V1__create_users.sql"), "0 V1 1 create users");
  EXPECT_EQ(named("x/V1_2.3__a.sql"), "0 V1.2.3 1.2.3 a");
  EXPECT_EQ(named("V2.sql"), "0 V2 2 ");
  EXPECT_EQ(named("V20200101120000__a__b.sql"), "0 V20200101120000 20200101120000 a  b");
  EXPECT_EQ(named("U1_2__other_words.sql"), "2 V1.2 1.2 other words");
  EXPECT_EQ(named("B5__squashed.sql"), "0 B5 5 squashed");
  EXPECT_EQ(named("x/R__all_views.sql"), "0 x/R__all_views  all views");
  EXPECT_EQ(named("V1__a.sql.conf"), "3 V1 1 a");
  for (const char* name : {"v1__a.sql", "V1_a.sql", "V__a.sql", "R1__a.sql", "R__.sql", "V1__a.txt", "afterMigrate.sql",
                           "1__a.sql", "V1a__b.sql", ".sql", "V1.__a.sql"}) {
    EXPECT_EQ(named(name), "none") << name;
  }
}

TEST(FlywayFolder, JoinsUndoAndConfiguration) {
  const auto migrations = parse_migration_folder(Files{{"V1_10__b.sql", "b;"},
                                                       {"sub/V1_9__a.sql", "a;"},
                                                       {"R__views.sql", "c;"},
                                                       {"U1.9__undo_a.sql", "BEGIN;\nd;\nCOMMIT;"},
                                                       {"V1_10__b.sql.conf", "# slow\nexecuteInTransaction=false\n"}});
  ASSERT_EQ(migrations.size(), 3U);
  EXPECT_EQ(migrations[0].version, "1.9");
  EXPECT_EQ(migrations[0].down, (SqlSection{"\nd;\n", 1}));
  EXPECT_EQ(migrations[0].note, "its own BEGIN and COMMIT were left out");
  EXPECT_EQ(migrations[1].version, "1.10");
  EXPECT_FALSE(migrations[1].transactional);
  EXPECT_EQ(migrations[2].version, "R__views");
  EXPECT_TRUE(migrations[2].repeatable);
}

TEST(FlywayFolder, RefusesWhatDoesNotFit) {
  const auto error = [](const Files& files) { return error_of([&] { return parse_migration_folder(files); }); };
  EXPECT_THAT(error({{"V1__a.sql", "a"}, {"U2__a.sql", "b"}}),
              IsError(ErrorKind::bad_file, "this down file has no up file"));
  EXPECT_THAT(
      error({{"V1__a.sql", "a"}, {"V01__b.sql", "b"}}),
      IsError(ErrorKind::duplicate_version, "version 01 of set default is in two files: V1__a.sql and V01__b.sql"));
  EXPECT_THAT(error({{"V1__a.sql", "a"}, {"beforeMigrate.sql", "b"}}),
              IsError(ErrorKind::bad_file, "this is not the name of a migration file of flyway"));
  EXPECT_THAT(error({{"V1__a.sql", "a"}, {"R__b c!.sql", "b"}}),
              IsError(ErrorKind::bad_file, "the name is no version"));
}

TEST(FlywayFile, HasPlaceholdersUnlessItSaysOtherwise) {
  const auto syntax = [](const char* text) { return parse_migration_file("V1__a.sql", text).migration.variables; };
  EXPECT_EQ(syntax("SELECT '${x}';"), VariableSyntax::dollar);
  EXPECT_EQ(syntax("SELECT $1, {};"), VariableSyntax::none);
  EXPECT_EQ(syntax("-- MIGRATION_VARIABLES: off\nSELECT '${x}';"), VariableSyntax::none);
  EXPECT_EQ(syntax("-- MIGRATION_VARIABLES: on\nSELECT '${x}';"), VariableSyntax::braces);
}

TEST(FlywayFolder, HasPlaceholdersWhereItsConfigurationAllows) {
  const auto syntax = [](const Files& files) { return parse_migration_folder(files).front().variables; };
  EXPECT_EQ(syntax({{"V1__a.sql", "a"}, {"U1__a.sql", "${x}"}}), VariableSyntax::dollar);
  EXPECT_EQ(syntax({{"V1__a.sql", "${x}"}, {"V1__a.sql.conf", "placeholderReplacement=false"}}), VariableSyntax::none);
  EXPECT_EQ(syntax({{"V1__a.sql", "-- MIGRATION_VARIABLES: on\na"}, {"U1__a.sql", "${x}"}}), VariableSyntax::braces);
}

TEST(FlywayBaseline, StandsForTheVersionsBelow) {
  std::vector<std::string> passed_over;
  auto migrations =
      parse_migration_folder(Files{{"V1__a.sql", "a"}, {"V6__b.sql", "b"}, {"B5__c.sql", "c"}}, {}, &passed_over);
  ASSERT_EQ(migrations.size(), 2U);
  EXPECT_EQ(migrations[0].version, "1");
  EXPECT_THAT(passed_over, testing::ElementsAre("B5__c.sql"));
  migrations =
      parse_migration_folder(Files{{"V6__b.sql", "b"}, {"B5__c.sql", "c"}, {"B4__d.sql", "d"}}, {}, &passed_over);
  ASSERT_EQ(migrations.size(), 2U);
  EXPECT_EQ(migrations[0].version, "5");
  EXPECT_EQ(migrations[0].note,
            "a baseline; tenancy.resolve records it where the versions that it stands for were applied");
  EXPECT_THAT(passed_over, testing::ElementsAre("B5__c.sql", "B4__d.sql"));
}

TEST(FlywayConfig, IsRead) {
  const auto config = read_flyway_config("a.conf", "\n# x\nflyway.placeholderReplacement = FALSE\nencoding=utf-8\n");
  EXPECT_TRUE(config.transactional);
  EXPECT_FALSE(config.placeholders);
  struct Case {
    const char* text;
    ErrorKind kind;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"\nexecuteInTransaction=no", ErrorKind::bad_value,
            "executeInTransaction: \"no\" is neither true nor false"},
           {"\nshouldExecute=${x}==y", ErrorKind::bad_file, "unknown setting \"shouldExecute\" or value \"${x}==y\""},
           {"\nnonsense", ErrorKind::bad_file, "unknown setting \"nonsense\" or value \"\""},
       }) {
    const auto error = error_of([&] { return read_flyway_config("a.conf", c.text); });
    EXPECT_THAT(error, IsErrorAt(c.kind, 2, c.message));
    EXPECT_EQ(error->file(), "a.conf");
  }
}

}  // namespace
}  // namespace tenancy::core
