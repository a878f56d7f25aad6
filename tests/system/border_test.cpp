// The border between C++ and PostgreSQL: errors leave a session as good as it was.
#include <gmock/gmock.h>

#include "tests/system/cluster.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Border : public DatabaseTest {
 protected:
  Border() : session_(connect()) {
    session_.exec(R"(
      SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int PRIMARY KEY, n int)', 'DROP TABLE items');
      SELECT tenancy.create_tenant(format('t%s', lpad(i::text, 2, '0'))) FROM generate_series(1, 10) i;
      INSERT INTO t07.items VALUES (1, 1), (2, 1);
      SELECT tenancy.add_migration('002', 'ALTER TABLE items ADD CONSTRAINT n_once UNIQUE (n)',
                                   'ALTER TABLE items DROP CONSTRAINT n_once');
    )");
    (void)session_.take_notices();
  }

  std::string memory() { return *session_.value("SELECT sum(total_bytes) FROM pg_backend_memory_contexts"); }

  Connection session_;
};

TEST_F(Border, FailingTenantLeavesTheOthersAndTheSession) {
  for (int round = 0; round < 3; ++round) {
    const Rows rows = session_.query("SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all('002')");
    ASSERT_EQ(rows.size(), 10U);
    for (const Row& row : rows) EXPECT_EQ(row[1], row[0] == "t07" ? "f" : "t") << *row[0];
    EXPECT_EQ(rows[6][2], "23505");
    EXPECT_THAT(*rows[6][3],
                HasSubstr("tenant \"t07\": migration 002: statement 1 (line 1): could not create unique index"));
    session_.exec("SELECT * FROM tenancy.downgrade_all('001')");
  }
  // A leaked reference to a relation, a snapshot or a buffer would be a warning at the end of the transaction.
  for (const Report& notice : session_.take_notices()) {
    EXPECT_THAT(notice.message, testing::MatchesRegex("1 of 10 targets failed")) << notice.message;
  }
}

TEST_F(Border, AllOfAnErrorReachesTheClient) {
  session_.exec(R"(SELECT tenancy.add_migration('003', $$
    DO 'BEGIN
      RAISE EXCEPTION ''no luck'' USING ERRCODE = ''TN042'', DETAIL = ''the detail'', HINT = ''the hint'';
    END';
  $$))");
  try {
    session_.exec("SELECT tenancy.migrate_schema('t01')");
    FAIL() << "no error";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "TN042");
    EXPECT_EQ(error.report().message, "tenant \"t01\": migration 003: statement 1 (line 2): no luck");
    EXPECT_EQ(error.report().detail, "the detail");
    EXPECT_EQ(error.report().hint, "the hint");
    EXPECT_THAT(error.report().context, HasSubstr("PL/pgSQL function inline_code_block line 2 at RAISE"));
  }
}

TEST_F(Border, ErrorsDoNotGrowTheBackend) {
  const auto fail = [&] {
    for (int i = 0; i < 200; ++i) {
      EXPECT_THROW(session_.exec("SELECT tenancy.migrate_schema('t07')"), PgError);
      EXPECT_THROW(session_.exec("SELECT tenancy.migrate_schema('nowhere')"), PgError);
      EXPECT_THROW(session_.exec("SELECT tenancy.load_migration('9.sql', '-- MIGRATION_NONSENSE: 1')"), PgError);
      EXPECT_THROW(session_.exec("SELECT tenancy.add_migration('9', 'SELEC 1')"), PgError);
    }
  };
  fail();
  const std::string before = memory();
  fail();
  EXPECT_LE(std::stol(memory()), std::stol(before) + 64 * 1024);
}

TEST_F(Border, ErrorInsideAnExceptionBlockIsCaughtThere) {
  session_.exec(R"(
    DO $$
    DECLARE
      state text;
    BEGIN
      FOR i IN 1 .. 20 LOOP
        BEGIN
          PERFORM tenancy.migrate_schema('t07');
        EXCEPTION WHEN unique_violation THEN
          GET STACKED DIAGNOSTICS state = CONSTRAINT_NAME;
          ASSERT state = 'n_once', state;
        END;
        PERFORM tenancy.migrate_schema('t01');
      END LOOP;
    END
    $$)");
  EXPECT_EQ(session_.value("SELECT revision FROM tenancy.status() WHERE tenant = 't01'"), "002");
  EXPECT_EQ(session_.value("SELECT revision FROM tenancy.status() WHERE tenant = 't07'"), "001");
  EXPECT_THAT(session_.take_notices(), IsEmpty());
}

}  // namespace
}  // namespace tenancy::test
