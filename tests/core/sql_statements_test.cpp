#include "core/sql_statements.h"

#include <gmock/gmock.h>

#include <random>
#include <string>

#include "core/sql_lexer.h"

namespace tenancy::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(std::string_view script) {
  std::vector<std::string> result;
  for (const SqlStatement& statement : split_statements(script)) result.emplace_back(statement.text);
  return result;
}

TEST(SqlStatements, EndAtSemicolons) {
  EXPECT_THAT(texts("a; b ;c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(texts(";; a ; ;"), ElementsAre("a"));
  EXPECT_THAT(texts(" -- a;\n /* b; */ "), IsEmpty());
  EXPECT_THAT(texts(""), IsEmpty());
}

TEST(SqlStatements, BeginAtTheirFirstWord) {
  const auto statements = split_statements("-- one\nSELECT 1; /* two */\n  SELECT 2 -- end\n;");
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[0].offset, 7U);
  EXPECT_EQ(statements[0].number, 1);
  EXPECT_EQ(statements[1].text, "SELECT 2");
  EXPECT_EQ(statements[1].number, 2);
}

TEST(SqlStatements, KeepSemicolonsInQuotesAndComments) {
  for (const std::string whole :
       {"SELECT ';'", "SELECT ';''; '", R"(SELECT E'\';')", R"(SELECT '\' )", "SELECT \"a;\"\";\"", "SELECT $$;$$",
        "SELECT $a$;$$;$b$;$a$", "SELECT 1 /* ; /* ; */ ; */ + 1", "SELECT 1 -- ;\n + 1", "SELECT E'a' \n '\\';'",
        "SELECT E'a' -- ;\n '\\';'", "SELECT a$b$c FROM x", "SELECT 'a'\n';b'", "SELECT $1, $tag$;$tag$",
        "SELECT U&\"a;\""}) {
    EXPECT_THAT(texts(whole + "; next"), ElementsAre(testing::StartsWith(whole.substr(0, 8)), "next")) << whole;
  }
  EXPECT_THAT(texts(R"(SELECT '\'; next)"), ElementsAre(R"(SELECT '\')", "next"));
  EXPECT_THAT(texts("SELECT a$b$; next"), ElementsAre("SELECT a$b$", "next"));
  EXPECT_THAT(texts("SELECT E'a' '\\'; next"), ElementsAre("SELECT E'a' '\\'", "next"));
}

TEST(SqlStatements, WhatIsNotClosedGoesToTheEnd) {
  for (const std::string whole : {"SELECT '; a", "SELECT \"; a", "SELECT $x$; a", "SELECT (1; a"}) {
    EXPECT_THAT(texts(whole), ElementsAre(whole));
  }
}

TEST(SqlStatements, KeepActionsOfRulesTogether) {
  EXPECT_THAT(texts("CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 1"),
              ElementsAre("CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)", "SELECT 1"));
}

TEST(SqlStatements, KeepBodiesOfFunctionsTogether) {
  for (const std::string head : {"CREATE FUNCTION f()", "create or replace procedure p(begin int)"}) {
    const std::string body =
        head + " BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT (CASE 1 WHEN 1 THEN 2 END); END";
    EXPECT_THAT(texts(body + "; SELECT 1"), ElementsAre(body, "SELECT 1"));
  }
  for (const std::string body :
       {"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1 AS end; SELECT 2 end; SELECT 3 AS case; END",
        "CREATE FUNCTION f() BEGIN ATOMIC ; END", "CREATE FUNCTION f() BEGIN ATOMIC END",
        "CREATE FUNCTION f() BEGIN ATOMIC CREATE FUNCTION g() BEGIN ATOMIC a; END; b; END",
        "CREATE FUNCTION f() BEGIN ATOMIC CREATE RULE r AS ON INSERT TO t DO (a; END); b; END"}) {
    EXPECT_THAT(texts(body + "; SELECT 1"), ElementsAre(body, "SELECT 1"));
  }
  EXPECT_THAT(texts("CREATE FUNCTION f(begin atomic) AS 'x'; b"), testing::SizeIs(2));
  EXPECT_THAT(texts("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'x'; b"),
              ElementsAre("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'x'", "b"));
  EXPECT_THAT(texts("BEGIN; SELECT CASE WHEN a THEN b END; END; c"),
              ElementsAre("BEGIN", "SELECT CASE WHEN a THEN b END", "END", "c"));
  EXPECT_THAT(texts("CREATE TABLE function (begin int, atomic int); b"), testing::SizeIs(2));
}

TEST(SqlLexer, NumbersAreNoWords) {
  SqlLexer lexer{"1e5 1.5e-3 2e 1..2 .5"};
  std::vector<std::string> tokens;
  while (const auto token = lexer.next()) tokens.emplace_back(token->text);
  EXPECT_THAT(tokens, ElementsAre("1e5", "1.5e-3", "2", "e", "1", ".", ".", "2", ".", "5"));
}

TEST(SqlStatements, OfAnyBytesLieInOrderWithinTheScript) {
  constexpr std::string_view kPieces[] = {
      "'",     "\"",     "$",      "$a$", "$$",        "--",  "/*",   "*/",   "\n", "\r",
      ";",     "(",      ")",      "E'",  "\\",        " ",   "a",    "1",    ".",  "e",
      "BEGIN", "ATOMIC", "CREATE", "OR",  "FUNCTION ", "END", "CASE", "\xc3", "\0", "CREATE FUNCTION "};
  std::mt19937 random{20250101};
  for (int round = 0; round < 20000; ++round) {
    std::string script;
    for (std::size_t left = random() % 24; left > 0; --left) script += kPieces[random() % std::size(kPieces)];
    std::size_t end = 0;
    int number = 0;
    for (const SqlStatement& statement : split_statements(script)) {
      ASSERT_FALSE(statement.text.empty()) << script;
      ASSERT_GE(statement.offset, end) << script;
      ASSERT_EQ(statement.number, ++number) << script;
      end = statement.offset + statement.text.size();
      ASSERT_LE(end, script.size()) << script;
      ASSERT_EQ(script.substr(statement.offset, statement.text.size()), statement.text) << script;
    }
  }
}

}  // namespace
}  // namespace tenancy::core
