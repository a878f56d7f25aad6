#include "core/pop.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Files = std::vector<SourceFile>;

TEST(PopFolder, TakesTheFileForPostgresql) {
  std::vector<std::string> passed_over;
  const auto migrations = parse_migration_folder(Files{{"1_a.up.sql", "any"},
                                                       {"1_a.down.sql", "any down"},
                                                       {"1_a.postgres.up.sql", "pg"},
                                                       {"1_a.cockroach.up.sql", "no"},
                                                       {"2_b.mysql.up.sql", "no"},
                                                       {"2_b.mysql.down.sql", "no"},
                                                       {"3_c.postgresql.autocommit.up.sql", "pg"},
                                                       {"3_c.sqlite3.up.sql", "no"},
                                                       {"4_v1.2.up.sql", "any"}},
                                                 {}, &passed_over);
  ASSERT_EQ(migrations.size(), 3U);
  EXPECT_EQ(migrations[0].up.sql, "pg\n");
  EXPECT_EQ(migrations[0].down, (SqlSection{"any down\n", 1}));
  EXPECT_EQ(migrations[0].description, "a");
  EXPECT_TRUE(migrations[0].transactional);
  EXPECT_EQ(migrations[1].version, "3");
  EXPECT_FALSE(migrations[1].transactional);
  EXPECT_EQ(migrations[2].description, "v1.2");
  EXPECT_THAT(passed_over, testing::ElementsAre("1_a.up.sql", "1_a.cockroach.up.sql", "2_b.mysql.up.sql",
                                                "2_b.mysql.down.sql", "3_c.sqlite3.up.sql"));
}

TEST(PopFolder, MayHaveNothingToDo) {
  const auto migrations =
      parse_migration_folder(Files{{"1_a.postgres.up.sql", ""}, {"1_a.mysql.up.sql", "x"}, {"1_a.down.sql", ""}});
  ASSERT_EQ(migrations.size(), 1U);
  EXPECT_EQ(migrations[0].up, (SqlSection{"", 1}));
}

TEST(PopFolder, RefusesWhatDoesNotFit) {
  const auto error = [](const Files& files) { return error_of([&] { return parse_migration_folder(files); }); };
  EXPECT_THAT(error({{"1_a.postgres.up.sql", "a"}, {"2_b.sql", "b"}}),
              IsError(ErrorKind::bad_file, "this is not the name of a migration file of pop"));
  EXPECT_THAT(error({{"1_a.postgres.up.sql", "a"}, {"1_a.pg.up.sql", "a"}}),
              IsError(ErrorKind::duplicate_version,
                      "version 1 of set default is in two files: 1_a.postgres.up.sql and 1_a.pg.up.sql"));
  EXPECT_THAT(error({{"1_a.postgres.up.sql", "a"}, {"2_b.down.sql", "b"}}),
              IsError(ErrorKind::bad_file, "this down file has no up file"));
  EXPECT_THAT(error_of([] { return parse_migration_file("1_a.mysql.up.sql", "a"); }),
              IsError(ErrorKind::bad_file, "this file is for another database: mysql"));
}

TEST(PopMerge, JoinsDialects) {
  FileDefaults defaults;
  defaults.format = Format::pop;
  Migration migration = parse_migration_file("1_a.postgres.up.sql", "a").migration;
  merge_part(migration, parse_migration_file("1_a.autocommit.down.sql", "b", defaults));
  EXPECT_EQ(migration.down, (SqlSection{"b\n", 1}));
  EXPECT_FALSE(migration.transactional);
}

}  // namespace
}  // namespace tenancy::core
