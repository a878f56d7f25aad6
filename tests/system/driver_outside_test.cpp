// Non-transactional migrations by plain SQL.
#include <gmock/gmock.h>

#include "tests/system/driver_plain.h"

namespace tenancy::test {
namespace {

using core::Direction;
using driver::Outcome;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class DriverOutside : public PlainTest {
 protected:
  DriverOutside() { plain().exec("CREATE SCHEMA t"); }

  static std::string message_of(const Outcome& outcome) {
    return outcome.failure ? outcome.failure->message + "|" + outcome.failure->detail + "|" + outcome.failure->hint
                           : "";
  }

  std::string indexes() {
    return plain()
        .value(
            "SELECT coalesce(string_agg(relname || ' ' || indisvalid, ',' ORDER BY relname), '') FROM pg_index"
            " JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = to_regclass('t.a')")
        .value();
  }

  std::string states() {
    return plain()
        .value("SELECT string_agg(version || ' ' || state, ',' ORDER BY version) FROM t.schema_migrations")
        .value();
  }

  void load_index(const std::string& sql) {
    load({{"001_a.sql", "CREATE TABLE a (id int, n int);\nINSERT INTO a VALUES (1, 1), (2, 1);\n"},
          {"002_index.sql", "-- MIGRATION_TRANSACTION: off\n" + sql}});
    ASSERT_EQ(message_of(migrate(schema("t"), request(Direction::up, "001"))), "");
  }
};

TEST_F(DriverOutside, RunsStatementByStatement) {
  load_index(
      "-- UPGRADE\nSET maintenance_work_mem = '2MB';\nCREATE INDEX CONCURRENTLY a_n ON a (n);\nVACUUM (ANALYZE) a;\n"
      "REINDEX TABLE CONCURRENTLY a;\nCREATE TYPE mood AS ENUM ('happy');\nALTER TYPE mood ADD VALUE 'sad';\n"
      "CREATE TABLE c (m mood DEFAULT 'sad');\nCREATE TEMP TABLE scratch AS SELECT 1;\nINSERT INTO c DEFAULT VALUES;\n"
      "-- DOWNGRADE\nDROP TABLE c;\nDROP TYPE mood;\nDROP INDEX CONCURRENTLY a_n;\n");
  driver::Connection session = open();
  const Outcome up = migrate(session, schema("t"));
  ASSERT_EQ(message_of(up), "");
  EXPECT_THAT(up.steps, SizeIs(1));
  EXPECT_EQ(up.to_revision, "002");
  EXPECT_EQ(states(), "001 applied,002 applied");
  EXPECT_EQ(indexes(), "a_n true");
  const driver::Result left =
      loop().run(session.query("SELECT current_setting('maintenance_work_mem') <> '2MB' AND "
                               "to_regclass('pg_temp.scratch') IS NULL AND NOT EXISTS"
                               " (SELECT FROM pg_locks WHERE locktype = 'advisory')",
                               {}, soon()));
  EXPECT_EQ(left.text(0, 0), "t");
  ASSERT_EQ(message_of(migrate(session, schema("t"), request(Direction::down, "001"))), "");
  EXPECT_EQ(states(), "001 applied");
  EXPECT_EQ(indexes(), "");
}

TEST_F(DriverOutside, TakesBackWhatAFailedIndexLeaves) {
  load_index("CREATE UNIQUE INDEX CONCURRENTLY a_n ON a (n);\n");
  const Outcome outcome = migrate(schema("t"));
  EXPECT_THAT(message_of(outcome), AllOf(HasSubstr("schema \"t\": migration 002: statement 1 (002_index.sql line 2): "
                                                   "could not create unique index"),
                                         HasSubstr("is duplicated")));
  EXPECT_EQ(states(), "001 applied");
  EXPECT_EQ(indexes(), "");
}

TEST_F(DriverOutside, RunsBatchesThatCommit) {
  load_index(
      "-- UPGRADE\nDO $$ BEGIN FOR i IN 1 .. 2 LOOP UPDATE a SET n = n + 1; COMMIT; END LOOP; END $$;\n"
      "-- DOWNGRADE\nDO $$ BEGIN UPDATE a SET n = 7; COMMIT; PERFORM 1 / 0; END $$;\n");
  ASSERT_EQ(message_of(migrate(schema("t"))), "");
  EXPECT_EQ(plain().value("SELECT string_agg(n::text, ',') FROM t.a"), "3,3");
  const std::string message = message_of(migrate(schema("t"), request(Direction::down, "001")));
  EXPECT_THAT(message,
              AllOf(HasSubstr("statement 1 (002_index.sql line 5): division by zero"),
                    HasSubstr("It may have committed a part of what it does."), HasSubstr("tenancy.resolve(")));
  EXPECT_EQ(plain().value("SELECT string_agg(n::text, ',') FROM t.a"), "7,7");
  EXPECT_EQ(states(), "001 applied,002 running");
}

TEST_F(DriverOutside, StaysInDoubtBehindWhatIsDone) {
  load_index("CREATE TABLE b (id int);\nCREATE UNIQUE INDEX CONCURRENTLY a_n ON a (n);\n");
  const Outcome outcome = migrate(schema("t"));
  EXPECT_THAT(message_of(outcome), AllOf(HasSubstr("The statements before it are done."),
                                         HasSubstr("tenancy.resolve('t', '002', 'applied')")));
  EXPECT_EQ(states(), "001 applied,002 running");
  EXPECT_THAT(message_of(migrate(schema("t"))), HasSubstr("was interrupted, and may be applied in part"));
}

TEST_F(DriverOutside, GoesOnWhereItWasInterrupted) {
  load_index("CREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE UNIQUE INDEX CONCURRENTLY a_n ON a (n);\n");
  EXPECT_THAT(message_of(migrate(schema("t"))), HasSubstr("it goes on where it was interrupted"));
  EXPECT_EQ(states(), "001 applied,002 running");
  EXPECT_EQ(indexes(), "a_id true");
  plain().exec("DELETE FROM t.a WHERE id = 2");
  ASSERT_EQ(message_of(migrate(schema("t"))), "");
  EXPECT_EQ(states(), "001 applied,002 applied");
  EXPECT_EQ(indexes(), "a_id true,a_n true");
}

TEST_F(DriverOutside, KeepsOutOfTheWayOfAnotherRunner) {
  load_index("CREATE INDEX CONCURRENTLY a_n ON a (n);\n");
  Connection other = cluster().connect(plain_name());
  other.exec("SELECT pg_advisory_lock(" + std::to_string(0x746e636f) + ", 't'::regnamespace::oid::int)");
  const Outcome outcome = migrate(schema("t"));
  EXPECT_EQ(outcome.failure.value().sqlstate, "55P03");
  EXPECT_EQ(states(), "001 applied");
}

TEST_F(DriverOutside, NeedsNoneOfThatInAnEmptySchema) {
  load({{"001_a.sql",
         "-- MIGRATION_TRANSACTION: off\nCREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n"
         "VACUUM a;\n"},
        {"002_b.sql", "SELECT 1 / 0;\n"}});
  EXPECT_THAT(message_of(migrate(schema("t"))), HasSubstr("division by zero"));
  EXPECT_EQ(plain().value("SELECT count(*) FROM pg_class WHERE relnamespace = 't'::regnamespace"), "0");
}

TEST_F(DriverOutside, RefusesWhatIsOutsideOfTheSchema) {
  plain().exec("CREATE TABLE public.shared (id int)");
  load_index("CREATE INDEX CONCURRENTLY stray ON shared (id);\n");
  EXPECT_THAT(
      message_of(migrate(schema("t"))),
      HasSubstr("statement 1 (002_index.sql line 2): the migration indexes table public.shared, outside schema"));
  EXPECT_EQ(states(), "001 applied");
}

}  // namespace
}  // namespace tenancy::test
