#include "core/migration_file.h"

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

constexpr ErrorKind kBadFile = ErrorKind::bad_file;

Migration parse(std::string_view content, std::string_view name = "001_a.sql") {
  return parse_migration_file(name, content).migration;
}

std::optional<Error> parse_error(std::string_view content, std::string_view name = "001_a.sql") {
  return error_of([&] { return parse(content, name); });
}

TEST(MigrationFile, WithoutMarkersIsAllUp) {
  const Migration migration = parse("-- MIGRATION_SCOPE: both\n\nSELECT 1;\n", "x/001_create-users.sql");
  EXPECT_EQ(migration.version, "001");
  EXPECT_EQ(migration.description, "create users");
  EXPECT_EQ(migration.set, "default");
  EXPECT_EQ(migration.scope, Scope::both);
  EXPECT_EQ(migration.up, (SqlSection{"-- MIGRATION_SCOPE: both\n\nSELECT 1;\n", 1}));
  EXPECT_EQ(migration.down, std::nullopt);
  EXPECT_EQ(migration.filename, "x/001_create-users.sql");
  EXPECT_TRUE(migration.transactional);
  EXPECT_FALSE(migration.repeatable);
  EXPECT_FALSE(migration.allow_outside);
}

TEST(MigrationFile, TakesTheDefaultsOfTheCaller) {
  const ParsedFile file = parse_migration_file("1.sql", "SELECT 1", {"users", Scope::shared});
  EXPECT_EQ(file.part, FilePart::whole);
  EXPECT_EQ(file.migration.set, "users");
  EXPECT_EQ(file.migration.scope, Scope::shared);
  EXPECT_EQ(file.migration.description, "");
}

TEST(MigrationFile, HasSections) {
  struct Case {
    const char* content;
    const char* up;
    int up_line;
    const char* down;
    int down_line;
  };
  constexpr const char* kNone = nullptr;
  for (const Case& c : std::initializer_list<Case>{
           {"-- UPGRADE\na;\n-- DOWNGRADE\nb;\n", "a;\n", 2, "b;\n", 4},
           {"-- DOWNGRADE\nb;\n-- UPGRADE\na;\n", "a;\n", 4, "b;\n", 2},
           {"-- UPGRADE\na;\n", "a;\n", 2, kNone, 0},
           {"-- a comment\n/* another */\n\n-- UPGRADE\na;", "a;\n", 5, kNone, 0},
           {"a;\n-- DOWNGRADE\nb;", "a;\n", 1, "b;\n", 3},
           {"-- MIGRATION_SCOPE: both\n\n-- why\na;\n-- DOWNGRADE\nb;", "\n-- why\na;\n", 2, "b;\n", 6},
           {"  --   UPGRADE :  \r\na;\r\n\t--\tDOWNGRADE:\r\nb;", "a;\n", 2, "b;\n", 4},
           {"-- UPGRADE\n\n  a;  \n\n \n-- DOWNGRADE\nb;\n\n\n", "\n  a;\n", 2, "b;\n", 7},
           {"-- UPGRADE\n-- nothing to do\n-- DOWNGRADE\nb;", "-- nothing to do\n", 2, "b;\n", 4},
           {"-- nothing to do\n-- DOWNGRADE\nb;", "-- nothing to do\n", 1, "b;\n", 3},
           {"-- UPGRADE\na;\n-- DOWNGRADE", "a;\n", 2, kNone, 0},
           {"-- UPGRADE\na;\n-- DOWNGRADE\n  \n", "a;\n", 2, kNone, 0},
           {"-- UPGRADE\na;\n-- DOWNGRADE\n-- irreversible\n/* sorry */", "a;\n", 2, kNone, 0},
           {"-- nothing yet", "-- nothing yet\n", 1, kNone, 0},
       }) {
    const Migration migration = parse(c.content);
    EXPECT_EQ(migration.up, (SqlSection{c.up, c.up_line})) << c.content;
    ASSERT_EQ(migration.down.has_value(), c.down != kNone) << c.content;
    if (migration.down) {
      EXPECT_EQ(migration.down, (SqlSection{c.down, c.down_line})) << c.content;
    }
  }
}

TEST(MigrationFile, SeesNoMarkerInsideQuotesAndComments) {
  for (const std::string content : {
           "SELECT '\n-- DOWNGRADE\n';\n",
           "SELECT E'\\'\n-- DOWNGRADE\n';\n",
           "SELECT \"\n-- DOWNGRADE\n\";\n",
           "DO $$\n-- DOWNGRADE\n$$;\n",
           "DO $x$ $$\n-- DOWNGRADE\n$$ $x$;\n",
           "/*\n-- DOWNGRADE\n*/ SELECT 1;\n",
           "/* /* */\n-- DOWNGRADE\n*/ SELECT 1;\n",
           "SELECT 1; -- DOWNGRADE\n",
           "-- DOWNGRADE steps follow later\nSELECT 1;\n",
           "-- -- DOWNGRADE\nSELECT 1;\n",
           "--- DOWNGRADE\nSELECT 1;\n",
           "-- DOWNGRADES\nSELECT 1;\n",
           "# DOWNGRADE\n",
       }) {
    const Migration migration = parse(content);
    EXPECT_EQ(migration.up, (SqlSection{content, 1}));
    EXPECT_EQ(migration.down, std::nullopt) << content;
  }
}

TEST(MigrationFile, RefusesWhatIsAlmostAMarker) {
  for (const std::string text : {"-- downgrade", "--DOWNGRADE", "-- Downgrade:", "--downgrade"}) {
    const auto error = parse_error("a;\n" + text + "\nb;\n");
    EXPECT_THAT(error, IsErrorAt(kBadFile, 2, "\"" + text + "\" is not quite a section marker"));
    EXPECT_EQ(error->hint(), "Write -- DOWNGRADE, or reword the comment.");
  }
  EXPECT_EQ(parse_error("-- Upgrade\na;")->hint(), "Write -- UPGRADE, or reword the comment.");
}

TEST(MigrationFile, RefusesBadSections) {
  struct Case {
    const char* content;
    int line;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", 0, "the file is empty"},
           {" \r\n\t\n", 0, "the file is empty"},
           {"\xef\xbb\xbf\n", 0, "the file is empty"},
           {"-- UPGRADE", 1, "the UPGRADE section is empty"},
           {"\n-- UPGRADE\n\n -- DOWNGRADE\nb;", 2, "the UPGRADE section is empty"},
           {"-- DOWNGRADE\nb;\n-- UPGRADE\n", 3, "the UPGRADE section is empty"},
           {"-- DOWNGRADE\nb;", 1, "nothing stands before the DOWNGRADE section"},
           {"-- MIGRATION_SCOPE: both\n\n-- DOWNGRADE\nb;", 3, "nothing stands before the DOWNGRADE section"},
           {"a;\n-- UPGRADE\nb;", 1, "SQL stands before the first section"},
           {"-- x\n/* y\n*/ a;\n-- UPGRADE\nb;", 3, "SQL stands before the first section"},
           {"a;\n-- DOWNGRADE\nb;\n-- UPGRADE\nc;", 1, "SQL stands before the first section"},
           {"-- UPGRADE\na;\n-- UPGRADE\nb;", 3, "a second UPGRADE section"},
           {"a;\n-- DOWNGRADE\nb;\n-- UPGRADE\nc;\n-- DOWNGRADE\n", 6, "a second DOWNGRADE section"},
       }) {
    const auto error = parse_error(c.content);
    EXPECT_THAT(error, IsErrorAt(kBadFile, c.line, c.message)) << c.content;
    EXPECT_EQ(error->file(), "001_a.sql");
  }
  EXPECT_EQ(parse_error("-- UPGRADE\na;\n-- UPGRADE\nb;")->hint(), "The first begins at line 1.");
}

TEST(MigrationFile, HasOneTextWhateverTheCheckout) {
  const Migration unix = parse("-- UPGRADE\nSELECT 'a\nb';\n-- DOWNGRADE\nb;\n");
  for (const char* content : {
           "-- UPGRADE\r\nSELECT 'a\r\nb';\r\n-- DOWNGRADE\r\nb;\r\n",
           "\xef\xbb\xbf-- UPGRADE\nSELECT 'a\nb';\n-- DOWNGRADE\nb;",
           "-- UPGRADE\nSELECT 'a\nb';\n\n\n-- DOWNGRADE\nb;   \n\n",
       }) {
    EXPECT_EQ(parse(content).up, unix.up);
    EXPECT_EQ(parse(content).down->sql, unix.down->sql);
  }
}

TEST(MigrationFile, ReportsTheEncodingWithTheLine) {
  EXPECT_THAT(parse_error("\xff\xfe-\0"), IsErrorAt(kBadFile, 1, "the file is UTF-16"));
  EXPECT_THAT(parse_error("a\n\xc0\x80"), IsErrorAt(kBadFile, 2, "the file is not UTF-8 at byte 0xc0"));
}

TEST(MigrationFile, RefusesNames) {
  EXPECT_THAT(parse_error("a", "notes.sql"), IsErrorAt(kBadFile, 0, "the name holds no version"));
  EXPECT_THAT(parse_error("a", "users/up.sql"), IsErrorAt(kBadFile, 0, "the name holds no version"));
  EXPECT_THAT(parse_error("a", "v1_a.up.sql"), IsErrorAt(kBadFile, 0, "the name holds no version"));
  for (const char* name : {"README.md", "", ".001.sql", "001_\xff.sql"}) {
    EXPECT_THAT(parse_error("a", name), IsErrorAt(kBadFile, 0, "this is not the name of a migration file")) << name;
  }
  EXPECT_THAT(parse_error("a", std::string(129, '1') + ".sql"),
              IsErrorAt(ErrorKind::bad_value, 0, "the version in the name is longer than 128 bytes"));
  EXPECT_EQ(parse("a", std::string(128, '1') + ".sql").version, std::string(128, '1'));
}

TEST(MigrationFile, OfAPairHasNoSections) {
  const ParsedFile up =
      parse_migration_file("001_a.up.sql", "-- MIGRATION_SCOPE: public\na;\n-- DOWNGRADE\n-- upgrade\n");
  EXPECT_EQ(up.part, FilePart::up);
  EXPECT_EQ(up.migration.scope, Scope::shared);
  EXPECT_EQ(up.migration.up, (SqlSection{"-- MIGRATION_SCOPE: public\na;\n-- DOWNGRADE\n-- upgrade\n", 1}));
  EXPECT_EQ(up.migration.down, std::nullopt);

  const ParsedFile down = parse_migration_file("001_a.down.sql", "-- UPGRADE\nb;\n\n");
  EXPECT_EQ(down.part, FilePart::down);
  EXPECT_EQ(down.migration.version, "001");
  EXPECT_EQ(down.migration.description, "a");
  EXPECT_EQ(down.migration.up, SqlSection{});
  EXPECT_EQ(down.migration.down, (SqlSection{"-- UPGRADE\nb;\n", 1}));
}

TEST(MigrationFile, MayBeAnEmptyDownFileButNoEmptyUpFile) {
  for (const char* name : {"001_a.down.sql", "001_a/down.sql"}) {
    EXPECT_EQ(parse("", name).down, (SqlSection{"", 1}));
    EXPECT_EQ(parse(" \n", name).down, (SqlSection{"", 1}));
    EXPECT_EQ(parse("-- nothing", name).down, (SqlSection{"-- nothing\n", 1}));
  }
  for (const char* name : {"001_a.up.sql", "001_a/up.sql"}) {
    EXPECT_THAT(parse_error(" \n", name), IsErrorAt(kBadFile, 0, "the file is empty"));
    EXPECT_EQ(parse("-- nothing", name).up, (SqlSection{"-- nothing\n", 1}));
  }
}

TEST(MigrationFile, OfADownPartHasNoOptions) {
  EXPECT_THAT(parse_error("-- x\n-- MIGRATION_SCOPE: public\n", "001_a.down.sql"),
              IsErrorAt(kBadFile, 2, "MIGRATION_SCOPE stands in a down file"));
  EXPECT_THAT(parse_error("b;\n-- MIGRATION_FOO: 1\n", "001_a/down.sql"),
              IsErrorAt(kBadFile, 2, "MIGRATION_FOO stands in a down file"));
  EXPECT_THAT(parse_error("a;\n-- MIGRATION NOW PERFORMS OPERATION THAT CANNOT BE WRITTEN AS SQL:\n", "001_a.down.sql"),
              IsErrorAt(kBadFile, 2, "Django left an operation out of this file: it cannot be written as SQL"));
  EXPECT_EQ(parse("/*\n-- MIGRATION_FOO: 1\n*/", "001_a.down.sql").version, "001");
}

TEST(MigrationFile, OfADownPartMayLackAVersion) { EXPECT_EQ(parse("b", "notes.down.sql").version, ""); }

TEST(MigrationFile, ReadsMetadata) {
  const auto transactional = [](std::string_view content) {
    const ParsedFile file = parse_migration_file("001_add_users/metadata.toml", content);
    EXPECT_EQ(file.part, FilePart::metadata);
    EXPECT_EQ(file.migration.version, "001");
    EXPECT_EQ(file.migration.description, "add users");
    return file.migration.transactional;
  };
  EXPECT_TRUE(transactional(""));
  EXPECT_TRUE(transactional("# nothing\n\n"));
  EXPECT_TRUE(transactional("run_in_transaction = true"));
  EXPECT_FALSE(transactional("run_in_transaction = false"));
  EXPECT_FALSE(transactional("\r\n  run_in_transaction=false # CONCURRENTLY\r\n"));
}

TEST(MigrationFile, RefusesOtherMetadata) {
  struct Case {
    const char* content;
    ErrorKind kind;
    int line;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"[table]", kBadFile, 1, "unknown setting \"[table]\""},
           {"# x\nother = 1", kBadFile, 2, "unknown setting \"other = 1\""},
           {"run_in_transaction", kBadFile, 1, "unknown setting \"run_in_transaction\""},
           {"run_in_transaction = no", ErrorKind::bad_value, 1, "run_in_transaction: \"no\" is neither true nor false"},
           {"run_in_transaction =", ErrorKind::bad_value, 1, "run_in_transaction: \"\" is neither true nor false"},
           {"\nrun_in_transaction = true\nrun_in_transaction = true", kBadFile, 3, "run_in_transaction stands twice"},
       }) {
    const auto error = parse_error(c.content, "001_a/metadata.toml");
    EXPECT_THAT(error, IsErrorAt(c.kind, c.line, c.message)) << c.content;
    EXPECT_EQ(error->file(), "001_a/metadata.toml");
  }
}

TEST(MigrationFile, MayBeFiveMegabytes) {
  std::string sql = "-- UPGRADE\n";
  while (sql.size() < 5'000'000) sql += "INSERT INTO t VALUES (1, 'it''s', $$x$$); -- y\n";
  EXPECT_EQ(parse(sql).up.sql.size(), sql.size() - std::string_view{"-- UPGRADE\n"}.size());
}

}  // namespace
}  // namespace tenancy::core
