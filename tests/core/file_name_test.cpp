#include "core/file_name.h"

#include <gtest/gtest.h>

namespace tenancy::core {
namespace {

TEST(FileName, SplitsStems) {
  struct Case {
    const char* stem;
    const char* version;
    const char* description;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"001_create_users", "001", "create users"},
           {"001-create-users", "001", "create users"},
           {"001 create users", "001", "create users"},
           {"001.create", "001", "create"},
           {"001", "001", ""},
           {"001_", "001", ""},
           {"0001-2fa_tokens", "0001", "2fa tokens"},
           {"1.2.3_add", "1.2.3", "add"},
           {"1.2.3", "1.2.3", ""},
           {"1.2.x", "1.2", "x"},
           {"1-2.3-add", "1-2.3", "add"},
           {"2018-04-24-145128-add-foo", "2018-04-24-145128", "add foo"},
           {"2026-07-30-140000-0000_add_users", "2026-07-30-140000-0000", "add users"},
           {"20260730140000_add", "20260730140000", "add"},
           {"00000000000000_diesel_initial_setup", "00000000000000", "diesel initial setup"},
           {"001_v1.2_é", "001", "v1.2 é"},
           {"1-", "1", ""},
       }) {
    const auto split = split_stem(c.stem);
    ASSERT_TRUE(split) << c.stem;
    EXPECT_EQ(split->version, c.version) << c.stem;
    EXPECT_EQ(words_of(split->rest), c.description) << c.stem;
  }
}

TEST(FileName, HasNoVersion) {
  for (const char* stem : {"", "create_users", "v1_add", "_001", "-1", "12abc", "1é", "001+x"}) {
    EXPECT_FALSE(split_stem(stem)) << stem;
  }
}

TEST(FileName, TellsFormatsApart) {
  struct Case {
    const char* name;
    FilePart part;
    const char* stem;
    const char* identity;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"001_a.sql", FilePart::whole, "001_a", "001_a."},
           {"x/001_a.sql", FilePart::whole, "001_a", "x/001_a."},
           {"notes.sql", FilePart::whole, "notes", "notes."},
           {"x/001_a.rollback.sql", FilePart::down, "001_a", "x/001_a."},
           {"001_a.up.sql", FilePart::up, "001_a", "001"},
           {"x/001_a.down.sql", FilePart::down, "001_a", "x/001"},
           {"001_a/up.sql", FilePart::up, "001_a", "001_a/"},
           {"x/y/001_a/down.sql", FilePart::down, "001_a", "x/y/001_a/"},
           {"001_a/metadata.toml", FilePart::metadata, "001_a", "001_a/"},
           {"001_a/002_b/up.sql", FilePart::up, "002_b", "001_a/002_b/"},
           {"001_a/other.sql", FilePart::whole, "other", "001_a/other."},
           {"001_a/002_b.up.sql", FilePart::up, "002_b", "001_a/002"},
           {"users/up.sql", FilePart::whole, "up", "users/up."},
           {"down.sql", FilePart::whole, "down", "down."},
           {"./001_a.sql", FilePart::whole, "001_a", "./001_a."},
           {"../m/001_a.sql", FilePart::whole, "001_a", "../m/001_a."},
       }) {
    const auto name = parse_file_name(c.name);
    ASSERT_TRUE(name) << c.name;
    EXPECT_TRUE(is_migration_file(c.name));
    EXPECT_EQ(name->part, c.part) << c.name;
    EXPECT_EQ(name->stem, c.stem) << c.name;
    EXPECT_EQ(name->identity, c.identity) << c.name;
  }
}

TEST(FileName, PassesOverOtherFiles) {
  for (const char* name : {"", "/", "README.md", "data.csv", "001_a", "001_a.SQL", "001_a.sql~", "001_a.sql.bak",
                           ".sql", ".001_a.sql", ".up.sql", ".git/001_a.sql", "x/.y/001_a/up.sql", "001_a/README.md",
                           "metadata.toml", "users/metadata.toml", "001_a.sql/"}) {
    EXPECT_FALSE(is_migration_file(name)) << name;
  }
}

}  // namespace
}  // namespace tenancy::core
