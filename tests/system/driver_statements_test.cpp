// Statements as the driver cuts and judges them, next to the server's own parser, which the extension asks.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>

#include "core/error.h"
#include "driver/apply/script.h"
#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

/// What a migration may hold, and whether it runs in one transaction and for a tenant.
struct Terms {
  bool transactional;
  bool confined;
};
constexpr Terms kTerms[] = {{true, true}, {true, false}, {false, true}, {false, false}};

class DriverStatements : public DatabaseTest {
 protected:
  /// "line 3: statement 2, COMMIT, is transaction control"; empty for what may be stored, nothing for what is no SQL.
  std::optional<std::string> judged_by_server(const std::string& script, Terms terms) {
    try {
      session_.query("SELECT tenancy.add_migration('001', $1, scope => $2, transactional => $3::bool)",
                     {script, terms.confined ? "tenant" : "public", terms.transactional ? "t" : "f"});
    } catch (const PgError& error) {
      const std::string& message = error.report().message;
      constexpr std::string_view kStart = "migration 001: ";
      if (error.sqlstate() != "0A000" || !message.starts_with(kStart)) return std::nullopt;
      return message.substr(kStart.size());
    }
    return "";
  }

  static std::string judged_by_driver(const std::string& script, Terms terms) {
    try {
      driver::Script(core::SqlSection{script, 1}, "").check(terms.transactional, terms.confined);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "";
  }

  /// The script, and what follows it. Tells whether the server took it for SQL.
  bool expect_same(const std::string& script) {
    bool is_sql = false;
    for (const Terms terms : kTerms) {
      // What it refuses names statement and line, and so tells whether both have counted alike.
      for (const std::string& whole : {script, script + "\n;COMMIT"}) {
        const std::optional<std::string> expected = judged_by_server(whole, terms);
        if (!expected) continue;
        is_sql = true;
        EXPECT_EQ(judged_by_driver(whole, terms), *expected) << whole;
      }
    }
    return is_sql;
  }

 private:
  Connection session_ = connect();
};

const std::vector<std::string> kOddStatements{
    "SELECT ';'",
    "SELECT ';''; '",
    "SELECT '\\'",
    "SELECT 'a'\n';b'",
    "SELECT 'a' -- ;\n ';b'",
    "SELECT 'a'\r\n';b'",
    R"(SELECT E'\';')",
    R"(SELECT e'a\\' , ';')",
    "SELECT E'a'\n'\\';'",
    "SELECT E'a' -- '\n '\\';'",
    R"(SELECT U&'\0061;' UESCAPE '!')",
    R"(SELECT U&"d;\0061" FROM x)",
    "SELECT b'1;', x'f;', n'x;', 1e'x' FROM a",
    "SELECT B'1;', X'f;', N'x;'",
    "SELECT \"a;\"\"b;\", \"'\" FROM \";\"",
    "SELECT $$;$$",
    "SELECT $$ $a$ ; $ $1 $a $$",
    "SELECT $a$;$$;$b$;$a$",
    "SELECT $a$$b$a$",
    "SELECT $ä$;$ä$",
    "SELECT a$b$c FROM a$; ",
    "SELECT $1, $2$tag$;$tag$",
    "SELECT 1 /* ; /* ; */ ; */ + 1",
    "SELECT 5 */* ; */ 3",
    "SELECT 1 - --;\n 2",
    "SELECT 1 <>-- ;\n 2",
    "SELECT 1 -- ;\r 2",
    "SELECT '/*', 1 /*'*/",
    "VALUES (1e5, .5, 1., 1.5e-3)",
    "SELECT CASE WHEN a THEN b END FROM c",
    "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; ; DELETE FROM b)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN; END; $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'",
    "CREATE FUNCTION f() RETURNS int RETURN 1",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC END",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC ; SELECT CASE WHEN true THEN 1 END; END",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT 2; END",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 end; SELECT 2; END",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS case; SELECT a.end FROM a; END",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC INSERT INTO a SELECT (CASE 1 WHEN 1 THEN 2 END); RETURN 1; END",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); END",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END; END",
    "CREATE OR REPLACE PROCEDURE p(begin int) BEGIN /* END */ ATOMIC SELECT 1; END",
    "CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql AS 'SELECT 1;'",
    "CREATE FUNCTION f(atomic int DEFAULT 1) RETURNS int LANGUAGE sql AS 'x'",
    "CREATE FUNCTION begin(a atomic) RETURNS int LANGUAGE sql AS 'x'",
    "CREATE TABLE function (begin int, atomic int)",
    "CREATE TABLE \"create\" (\"function\" int)",
    "CREATE SCHEMA s CREATE TABLE t (id int) CREATE VIEW v AS SELECT ';' AS x",
    "DO $do$ BEGIN PERFORM 1; END $do$",
    "DO LANGUAGE plpgsql 'BEGIN; END'",
    "PREPARE p AS SELECT ';'",
};

/// Those of which SqlKind has an opinion, or should have none.
const std::vector<std::string> kOtherStatements{
    "BEGIN",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "START TRANSACTION",
    "COMMIT AND CHAIN",
    "END",
    "END TRANSACTION",
    "ABORT",
    "ROLLBACK TO SAVEPOINT a",
    "ROLLBACK PREPARED 'x'",
    "COMMIT PREPARED 'x'",
    "PREPARE TRANSACTION 'x'",
    "PREPARE transaction AS SELECT 1",
    "SAVEPOINT a",
    "RELEASE a",
    "COPY t FROM STDIN",
    "COPY t TO STDOUT",
    "COPY t (a, b) FROM '/x' WITH (FORMAT csv)",
    "COPY (SELECT 1) TO PROGRAM 'x'",
    "COPY (TABLE stdin) TO STDOUT",
    "COPY BINARY t FROM stdin",
    "COPY stdin FROM '/x'",
    "COPY t FROM '/stdin' CSV HEADER",
    "VACUUM",
    "VACUUM t",
    "VACUUM (FULL, ANALYZE) t",
    "VACUUM FULL VERBOSE",
    "VACUUM (VERBOSE)",
    "ANALYZE",
    "ANALYZE t",
    "ANALYSE VERBOSE",
    "CLUSTER",
    "CLUSTER VERBOSE",
    "CLUSTER t USING i",
    "CLUSTER (VERBOSE) t",
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
    "CREATE INDEX CONCURRENTLY ON t (a)",
    "CREATE INDEX concurrently_not ON t (a)",
    "CREATE INDEX \"CONCURRENTLY\" ON t (a)",
    "DROP INDEX CONCURRENTLY i",
    "DROP INDEX \"CONCURRENTLY\"",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX (CONCURRENTLY) TABLE t",
    "REINDEX (CONCURRENTLY off) TABLE t",
    "REINDEX (CONCURRENTLY 0) INDEX i",
    "REINDEX (VERBOSE, CONCURRENTLY true) INDEX i",
    "REINDEX TABLE t",
    "REINDEX SCHEMA s",
    "REINDEX DATABASE d",
    "REINDEX SYSTEM d",
    "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
    "ALTER TABLE a DETACH PARTITION b FINALIZE",
    "ALTER TABLE a DETACH PARTITION s.b",
    "ALTER TABLE a ADD detach int",
    "ALTER TYPE e ADD VALUE 'x'",
    "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x' BEFORE 'y'",
    "ALTER SYSTEM SET work_mem = 1",
    "ALTER DATABASE d SET work_mem = 1",
    "ALTER DATABASE d SET TABLESPACE t",
    "ALTER DATABASE d RESET TABLESPACE",
    "ALTER DATABASE d WITH CONNECTION LIMIT 3",
    "CREATE DATABASE d",
    "DROP DATABASE d",
    "DROP DATABASE d WITH (FORCE)",
    "CREATE TABLESPACE t LOCATION '/x'",
    "DROP TABLESPACE t",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
    "DROP SUBSCRIPTION s",
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
    "ALTER SUBSCRIPTION s SET PUBLICATION p",
    "ALTER SUBSCRIPTION s DISABLE",
    "ALTER SUBSCRIPTION s RENAME TO t",
    "ALTER SUBSCRIPTION s OWNER TO a",
    "DROP OWNED BY a",
    "REASSIGN OWNED BY a TO b",
    "CREATE ROLE a",
    "DROP USER a",
    "SET LOCAL work_mem = 1",
    "SET work_mem = 1",
    "SET SESSION work_mem = 1",
    "SET TIME ZONE 'UTC'",
    "SET LOCAL TIME ZONE 'UTC'",
    "SET ROLE a",
    "SET LOCAL ROLE a",
    "SET SESSION ROLE a",
    "SET role TO 'a'",
    "SET SESSION AUTHORIZATION a",
    "SET SESSION SESSION AUTHORIZATION DEFAULT",
    "SET session_authorization = a",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET LOCAL TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ ONLY",
    "SET TRANSACTION SNAPSHOT '00000003-0000001B-1'",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET XML OPTION DOCUMENT",
    "SET CONSTRAINTS ALL DEFERRED",
    "RESET ROLE",
    "RESET ALL",
    "RESET SESSION AUTHORIZATION",
    "SET NAMES 'UTF8'",
    "LISTEN x",
    "DISCARD ALL",
    "DISCARD TEMP",
    "CHECKPOINT",
    "LOAD 'x'",
    "LOCK TABLE a",
    "CALL p()",
    "EXPLAIN ANALYZE SELECT 1",
    "EXPLAIN (ANALYZE) CREATE TABLE a AS SELECT 1",
    "DECLARE c CURSOR FOR SELECT 1",
    "FETCH c",
    "SECURITY LABEL ON TABLE a IS 'x'",
    "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
    "(SELECT 1)",
    "((SELECT 1) UNION (SELECT 2))",
    "TABLE a",
    "SELECT 1 INTO a",
    "WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x",
};

TEST_F(DriverStatements, AreJudgedAsTheServerDoes) {
  for (const auto* statements : {&kOddStatements, &kOtherStatements}) {
    for (const std::string& statement : *statements) expect_same(statement);
  }
}

TEST_F(DriverStatements, AreCutAsTheServerDoesInAnyCompany) {
  const std::vector<std::string> ends{";", ";;", " ; ", ";\n", ";-- ;\n", ";/* ; '*/", "\r\n;\r\n"};
  std::mt19937 random{20260101};
  const auto one_of = [&random](const std::vector<std::string>& all) { return all[random() % all.size()]; };
  int scripts_of_sql = 0;
  for (int round = 0; round < 300; ++round) {
    std::string script;
    for (std::size_t left = 1 + random() % 5; left > 0; --left) script += one_of(kOddStatements) + one_of(ends);
    if (expect_same(script)) ++scripts_of_sql;
  }
  EXPECT_GT(scripts_of_sql, 150);
}

/// Each statement of the project's own scripts is one to the server too.
TEST_F(DriverStatements, OfScriptsAreSingleOnes) {
  int statements = 0;
  for (const auto& file : std::filesystem::directory_iterator(TENANCY_SQL_SCRIPTS)) {
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const std::string script = text.str();
    for (const core::SqlStatement& statement : core::split_statements(script)) {
      if (core::SqlKind(statement.text).is_meta_command()) continue;
      const std::string one(statement.text);
      if (expect_same(one)) ++statements;
    }
  }
  EXPECT_GT(statements, 500);
}

}  // namespace
}  // namespace tenancy::test
