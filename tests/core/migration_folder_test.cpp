#include "core/migration_file.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Files = std::vector<SourceFile>;

std::vector<std::string> summary(const Files& files, const FileDefaults& defaults = {}) {
  std::vector<std::string> result;
  for (const Migration& m : parse_migration_folder(files, defaults)) {
    result.push_back(m.set + ":" + m.version + (m.repeatable ? "*" : ""));
  }
  return result;
}

TEST(MigrationFolder, IsOrdered) {
  const Files files{
      {"10.sql", "a"},     {"views.sql", "-- MIGRATION_REPEATABLE: on\na"},  {"README.md", "\xff"},
      {"9.sql", "a"},      {"2.sql", "-- MIGRATION_SET: analytics\na"},      {"a/1.10/up.sql", "a"},
      {"1.9.up.sql", "a"}, {"grants.sql", "-- MIGRATION_REPEATABLE: on\na"},
  };
  EXPECT_THAT(summary(files), testing::ElementsAre("analytics:2", "default:1.9", "default:1.10", "default:9",
                                                   "default:10", "default:grants*", "default:views*"));
  EXPECT_THAT(summary({{"1.sql", "a"}}, {"users", Scope::both}), testing::ElementsAre("users:1"));
  EXPECT_THAT(summary({}), testing::IsEmpty());
}

TEST(MigrationFolder, JoinsPairsInAnyOrder) {
  const Files files{{"1_a.down.sql", "b"},
                    {"1_a.up.sql", "-- MIGRATION_SCOPE: both\na"},
                    {"2_a.up.sql", "a"},
                    {"x.down.sql", ""},
                    {"x.up.sql", "-- MIGRATION_VERSION: 3\na"}};
  const auto migrations = parse_migration_folder(files);
  ASSERT_EQ(migrations.size(), 3U);
  EXPECT_EQ(migrations[0].down, (SqlSection{"b\n", 1}));
  EXPECT_EQ(migrations[0].scope, Scope::both);
  EXPECT_EQ(migrations[0].filename, "1_a.up.sql");
  EXPECT_EQ(migrations[1].down, std::nullopt);
  EXPECT_EQ(migrations[2].version, "3");
  EXPECT_EQ(migrations[2].down, (SqlSection{"", 1}));
}

TEST(MigrationFolder, JoinsAPairByItsNumber) {
  const auto migrations =
      parse_migration_folder(Files{{"30_add_data.up.sql", "a"}, {"30_drop_data.down.sql", "b"}, {"31_a.up.sql", "a"}});
  ASSERT_EQ(migrations.size(), 2U);
  EXPECT_EQ(migrations[0].description, "add data");
  EXPECT_EQ(migrations[0].down, (SqlSection{"b\n", 1}));
}

TEST(MigrationFolder, JoinsAFileWithItsRollback) {
  const auto migrations = parse_migration_folder(
      Files{{"0001_a.sql", "-- depends:\na"}, {"0001_a.rollback.sql", "b"}, {"0002_b.sql", "-- depends: 0001_a\na"}});
  ASSERT_EQ(migrations.size(), 2U);
  EXPECT_EQ(migrations[0].down, (SqlSection{"b\n", 1}));
  EXPECT_EQ(migrations[1].down, std::nullopt);
  EXPECT_THAT(error_of([] {
                return parse_migration_folder(Files{{"0001_a.rollback.sql", "b"}});
              }),
              IsError(ErrorKind::bad_file, "this down file has no up file"));
}

TEST(MigrationFolder, JoinsTheFilesOfAFolder) {
  const Files files{{"1_a/metadata.toml", "run_in_transaction = false"},
                    {"1_a/up.sql", "a"},
                    {"1_a/down.sql", "b"},
                    {"2_b/up.sql", "-- MIGRATION_TRANSACTION: off\na"},
                    {"2_b/metadata.toml", "run_in_transaction = true"}};
  const auto migrations = parse_migration_folder(files);
  ASSERT_EQ(migrations.size(), 2U);
  EXPECT_FALSE(migrations[0].transactional);
  EXPECT_EQ(migrations[0].down, (SqlSection{"b\n", 1}));
  EXPECT_FALSE(migrations[1].transactional) << "true is the default and says nothing";
}

TEST(MigrationFolder, RefusesAPartWithoutItsUpFile) {
  const auto error = [](const Files& files) { return error_of([&] { return parse_migration_folder(files); }); };
  for (const Files& files :
       {Files{{"1_a.down.sql", "b"}}, Files{{"1_a.up.sql", "a"}, {"2_a.down.sql", "b"}},
        Files{{"1_a.sql", "a"}, {"1_a.down.sql", "b"}}, Files{{"1_a.up.sql", "a"}, {"1_a/down.sql", "b"}},
        Files{{"x/1_a.up.sql", "a"}, {"y/1_a.down.sql", "b"}}}) {
    EXPECT_THAT(error(files), IsErrorAt(ErrorKind::bad_file, 0, "this down file has no up file"));
    EXPECT_EQ(error(files)->file(), files.back().name);
  }
  EXPECT_THAT(error({{"1_a/metadata.toml", ""}}),
              IsErrorAt(ErrorKind::bad_file, 0, "this metadata.toml has no up file"));
}

TEST(MigrationFolder, RefusesTheSameVersionTwice) {
  const auto error = [](const Files& files) { return error_of([&] { return parse_migration_folder(files); }); };
  const auto plain = error({{"7_b.sql", "a"}, {"8.sql", "a"}, {"007_a.sql", "a"}});
  EXPECT_THAT(plain, IsErrorAt(ErrorKind::duplicate_version, 0,
                               "version 007 of set default is in two files: 7_b.sql and 007_a.sql"));
  EXPECT_EQ(plain->file(), "007_a.sql");

  EXPECT_THAT(
      error({{"1.up.sql", "a"}, {"2.sql", "-- x\n-- MIGRATION_VERSION: 01\na"}}),
      IsErrorAt(ErrorKind::duplicate_version, 2, "version 01 of set default is in two files: 1.up.sql and 2.sql"));
  EXPECT_THAT(
      error({{"1.sql", "-- MIGRATION_REPEATABLE: on\na"}, {"1/up.sql", "a"}}),
      IsErrorAt(ErrorKind::duplicate_version, 0, "version 1 of set default is in two files: 1.sql and 1/up.sql"));
  EXPECT_THAT(summary({{"1.sql", "a"}, {"u/1.sql", "-- MIGRATION_SET: users\na"}}),
              testing::ElementsAre("default:1", "users:1"));
}

TEST(MergePart, AddsDownAndMetadata) {
  Migration migration = parse_migration_file("1_a/up.sql", "a").migration;
  merge_part(migration, parse_migration_file("1_a/down.sql", "b"));
  merge_part(migration, parse_migration_file("1_a/metadata.toml", "run_in_transaction = false"));
  EXPECT_EQ(migration.down, (SqlSection{"b\n", 1}));
  EXPECT_FALSE(migration.transactional);
  EXPECT_THAT(error_of([&] { merge_part(migration, parse_migration_file("1_a/down.sql", "b")); }),
              IsError(ErrorKind::bad_file, "a second down file for migration 1"));
}

TEST(MigrationFolder, PassesOverPlainScriptsOnRequest) {
  const Files files{{"1.sql", "a"}, {"seed_demo.sql", "insert"}, {"late.sql", "-- MIGRATION_VERSION: 2\nb"}};
  std::vector<std::string> passed_over;
  EXPECT_EQ(parse_migration_folder(files, {}, &passed_over).size(), 2U);
  EXPECT_THAT(passed_over, testing::ElementsAre("seed_demo.sql"));
  const auto error = error_of([&] { return parse_migration_folder(files); });
  EXPECT_THAT(error, IsError(ErrorKind::bad_file, "the name holds no version"));
}

TEST(MigrationFolder, ForgottenVersionIsNoPlainScript) {
  std::vector<std::string> passed_over;
  for (const char* text : {"-- MIGRATION_SCOPE: public\na", "-- UPGRADE\na", "a\n-- DOWNGRADE\nb"}) {
    const Files files{{"add_invoices.sql", text}};
    const auto error = error_of([&] { return parse_migration_folder(files, {}, &passed_over); });
    EXPECT_THAT(error, IsError(ErrorKind::bad_file, "the name holds no version"));
  }
  EXPECT_TRUE(passed_over.empty());
}

TEST(MergePart, RefusesPartsOfOthers) {
  Migration migration = parse_migration_file("1_a.up.sql", "a").migration;
  for (const char* name : {"2_a.down.sql", "1_a/down.sql", "1_a.up.sql", "1_a.sql", "x/1_a.down.sql"}) {
    const auto error = error_of([&] { merge_part(migration, parse_migration_file(name, "b")); });
    EXPECT_THAT(error, IsError(ErrorKind::bad_file, "this is no part of migration 1"));
    EXPECT_EQ(error->file(), name);
    EXPECT_EQ(error->hint(), "The migration is in 1_a.up.sql.");
  }
}

}  // namespace
}  // namespace tenancy::core
