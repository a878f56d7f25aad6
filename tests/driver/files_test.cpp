#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver/command/failure.h"
#include "driver/files/findings.h"
#include "driver/files/migration_files.h"
#include "driver/files/new_migration.h"
#include "driver/files/numbering.h"
#include "driver/files/source_folder.h"
#include "tests/driver/temporary_folder.h"

namespace tenancy::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kNow = "20261121140000";

class FilesTest : public ::testing::Test {
 protected:
  [[nodiscard]] MigrationFiles read() const { return read_migration_files({{folder_.path(), {}}}); }

  /// Each finding in one line, without the folder.
  [[nodiscard]] std::vector<std::string> findings() const {
    std::vector<std::string> lines;
    for (Finding finding : read().findings) {
      finding.file = std::filesystem::path(finding.file).lexically_relative(folder_.path()).string();
      finding.hint.clear();
      std::string line = findings_text({finding});
      line.pop_back();
      lines.push_back(std::move(line));
    }
    return lines;
  }

  std::vector<std::string> make(const NewMigration& wanted) const {
    std::vector<std::string> names;
    for (const auto& path : write_new_migration({folder_.path(), {}}, wanted, kNow)) {
      names.push_back(path.lexically_relative(folder_.path()).string());
    }
    return names;
  }

  TemporaryFolder folder_;
};

TEST_F(FilesTest, ReadsFoldersInFolders) {
  folder_.write("001_a.sql", "SELECT 1;");
  folder_.write("002_b.up.sql", "SELECT 2;");
  folder_.write("002_b.down.sql", "SELECT 2;");
  folder_.write("2024/003_c/up.sql", "SELECT 3;");
  folder_.write("2024/003_c/down.sql", "");
  folder_.write(".git/004_d.sql", "SELECT 4;");
  folder_.write("README.md", "notes");
  std::vector<std::string> names;
  for (const core::Migration& migration : read().migrations) names.push_back(migration.filename);
  EXPECT_THAT(names, ElementsAre("001_a.sql", "002_b.up.sql", "2024/003_c/up.sql"));
  EXPECT_EQ(read().files, 5U);
}

TEST_F(FilesTest, ChecksStatementsWithVariables) {
  folder_.write("001_a.sql", "-- MIGRATION_VARIABLES: on\nSELECT {{ a }};\nCREATE DATABASE {{ b | identifier }};");
  folder_.write("002_b.sql", "-- MIGRATION_VARIABLES: on\nSELECT {{ a | raw }};\nCOMMIT;");
  folder_.write("003_c.sql", "-- MIGRATION_VARIABLES: on\nSELECT {{ a | bold }};");
  folder_.write("004_d.sql", "SELECT '{{ a }}';");
  std::vector<std::string> const found = findings();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_THAT(found[0], HasSubstr("001_a.sql:3"));
  EXPECT_THAT(found[1], HasSubstr("003_c.sql:2"));
  EXPECT_THAT(found[1], HasSubstr("\"bold\" is not a filter"));
}

TEST_F(FilesTest, NamesTheFileOfWhatGoesDown) {
  folder_.write("001_a.up.sql", "SELECT 1;");
  folder_.write("001_a.down.sql", "SELECT 1;\nVACUUM;");
  std::vector<std::string> const found = findings();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], HasSubstr("001_a.down.sql:2"));
}

TEST_F(FilesTest, FollowsLinksButNotInCircles) {
  TemporaryFolder other;
  other.write("real.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 2;");
  std::filesystem::create_symlink(other.path() / "real.sql", folder_.path() / "001_linked.sql");
  EXPECT_EQ(read().migrations.size(), 1U);
  std::filesystem::create_symlink(folder_.path(), folder_.path() / "again");
  EXPECT_THROW((void)read(), UsageError);
  std::filesystem::remove(folder_.path() / "again");
  std::filesystem::create_symlink("nowhere.sql", folder_.path() / "002_gone.sql");
  EXPECT_THROW((void)read(), UsageError);
}

TEST_F(FilesTest, ReadsFiveMegabytes) {
  std::string text = "SELECT 1;\n";
  while (text.size() < 5'000'000) text += "INSERT INTO t VALUES ('some words of data');\n";
  folder_.write("001_large.sql", text);
  EXPECT_EQ(read().migrations.at(0).up.sql.size(), text.size());
}

TEST_F(FilesTest, SaysAllErrorsAtOnce) {
  folder_.write("001_a.sql", "-- MIGRATION_SPEED: 3\nSELECT 1;");
  folder_.write("01_twin.sql", "SELECT 1;");
  folder_.write("002_b.sql", "-- UPGRADE\n-- DOWNGRADE\n");
  folder_.write("003_c.down.sql", "SELECT 1;");
  folder_.write("004_d.up.sql", "\xff");
  folder_.write("004_d.down.sql", "SELECT 1;");
  folder_.write("005_e.sql", "SELECT 5;\n-- DOWNGRADE\nSELECT 5;");
  folder_.write("5_twin.sql", "SELECT 5;\n-- DOWNGRADE\nSELECT 5;");
  EXPECT_THAT(findings(),
              ElementsAre("001_a.sql:1: error: unknown option \"MIGRATION_SPEED\"",
                          "002_b.sql:1: error: the UPGRADE section is empty", HasSubstr("004_d.up.sql:1: error: "),
                          "003_c.down.sql: error: this down file has no up file",
                          "5_twin.sql: error: version 5 of set default is in two files: 005_e.sql and "
                          "5_twin.sql"));
  EXPECT_TRUE(read().has_errors());
}

TEST_F(FilesTest, WarnsOfWhatMayBeMeant) {
  folder_.write("001_a.sql", "SELECT 1;");
  folder_.write("003_b.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;");
  folder_.write("20240131120000_c.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;");
  folder_.write("20240201120000_d.sql", "SELECT 1;\n-- DOWNGRADE\nSELECT 1;");
  folder_.write("004_E.SQL", "SELECT 1;");
  folder_.write("cleanup.sql", "DROP TABLE everything;");
  folder_.write("views.sql", "-- MIGRATION_REPEATABLE: on\nSELECT 1;");
  EXPECT_THAT(findings(),
              ElementsAre("004_E.SQL: warning: not a migration file: it is ignored",
                          "cleanup.sql: warning: not a migration of this format, or one that is not needed here",
                          "003_b.sql: warning: there is a gap between 001 and 003",
                          "20240131120000_c.sql: warning: numbers and timestamps are mixed: 20240131120000 comes "
                          "behind 003",
                          "001_a.sql: warning: migration 001 is irreversible: it has no down SQL"));
  EXPECT_FALSE(read().has_errors());
}

TEST_F(FilesTest, SaysAtOnceWhatIsSoOfMany) {
  for (int i = 1; i <= 12; ++i) {
    folder_.write("2024013112" + std::to_string(1000 + i) + "_a.postgres.up.sql", "SELECT 1;");
    folder_.write("2024013112" + std::to_string(1000 + i) + "_a.mysql.up.sql", "SELECT 1;");
  }
  EXPECT_THAT(findings(), ElementsAre(".: warning: 12 files are no migrations of this format, or not needed here, such "
                                      "as 20240131121001_a.mysql.up.sql",
                                      ".: warning: 12 of 12 migrations are irreversible: they have no down SQL; the "
                                      "last of them is 20240131121012"));
}

TEST_F(FilesTest, KnowsTimestampsOfAllLengths) {
  for (const char* name : {"00000000000000_diesel_initial_setup", "2019-02-26-002946_a", "2025-09-19-132648-0000_b"}) {
    folder_.write(std::string(name) + "/up.sql", "SELECT 1;");
    folder_.write(std::string(name) + "/down.sql", "SELECT 1;");
  }
  EXPECT_THAT(findings(), ElementsAre());
}

TEST_F(FilesTest, SetsHaveFoldersOfTheirOwn) {
  folder_.write("migrations/001_a.sql", "SELECT 1;");
  folder_.write("migrations/billing/001_b.sql", "SELECT 1;");
  Settings settings;
  settings.migrations = folder_.path() / "migrations";
  settings.sets["billing"] = {folder_.path() / "migrations" / "billing", core::Scope::both};
  std::vector<core::Migration> const migrations = read_migrations(settings);
  ASSERT_EQ(migrations.size(), 2U);
  EXPECT_EQ(migrations[0].set, "billing");
  EXPECT_EQ(migrations[0].scope, core::Scope::both);
  EXPECT_EQ(migrations[1].set, "default");
  std::vector<MigrationFolder> const only = migration_folders(settings, folder_.path() / "migrations" / "billing");
  ASSERT_EQ(only.size(), 1U);
  EXPECT_EQ(only[0].defaults.set, "billing");
}

TEST_F(FilesTest, OneSetInTwoFoldersHasEachVersionOnce) {
  folder_.write("a/001_a.sql", "SELECT 1;");
  folder_.write("b/0001_b.sql", "-- MIGRATION_SET: default\nSELECT 1;");
  MigrationFiles const files =
      read_migration_files({{folder_.path() / "a", {}}, {folder_.path() / "b", {.set = "other"}}});
  EXPECT_TRUE(files.has_errors());
  EXPECT_THAT(files.findings.front().message, HasSubstr("is in two files: 001_a.sql and 0001_b.sql"));
}

TEST_F(FilesTest, AFolderThatIsNotThereSaysWhatToDo) {
  try {
    (void)read_source_folder(folder_.path() / "none");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no folder"));
    EXPECT_THAT(error.hint(), HasSubstr("tenancy init"));
  }
}

TEST_F(FilesTest, AnnotationsAreEscaped) {
  EXPECT_EQ(findings_annotations({{Finding::Kind::error, "a,b:c.sql", 3, "100% of\nit", "Mend: it."}}),
            "::error file=a%2Cb%3Ac.sql,line=3::100%25 of%0Ait%0AMend: it.\n");
}

TEST(Numbering, GoesOnAsTheFolderDoes) {
  EXPECT_EQ(next_version(std::nullopt, kNow), "001");
  EXPECT_EQ(next_version("001", kNow), "002");
  EXPECT_EQ(next_version("0099", kNow), "0100");
  EXPECT_EQ(next_version("9", kNow), "10");
  EXPECT_EQ(next_version("20240131120000", kNow), kNow);
  EXPECT_EQ(next_version("202401311200", kNow), "202611211400");
  EXPECT_EQ(next_version("2024-01-31-120000", kNow), "2026-11-21-140000");
  EXPECT_EQ(next_version("20991231235959", kNow), "20991231235960");
  EXPECT_THROW((void)next_version("1.2", kNow), UsageError);
  EXPECT_THROW((void)next_version("v1", kNow), UsageError);
}

TEST_F(FilesTest, ANewMigrationIsTheNextOne) {
  EXPECT_THAT(make({.words = "create users"}), ElementsAre("001_create_users.sql"));
  EXPECT_EQ(folder_.read("001_create_users.sql"), "-- MIGRATION_SCOPE: tenant\n\n-- UPGRADE\n\n\n-- DOWNGRADE\n\n");
  // Empty as the first one is, it counts.
  EXPECT_THAT(make({.words = "plans", .scope = core::Scope::shared, .layout = FileLayout::pair}),
              ElementsAre("002_plans.up.sql", "002_plans.down.sql"));
  EXPECT_EQ(folder_.read("002_plans.up.sql"), "-- MIGRATION_SCOPE: public\n\n");
  // As the newest one lies there.
  EXPECT_THAT(make({.words = "x"}), ElementsAre("003_x.up.sql", "003_x.down.sql"));
  EXPECT_THAT(make({.words = "y", .layout = FileLayout::folder}), ElementsAre("004_y/up.sql", "004_y/down.sql"));
  EXPECT_THAT(make({.words = "z"}), ElementsAre("005_z/up.sql", "005_z/down.sql"));
}

TEST_F(FilesTest, SetsInOneFolderCountForThemselves) {
  folder_.write("001_a.sql", "SELECT 1;");
  EXPECT_THAT(make({.words = "b", .migration_set = "billing"}), ElementsAre("001_b.sql"));
  EXPECT_EQ(folder_.read("001_b.sql"),
            "-- MIGRATION_SCOPE: tenant\n-- MIGRATION_SET: billing\n\n-- UPGRADE\n\n\n-- DOWNGRADE\n\n");
}

TEST_F(FilesTest, FilesOfOtherToolsAreLeftToThem) {
  folder_.write("20240131120000_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n");
  EXPECT_THROW(make({.words = "b"}), UsageError);
}

TEST_F(FilesTest, ANewMigrationOverwritesNothing) {
  folder_.write("001_a", "no folder");
  EXPECT_THROW(make({.words = "a", .layout = FileLayout::folder}), UsageError);
  EXPECT_THROW(make({.words = "../a"}), UsageError);
  EXPECT_THROW(make({.words = " "}), UsageError);
}

}  // namespace
}  // namespace tenancy::driver
