#include "core/sql_kind.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/statement_refusal.h"

namespace tenancy::core {
namespace {

using Pairs = std::initializer_list<std::pair<const char*, const char*>>;

TEST(SqlKind, KnowsTransactionControl) {
  for (const auto& [sql, command] : Pairs{{"begin", "BEGIN"},
                                          {"START TRANSACTION", "START TRANSACTION"},
                                          {"END", "COMMIT"},
                                          {"COMMIT PREPARED 'x'", "COMMIT PREPARED"},
                                          {"ABORT", "ROLLBACK"},
                                          {"ROLLBACK TO a", "ROLLBACK"},
                                          {"SAVEPOINT a", "SAVEPOINT"},
                                          {"RELEASE a", "RELEASE"},
                                          {"PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"},
                                          {"PREPARE x AS SELECT 1", ""},
                                          {"PREPARE transaction AS SELECT 1", ""},
                                          {"SELECT 1", ""},
                                          {"\"begin\"", ""}}) {
    EXPECT_EQ(SqlKind(sql).transaction_control(), command) << sql;
  }
}

TEST(SqlKind, KnowsCopyWithTheClient) {
  EXPECT_TRUE(SqlKind("COPY t FROM STDIN").copies_with_client());
  EXPECT_TRUE(SqlKind("copy t (a, b) to stdout with csv").copies_with_client());
  EXPECT_TRUE(SqlKind("COPY (SELECT 1 FROM stdin) TO STDOUT").copies_with_client());
  EXPECT_FALSE(SqlKind("COPY t FROM '/tmp/x'").copies_with_client());
  EXPECT_FALSE(SqlKind("COPY t FROM PROGRAM 'x'").copies_with_client());
}

TEST(SqlKind, KnowsWhatRunsAtTopLevelOnly) {
  for (const auto& [sql, what] :
       Pairs{{"CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY"},
             {"create unique index concurrently on t (a)", "CREATE INDEX CONCURRENTLY"},
             {"CREATE INDEX i ON t (a)", ""},
             {"CREATE INDEX \"CONCURRENTLY\" ON t (a)", ""},
             {"DROP INDEX CONCURRENTLY IF EXISTS i", "DROP INDEX CONCURRENTLY"},
             {"DROP INDEX i", ""},
             {"REINDEX TABLE t", ""},
             {"REINDEX (VERBOSE) INDEX CONCURRENTLY i", "REINDEX CONCURRENTLY"},
             {"REINDEX (VERBOSE, CONCURRENTLY) TABLE t", "REINDEX CONCURRENTLY"},
             {"REINDEX (CONCURRENTLY false) TABLE t", ""},
             {"REINDEX SCHEMA s", "REINDEX of a schema or database"},
             {"ALTER TABLE s.t DETACH PARTITION s.p CONCURRENTLY", "ALTER TABLE … DETACH PARTITION … CONCURRENTLY"},
             {"ALTER TABLE t DETACH PARTITION p", ""},
             {"VACUUM t", "VACUUM"},
             {"ANALYZE t", ""},
             {"CLUSTER", "CLUSTER of all tables"},
             {"CLUSTER t", ""},
             {"CREATE DATABASE d", "CREATE DATABASE"},
             {"ALTER DATABASE d SET TABLESPACE x", "ALTER DATABASE SET TABLESPACE"},
             {"ALTER DATABASE d SET work_mem = 1", ""},
             {"ALTER SYSTEM SET a = 1", "ALTER SYSTEM"},
             {"DISCARD ALL", "DISCARD ALL"},
             {"DISCARD TEMP", ""}}) {
    EXPECT_EQ(SqlKind(sql).top_level_only(), what) << sql;
  }
  EXPECT_TRUE(SqlKind("REINDEX TABLE t").runs_at_top_level());
  EXPECT_FALSE(SqlKind("CREATE TABLE t ()").runs_at_top_level());
}

TEST(SqlKind, KnowsWhatMayCommit) {
  for (const char* sql : {"CALL backfill()", "DO $$ BEGIN LOOP COMMIT; END LOOP; END $$", "do 'begin rollback; end'",
                          "DO LANGUAGE plpgsql $$ BEGIN call p(); END $$"}) {
    EXPECT_TRUE(SqlKind(sql).may_commit()) << sql;
  }
  for (const char* sql : {"DO $$ BEGIN PERFORM 1; END $$", "DO $$ BEGIN PERFORM commit_count FROM t; END $$",
                          "SELECT 'COMMIT'", "CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; END", "COMMIT"}) {
    EXPECT_FALSE(SqlKind(sql).may_commit()) << sql;
  }
}

TEST(SqlKind, KnowsWhatGoesBeyondOneSchema) {
  for (const auto& [sql, what] : Pairs{{"VACUUM", "VACUUM of all tables"},
                                       {"VACUUM (FULL, ANALYZE)", "VACUUM of all tables"},
                                       {"VACUUM FULL t", ""},
                                       {"ANALYZE VERBOSE", "ANALYZE of all tables"},
                                       {"ALTER DATABASE d WITH CONNECTION LIMIT 1", "ALTER DATABASE"},
                                       {"ALTER DATABASE d OWNER TO x", ""},
                                       {"REINDEX DATABASE", "REINDEX of a schema or database"},
                                       {"CREATE INDEX CONCURRENTLY i ON t (a)", ""},
                                       {"DROP SUBSCRIPTION s", "DROP SUBSCRIPTION"}}) {
    EXPECT_EQ(SqlKind(sql).beyond_one_schema(), what) << sql;
  }
}

TEST(SqlKind, KnowsIsolation) {
  for (const char* sql :
       {"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "set local transaction read write, isolation level serializable",
        "SET SESSION TRANSACTION ISOLATION LEVEL /* x */ SERIALIZABLE", "SET TRANSACTION SNAPSHOT '0-1'"}) {
    EXPECT_TRUE(SqlKind(sql).sets_isolation()) << sql;
  }
  for (const char* sql : {"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET TRANSACTION READ ONLY", "SELECT 1",
                          "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                          "SET transaction_isolation = serializable"}) {
    EXPECT_FALSE(SqlKind(sql).sets_isolation()) << sql;
  }
}

TEST(SqlKind, KnowsSettings) {
  EXPECT_TRUE(SqlKind("SET work_mem = 1").is_setting());
  EXPECT_TRUE(SqlKind("RESET ALL").is_setting());
  EXPECT_FALSE(SqlKind("SET CONSTRAINTS ALL DEFERRED").is_setting());
  EXPECT_TRUE(SqlKind("SET LOCAL work_mem = 1").is_local_setting());
  EXPECT_FALSE(SqlKind("SET TRANSACTION READ ONLY").is_local_setting());
  for (const char* sql : {"SET ROLE x", "SET SESSION ROLE x", "RESET ROLE", "SET SESSION AUTHORIZATION x",
                          "RESET SESSION AUTHORIZATION", "SET role TO x", "SET SESSION SESSION AUTHORIZATION x"}) {
    EXPECT_TRUE(SqlKind(sql).is_role_setting()) << sql;
  }
  EXPECT_FALSE(SqlKind("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").is_role_setting());
  EXPECT_FALSE(SqlKind("SET search_path = role").is_role_setting());
}

TEST(SqlKind, KnowsWhatMayWriteData) {
  for (const char* sql : {"INSERT INTO t VALUES (1)", "WITH x AS (SELECT 1) DELETE FROM t", "(SELECT 1)", "DO $$$$",
                          "CREATE TABLE t AS SELECT 1", "CREATE TEMP TABLE t AS TABLE x",
                          "CREATE MATERIALIZED VIEW v AS SELECT 1", "REFRESH MATERIALIZED VIEW v"}) {
    EXPECT_TRUE(SqlKind(sql).may_write_data()) << sql;
  }
  for (const char* sql : {"CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED)", "ALTER TABLE t ADD a int",
                          "CREATE VIEW v AS SELECT 1", "COMMENT ON TABLE t IS 'AS'"}) {
    EXPECT_FALSE(SqlKind(sql).may_write_data()) << sql;
  }
}

TEST(SqlKind, KnowsWhatCanBeRepeated) {
  for (const char* sql : {"SET a = 1",
                          "REINDEX TABLE t",
                          "VACUUM t",
                          "ANALYZE",
                          "CLUSTER t",
                          "REFRESH MATERIALIZED VIEW v",
                          "COMMENT ON TABLE t IS 'x'",
                          "CREATE INDEX IF NOT EXISTS i ON t (a)",
                          "CREATE INDEX CONCURRENTLY i ON t (a)",
                          "DROP INDEX CONCURRENTLY i",
                          "DROP TABLE IF EXISTS t",
                          "DROP MATERIALIZED VIEW IF EXISTS v",
                          "ALTER TYPE s.t ADD VALUE 'x'",
                          "ALTER TABLE IF EXISTS ONLY s.t ADD COLUMN IF NOT EXISTS a int",
                          "ALTER TABLE t DROP IF EXISTS a, DROP CONSTRAINT IF EXISTS c",
                          "CREATE TABLE IF NOT EXISTS t ()",
                          "CREATE UNLOGGED TABLE IF NOT EXISTS t ()",
                          "CREATE EXTENSION IF NOT EXISTS x",
                          "CREATE OR REPLACE FUNCTION f() RETURNS int",
                          "CREATE OR REPLACE TEMP VIEW v AS SELECT 1"}) {
    EXPECT_TRUE(SqlKind(sql).is_repeatable()) << sql;
  }
  for (const char* sql :
       {"CREATE INDEX CONCURRENTLY ON t (a)", "CREATE INDEX i ON t (a)", "DROP TABLE t", "DROP ROLE IF EXISTS r",
        "ALTER TYPE t RENAME VALUE 'a' TO 'b'", "ALTER TABLE t ADD a int", "ALTER TABLE IF EXISTS t ADD a int",
        "ALTER TABLE t DROP IF EXISTS a, ADD b int", "ALTER TABLE t RENAME TO u", "ALTER TABLE t", "CREATE TABLE t ()",
        "CREATE FUNCTION f() RETURNS int", "INSERT INTO t VALUES (1)", "DO $$$$",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY"}) {
    EXPECT_FALSE(SqlKind(sql).is_repeatable()) << sql;
  }
}

TEST(SqlKind, AdaptsStatements) {
  EXPECT_EQ(SqlKind("DROP INDEX CONCURRENTLY i").repeatable_text(), "DROP INDEX CONCURRENTLY IF EXISTS i");
  EXPECT_EQ(SqlKind("DROP TABLE IF EXISTS t").repeatable_text(), "DROP TABLE IF EXISTS t");
  EXPECT_EQ(SqlKind("ALTER TYPE s.t ADD VALUE 'x'").repeatable_text(), "ALTER TYPE s.t ADD VALUE IF NOT EXISTS 'x'");
  EXPECT_EQ(SqlKind("ALTER TYPE t ADD VALUE IF NOT EXISTS 'x'").repeatable_text(),
            "ALTER TYPE t ADD VALUE IF NOT EXISTS 'x'");
  EXPECT_EQ(SqlKind("CREATE INDEX CONCURRENTLY i ON t (a)").transactional_text(),
            "CREATE INDEX              i ON t (a)");
  EXPECT_EQ(SqlKind("SELECT 1").transactional_text(), "SELECT 1");
  EXPECT_EQ(SqlKind("VACUUM t").transactional_text(), std::nullopt);
}

TEST(SqlKind, FindsTheObjectsOfConcurrentStatements) {
  const auto expect = [](const char* sql, SqlKind::Command command, const char* first, const char* second) {
    const SqlKind kind{sql};
    EXPECT_EQ(kind.concurrent_command(), command) << sql;
    EXPECT_EQ(kind.object(), first) << sql;
    EXPECT_EQ(kind.second_object(), second) << sql;
  };
  using Command = SqlKind::Command;
  expect("CREATE INDEX CONCURRENTLY IF NOT EXISTS \"i x\" ON ONLY s . t (a)", Command::create_index, "\"i x\"",
         "s . t");
  expect("CREATE UNIQUE INDEX CONCURRENTLY ON t (a)", Command::create_index, "", "t");
  expect("DROP INDEX CONCURRENTLY IF EXISTS s.i", Command::drop_index, "s.i", "");
  expect("REINDEX TABLE CONCURRENTLY t", Command::reindex, "t", "");
  expect("REINDEX (CONCURRENTLY) INDEX s.i", Command::reindex, "s.i", "");
  expect("ALTER TABLE IF EXISTS t DETACH PARTITION s.p CONCURRENTLY", Command::detach_partition, "t", "s.p");
  expect("SELECT 1", Command::other, "", "");
}

TEST(StatementRefusal, SaysWhatIsWrong) {
  const auto what = [](const char* sql, bool transactional, bool confined) {
    return refusal(SqlKind(sql), transactional, confined).what;
  };
  EXPECT_EQ(what("COMMIT", true, false), "COMMIT");
  EXPECT_EQ(what("COPY t FROM STDIN", true, false), "COPY");
  EXPECT_EQ(what("VACUUM", false, true), "VACUUM of all tables");
  EXPECT_EQ(what("VACUUM", false, false), "");
  EXPECT_EQ(what("VACUUM t", true, true), "VACUUM");
  EXPECT_EQ(what("SET LOCAL a = 1", false, true), "SET LOCAL");
  EXPECT_EQ(what("SET LOCAL a = 1", true, true), "");
  EXPECT_EQ(what("SET ROLE x", false, true), "SET of the role");
  EXPECT_EQ(what("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", true, true), "SET TRANSACTION");
  EXPECT_EQ(what("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", false, false), "SET TRANSACTION");
  EXPECT_EQ(what("\\connect x", true, true), "a command of psql");
  EXPECT_EQ(what("CREATE TABLE t ()", true, true), "");
}

}  // namespace
TEST(SqlKind, AddsAnEnumValue) {
  for (const char* const sql :
       {"ALTER TYPE mood ADD VALUE 'glad'", "alter type \"Ünï\".\"mo od\" add value if not exists 'x'",
        "/* one */ ALTER TYPE a.b ADD VALUE 'x' BEFORE 'y'"}) {
    EXPECT_TRUE(SqlKind(sql).adds_enum_value()) << sql;
  }
  for (const char* const sql : {"ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TYPE mood ADD ATTRIBUTE a int",
                                "ALTER TYPE mood RENAME TO add_value", "CREATE TYPE mood AS ENUM ('sad')", ""}) {
    EXPECT_FALSE(SqlKind(sql).adds_enum_value()) << sql;
  }
}

TEST(AddsEnumValue, LooksAtEveryStatement) {
  EXPECT_TRUE(adds_enum_value("CREATE TABLE t (a int);\nALTER TYPE mood ADD VALUE 'x';\nSELECT 1;"));
  EXPECT_FALSE(adds_enum_value("SELECT 'ALTER TYPE mood ADD VALUE 1;'; -- ALTER TYPE mood ADD VALUE 'x';\n"));
}

}  // namespace tenancy::core
