#include "core/migration_file.h"
#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

Migration read(std::string_view name, std::string_view text, Format format) {
  FileDefaults defaults;
  defaults.format = format;
  return parse_migration_file(name, text, defaults).migration;
}

TEST(MigrationTransaction, IsTakenAwayByTheWordsOfOtherTools) {
  for (const char* word :
       {"no-transaction", "postgres-migrations disable-transaction", "atlas:txmode none", "morph:nontransactional"}) {
    const std::string text = "-- " + std::string{word} + "\nVACUUM users;";
    EXPECT_FALSE(read("1_a.sql", text, Format::own).transactional) << word;
    EXPECT_TRUE(read("1_a.sql", "SELECT 1;\n" + text, Format::own).transactional) << "not at the top: " << word;
  }
  EXPECT_TRUE(read("1_a.sql", "-- no-transactions here\nSELECT 1;", Format::own).transactional);
}

TEST(MigrationTransaction, IsTakenAwayAsTheToolWould) {
  constexpr const char* kLone = "CREATE INDEX CONCURRENTLY i ON t (a); -- one statement";
  constexpr const char* kSeveral = "SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a);";
  struct Case {
    const char* name;
    Format format;
    bool lone;
    bool several;
  };
  for (const Case& c : std::initializer_list<Case>{{"1_a.sql", Format::own, true, true},
                                                   {"1_a.up.sql", Format::own, false, true},
                                                   {"1_a/up.sql", Format::own, true, true},
                                                   {"1_a.up.sql", Format::golang_migrate, false, true},
                                                   {"1_a/up.sql", Format::diesel, true, true},
                                                   {"1_a/migration.sql", Format::prisma, false, true},
                                                   {"1_a.sql", Format::rails, true, true},
                                                   {"V1__a.sql", Format::flyway, false, false},
                                                   {"1_a.up.sql", Format::pop, true, true}}) {
    SCOPED_TRACE(std::string{to_string(c.format)} + " " + c.name);
    EXPECT_EQ(read(c.name, kLone, c.format).transactional, c.lone);
    EXPECT_EQ(read(c.name, kSeveral, c.format).transactional, c.several);
    EXPECT_TRUE(read(c.name, "SELECT 1;", c.format).transactional);
    EXPECT_TRUE(read(c.name, "-- MIGRATION_TRANSACTION: on\n" + std::string{kLone}, c.format).transactional);
  }
  EXPECT_EQ(read("1_a.up.sql", kLone, Format::own).note, "without a transaction, for CREATE INDEX CONCURRENTLY");
}

}  // namespace
}  // namespace tenancy::core
