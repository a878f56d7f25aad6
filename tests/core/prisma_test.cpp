#include "core/prisma.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Files = std::vector<SourceFile>;

TEST(PrismaFolder, IsRead) {
  const auto migrations =
      parse_migration_folder(Files{{"20240102000000_b/migration.sql", "b"},
                                   {"20240101000000_add_users/migration.sql", "-- CreateTable\nCREATE TABLE u ();\n"},
                                   {"migration_lock.toml", "# Please do not edit\nprovider = \"postgresql\"\n"}});
  ASSERT_EQ(migrations.size(), 2U);
  EXPECT_EQ(migrations[0].version, "20240101000000_add_users");
  EXPECT_EQ(migrations[0].description, "add users");
  EXPECT_EQ(migrations[0].up, (SqlSection{"-- CreateTable\nCREATE TABLE u ();\n", 1}));
  EXPECT_EQ(migrations[0].down, std::nullopt);
}

TEST(PrismaFolder, TellsMigrationsOfOneNumberApart) {
  const auto migrations =
      parse_migration_folder(Files{{"20240101000000_drop_users/migration.sql", "b"},
                                   {"20240101000000_add_users/migration.sql", "a"},
                                   {"20230101000000_" + std::string(128, 'x') + "/migration.sql", "0"}});
  ASSERT_EQ(migrations.size(), 3U);
  EXPECT_EQ(migrations[0].version, "20230101000000") << "the name is longer than a version";
  EXPECT_EQ(migrations[1].version, "20240101000000_add_users");
  EXPECT_EQ(migrations[2].version, "20240101000000_drop_users");
}

TEST(PrismaFolder, IsInTheOrderOfNames) {
  std::vector<std::string> order;
  for (const Migration& one : parse_migration_folder(Files{{"20240630101010_c/migration.sql", "c"},
                                                           {"20240625_b/migration.sql", "b"},
                                                           {"0_init/migration.sql", "0"},
                                                           {"20240101000000_a/migration.sql", "a"}})) {
    order.push_back(one.version);
  }
  EXPECT_THAT(order, testing::ElementsAre("0_init", "20240101000000_a", "20240625000000_b", "20240630101010_c"));
}

TEST(PrismaFolder, RefusesOtherDatabases) {
  const auto error = error_of([] {
    return parse_migration_folder(
        Files{{"1_a/migration.sql", "a"}, {"migration_lock.toml", "# x\nprovider = \"mysql\""}});
  });
  EXPECT_THAT(error,
              IsErrorAt(ErrorKind::bad_file, 2, "these migrations are for another database: provider \"\"mysql\"\""));
  EXPECT_EQ(error->file(), "migration_lock.toml");
}

TEST(PrismaFolder, RefusesOtherFiles) {
  for (const char* name : {"2_b.sql", "b/migration.sql"}) {
    const auto error = error_of([&] { return parse_migration_folder(Files{{"1_a/migration.sql", "a"}, {name, "b"}}); });
    EXPECT_THAT(error, IsError(ErrorKind::bad_file, "this is not the name of a migration file of prisma"));
    EXPECT_EQ(error->file(), name);
  }
}

}  // namespace
}  // namespace tenancy::core
