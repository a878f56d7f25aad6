#include <gmock/gmock.h>

#include "core/error.h"
#include "core/migration_file.h"
#include "driver/alembic/project.h"
#include "driver/alembic/revision_files.h"
#include "driver/alembic/schema_name.h"
#include "driver/command/failure.h"

namespace tenancy::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PythonOfScript, ReadsTheFirstLine) {
  EXPECT_EQ(python_of_script("#!/usr/bin/python3"), "/usr/bin/python3");
  EXPECT_EQ(python_of_script("#! /srv/app/venv/bin/python3.11 -s"), "/srv/app/venv/bin/python3.11");
  EXPECT_EQ(python_of_script("#!/usr/bin/env python3\r"), "python3");
  EXPECT_EQ(python_of_script("#!/bin/sh"), "");
  EXPECT_EQ(python_of_script("\x7f"
                             "ELF"),
            "");
}

TEST(WithoutSchema, TakesItOffNames) {
  struct Case {
    const char* sql;
    const char* result;
    bool is_named_still;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"CREATE TABLE t1.users (id int REFERENCES \"t1\".\"plans\");",
            "CREATE TABLE users (id int REFERENCES \"plans\");", false},
           {"SELECT nextval('t1.users_id_seq'), T1.f('\"t1\".users'::regclass)",
            "SELECT nextval('users_id_seq'), f('users'::regclass)", false},
           {"CREATE FUNCTION t1.f() RETURNS int LANGUAGE sql AS $x$ SELECT id FROM t1.users $x$;",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $x$ SELECT id FROM users $x$;", false},
           {"-- t1 is a tenant\nSELECT t10.x, xt1.y, 'a', \"T1\".z",
            "-- t1 is a tenant\nSELECT t10.x, xt1.y, 'a', \"T1\".z", false},
           {"CREATE SCHEMA t1", "CREATE SCHEMA t1", true},
           {"SELECT 'of t1', t1.x", "SELECT 'of t1', x", true},
           {"", "", false},
       }) {
    const UnqualifiedSql result = without_schema(c.sql, "t1");
    EXPECT_EQ(result.sql, c.result);
    EXPECT_EQ(result.is_named_still, c.is_named_still) << c.sql;
  }
}

AlembicRevision revision_with(const std::string& up, const std::string& down) {
  AlembicRevision revision{.revision = "b9e",
                           .message = "billing: invoices",
                           .file = "/srv/versions/b9e_billing.py",
                           .after = {"1975", "ae10"},
                           .branches = {"billing"}};
  revision.up.sql = up;
  revision.down.sql = down;
  return revision;
}

/// What the files say when they are read again.
core::Migration migration_of(const RevisionFiles& files) {
  std::vector<core::SourceFile> sources;
  for (const auto& [name, text] : files.files) sources.push_back({name.string(), text});
  std::vector<core::Migration> migrations = core::parse_migration_folder(sources);
  EXPECT_EQ(migrations.size(), 1U);
  return migrations.front();
}

TEST(RevisionFiles, HoldARevision) {
  AlembicRevision revision = revision_with("CREATE TABLE bills (id int);\n\n", "DROP TABLE bills;\n\n");
  const RevisionFiles files = files_of(revision, {.scope = core::Scope::both, .migration_set = "money"});
  EXPECT_EQ(files.unfinished, "");
  EXPECT_EQ(files.note, "");
  const core::Migration migration = migration_of(files);
  EXPECT_EQ(migration.version, "b9e");
  EXPECT_EQ(migration.description, "billing: invoices");
  EXPECT_THAT(migration.after, testing::Optional(ElementsAre("1975", "ae10")));
  EXPECT_THAT(migration.branches, ElementsAre("billing"));
  EXPECT_EQ(migration.set, "money");
  EXPECT_EQ(migration.scope, core::Scope::both);
  EXPECT_TRUE(migration.transactional);
  EXPECT_THAT(migration.up.sql, testing::EndsWith("\n\nCREATE TABLE bills (id int);\n"));
  EXPECT_EQ(migration.down->sql, "DROP TABLE bills;\n");
  EXPECT_EQ(migration.filename, "b9e_billing.up.sql");

  revision.down.autocommit = true;
  revision.file = "2024_01_05_1205-b9e_billing.py";
  EXPECT_FALSE(migration_of(files_of(revision, {})).transactional);
  EXPECT_EQ(migration_of(files_of(revision, {})).filename, "b9e_2024_01_05_1205-b9e_billing.up.sql");
}

TEST(RevisionFiles, HoldAMergeWithoutSql) {
  AlembicRevision revision = revision_with("", "");
  revision.message.clear();
  const core::Migration migration = migration_of(files_of(revision, {}));
  EXPECT_EQ(migration.description, "");
  EXPECT_TRUE(migration.down) << "it can be taken back";
  revision.after.clear();
  EXPECT_THAT(migration_of(files_of(revision, {})).after, testing::Optional(testing::IsEmpty()));
}

TEST(RevisionFiles, SayWhatIsToBeLookedAt) {
  EXPECT_EQ(files_of(revision_with("SELECT 1;", ""), {}).note, "going down does nothing, as in Alembic");
  AlembicRevision revision = revision_with("SELECT 1;", "SELECT 2;");
  revision.up.asks_for_mode = true;
  EXPECT_EQ(files_of(revision, {}).note, "it asks whether it is rendered offline: look at its SQL");
}

TEST(RevisionFiles, AreRefusedWhileTheSqlIsMissing) {
  AlembicRevision revision = revision_with("ALTER TABLE bills ADD total int;", "SELECT 1;");
  revision.up.error = "AttributeError: 'NoneType' object has no attribute 'scalar'";
  revision.up.line = 30;
  const std::string reason =
      "Alembic cannot render it without a database: AttributeError: 'NoneType' object has no attribute 'scalar' "
      "(b9e_billing.py line 30)";
  const RevisionFiles files = files_of(revision, {});
  EXPECT_EQ(files.unfinished, reason);
  EXPECT_THAT(files.files.front().second, HasSubstr("ALTER TABLE bills ADD total int;"));
  try {
    (void)core::parse_migration_file(files.files.front().first.string(), files.files.front().second);
    FAIL() << "it is not finished";
  } catch (const core::Error& error) {
    EXPECT_EQ(std::string(error.what()), "MIGRATION_UNFINISHED: " + reason);
  }
}

TEST(RevisionFiles, LeaveOutADownFileThatCannotBe) {
  AlembicRevision revision = revision_with("SELECT 1;", "");
  revision.down.error = "NotImplementedError: it cannot be taken back";
  const RevisionFiles files = files_of(revision, {});
  EXPECT_EQ(files.note,
            "irreversible: going down, Alembic cannot render it without a database: NotImplementedError: it cannot be "
            "taken back");
  EXPECT_FALSE(migration_of(files).down);
}

TEST(RevisionFiles, AreForAllTenants) {
  const RevisionFiles files =
      files_of(revision_with("CREATE TABLE t1.bills (id int);", "SET search_path TO t1;"), {.schema = "t1"});
  EXPECT_THAT(migration_of(files).up.sql, HasSubstr("CREATE TABLE bills"));
  EXPECT_THAT(files.note, HasSubstr("it names schema t1 otherwise than in front of a name"));
  EXPECT_EQ(files.files.size(), 1U);
}

TEST(RevisionFiles, RefuseAnIdThatIsNoVersion) {
  AlembicRevision revision = revision_with("", "");
  revision.revision = "rev 1";
  EXPECT_THROW((void)files_of(revision, {}), UsageError);
}

}  // namespace
}  // namespace tenancy::driver
