#include "core/format.h"

#include "core/format_detection.h"
#include "core/migration_file.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Files = std::vector<SourceFile>;

Format detected(const Files& files) {
  std::vector<const SourceFile*> pointers;
  for (const SourceFile& file : files) pointers.push_back(&file);
  return detect_format(pointers);
}

TEST(Format, HasANameEach) {
  for (const char* name : {"own", "golang-migrate", "dbmate", "goose", "sql-migrate", "flyway", "diesel", "prisma",
                           "rails", "django", "node-pg-migrate", "sqitch", "pop"}) {
    EXPECT_EQ(to_string(parse_format(name)), name);
  }
  EXPECT_EQ(parse_format("Flyway"), Format::flyway);
  EXPECT_THAT(error_of([] { return parse_format("liquibase"); }),
              IsError(ErrorKind::bad_value, "\"liquibase\" is not a format of migration files"));
}

TEST(FormatDetection, KnowsSigns) {
  struct Case {
    Files files;
    Format format;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{}, Format::own},
           {{{"1.sql", "a"}}, Format::own},
           {{{"1_a.up.sql", "a"}, {"1_a.down.sql", "b"}}, Format::own},
           {{{"1.sql", "-- UPGRADE\na"}, {"2/up.sql", "a"}, {"3.up.sql", "a"}}, Format::own},
           {{{"1.sql", "-- migrate:up\na"}, {"2.sql", "a"}}, Format::dbmate},
           {{{"1.sql", "--migrate:UP\na"}}, Format::dbmate},
           {{{"1.sql", "\xef\xbb\xbf-- x\r\n-- +goose Up\r\na"}}, Format::goose},
           {{{"1.sql", "-- +migrate Up\na"}}, Format::sql_migrate},
           {{{"1.sql", "-- Up Migration\na"}, {"2.up.sql", "a"}}, Format::node_pg_migrate},
           {{{"V1__a.sql", "a"}, {"notes.sql", "a"}}, Format::flyway},
           {{{"R__views.sql", "a"}}, Format::flyway},
           {{{"20200101_a/migration.sql", "a"}}, Format::prisma},
           {{{"1_a.up.sql", "a"}, {"1_a.mysql.up.sql", "a"}}, Format::pop},
           {{{"1_a.autocommit.up.sql", "a"}}, Format::pop},
           {{{"sqitch.plan", "a"}, {"deploy/a.sql", "-- +goose Up"}, {"revert/V1__a.sql", ""}}, Format::sqitch},
           {{{".x/V1__a.sql", "a"}, {"1.sql", "a"}}, Format::own},
       }) {
    EXPECT_EQ(to_string(detected(c.files)), to_string(c.format)) << (c.files.empty() ? "" : c.files[0].name);
  }
}

TEST(FormatDetection, MarkersInsideOfQuotesAreNone) {
  for (const char* text :
       {"SELECT '\n-- +goose Up\n'", "$x$\n-- migrate:up\n$x$", "/*\n-- +migrate Up\n*/", "SELECT 1; -- +goose Up"}) {
    EXPECT_EQ(detected({{"1.sql", text}}), Format::own) << text;
  }
}

TEST(FormatDetection, RefusesAMixture) {
  struct Case {
    Files files;
    const char* message;
    int line;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{{"1.sql", "-- migrate:up\na"}, {"2.sql", "\n-- +goose Up\na"}},
            "files of two formats: 1.sql line 1 is of dbmate, 2.sql line 2 is of goose",
            2},
           {{{"1.sql", "-- +goose Up\na\n-- DOWNGRADE\nb"}},
            "files of two formats: 1.sql line 1 is of goose, 1.sql line 3 is of our own format",
            3},
           {{{"V1__a.sql", "a"}, {"2_b.up.sql", "b"}},
            "files of two formats: V1__a.sql is of flyway, 2_b.up.sql is of our own format",
            0},
           {{{"1.sql", "-- +goose Up\na"}, {"2/up.sql", "b"}},
            "files of two formats: 1.sql line 1 is of goose, 2/up.sql is of our own format",
            0},
           {{{"sqitch.plan", ""}, {"V1__a.sql", "a"}},
            "files of two formats: sqitch.plan is of sqitch, V1__a.sql is of flyway",
            0},
       }) {
    const auto error = error_of([&] { return detected(c.files); });
    EXPECT_THAT(error, IsErrorAt(ErrorKind::bad_file, c.line, c.message));
    EXPECT_EQ(error->hint(),
              "Say which format it is (the argument or option \"format\"), or put them into folders of their own.");
  }
}

TEST(FormatDetection, GivesWayToWhatIsSaid) {
  const Files files{{"1.sql", "-- +goose Up\na\n-- +migrate Up\nb"}};
  FileDefaults defaults;
  defaults.format = Format::goose;
  EXPECT_EQ(parse_migration_folder(files, defaults).at(0).up.sql, "a\n-- +migrate Up\nb\n");
}

TEST(FormatShapes, OtherNamesArePassedOver) {
  const Files files{{"1_a.up.sql", "a"}, {"2_b.sql", "b"}, {"3_c/up.sql", "c"}};
  struct Case {
    Format format;
    std::vector<std::string> versions;
  };
  for (const Case& c : std::initializer_list<Case>{{Format::own, {"1", "2", "3"}},
                                                   {Format::golang_migrate, {"1"}},
                                                   {Format::django, {"2"}},
                                                   {Format::diesel, {"3"}},
                                                   {Format::node_pg_migrate, {"1", "2"}}}) {
    FileDefaults defaults;
    defaults.format = c.format;
    std::vector<std::string> passed_over;
    std::vector<std::string> versions;
    for (const Migration& m : parse_migration_folder(files, defaults, &passed_over)) versions.push_back(m.version);
    EXPECT_EQ(versions, c.versions) << to_string(c.format);
    EXPECT_EQ(versions.size() + passed_over.size(), files.size());
    if (passed_over.empty()) continue;
    const auto error = error_of([&] { return parse_migration_folder(files, defaults); });
    EXPECT_THAT(error, IsError(ErrorKind::bad_file,
                               "this is not the name of a migration file of " + std::string{to_string(c.format)}));
  }
}

TEST(CodeMigrations, AreRefusedUnlessTheirSqlIsThere) {
  for (const char* name : {"2_seed.go", "0002_seed.py", "V2__seed.java", "20200101_seed.up.fizz"}) {
    const auto error = error_of([&] { return parse_migration_folder(Files{{"1.sql", "a"}, {name, "x"}}); });
    EXPECT_THAT(error, IsError(ErrorKind::bad_file, "this migration is not SQL"));
    EXPECT_EQ(error->file(), name);
  }
  EXPECT_EQ(
      parse_migration_folder(Files{{"1_a.sql", "a"}, {"1_a.py", "x"}, {"env.py", "x"}, {"1_a_test.go", "x"}}).size(),
      1U);
}

TEST(ScopeFolders, SayWhereMigrationsApply) {
  const auto migrations = parse_migration_folder(Files{{"shared/1.sql", "a"},
                                                       {"public/2.sql", "a"},
                                                       {"tenant/3.sql", "-- MIGRATION_SCOPE: both\na"},
                                                       {"tenants/4.sql", "-- +goose Up\na"},
                                                       {"per_tenant/V5__a.sql", "a"},
                                                       {"6.sql", "a"}},
                                                 {"x", Scope::shared});
  std::vector<std::string> scopes;
  for (const Migration& m : migrations) scopes.push_back(m.set + m.version + " " + std::string{to_string(m.scope)});
  EXPECT_THAT(scopes, testing::ElementsAre("x1 public", "x2 public", "x3 both", "x4 tenant", "x5 tenant", "x6 public"));
}

TEST(SetFolders, SaySetsOnRequest) {
  FileDefaults defaults;
  defaults.sets_from_folders = true;
  const Files files{{"shared/1.sql", "a"},
                    {"billing/public/1.sql", "a"},
                    {"billing/2.sql", "a"},
                    {"1.sql", "a"},
                    {"3_x/up.sql", "a"}};
  std::vector<std::string> found;
  for (const Migration& m : parse_migration_folder(files, defaults)) {
    found.push_back(m.set + ":" + m.version + " " + std::string{to_string(m.scope)});
  }
  EXPECT_THAT(found, testing::ElementsAre("billing:1 public", "billing:2 tenant", "default:1 tenant",
                                          "default:3 tenant", "shared:1 public"));
  const auto error = error_of([&] { return parse_migration_folder(files); });
  EXPECT_THAT(error, IsError(ErrorKind::duplicate_version,
                             "version 1 of set default is in two files: shared/1.sql and billing/public/1.sql"));
  EXPECT_EQ(error->hint(), "Give one of them a version of its own, or load each folder into a set of its own.");
}

}  // namespace
}  // namespace tenancy::core
