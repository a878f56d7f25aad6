// One target by plain SQL, with an error of the server at each statement, one after the other: the target and the
// session stay as they were, the failure is told, and a second run finishes.
#include <gmock/gmock.h>

#include <functional>

#include "tests/system/driver_plain.h"
#include "tests/system/target_state.h"

namespace tenancy::test {
namespace {

using core::Direction;
using driver::BatchResult;
using driver::PlainBatch;
using driver::PlainTarget;
using driver::Statement;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kSession =
    "SELECT jsonb_build_object('settings', (SELECT jsonb_object_agg(name, setting) FROM pg_settings"
    " WHERE name <> 'transaction_isolation'), 'role', current_user, 'prepared', (SELECT count(*) FROM"
    " pg_prepared_statements), 'locks', (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    " AND pid = pg_backend_pid()))::text";

class DriverStepErrors : public PlainTest {
 protected:
  DriverStepErrors() {
    load(
        {{"001_a.sql",
          "-- UPGRADE\nCREATE TABLE applied (version text);\nCREATE TABLE a (id int PRIMARY KEY);\n"
          "INSERT INTO applied VALUES ('001');\n"},
         {"002_b.sql",
          "-- UPGRADE\nSET work_mem = '1MB';\nCREATE TABLE b (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n"
          "INSERT INTO applied VALUES ('002');\n-- DOWNGRADE\nDROP TABLE b;\nDELETE FROM applied WHERE version = '002';"
          "\n"}});
    control().exec("SELECT tenancy.create_tenant('reference')");
  }

  static Statement failing_with(const std::string& sqlstate) {
    return {"DO $$BEGIN RAISE EXCEPTION 'no further' USING ERRCODE = '" + sqlstate + "'; END$$"};
  }

  /// Sends the first statements alone, and one that fails behind them.
  BatchResult send_beginning(driver::Connection& session, const PlainBatch& batch, std::size_t size,
                             const std::string& sqlstate) {
    std::vector<Statement> statements(batch.statements().begin(),
                                      batch.statements().begin() + static_cast<std::ptrdiff_t>(size));
    statements.push_back(failing_with(sqlstate));
    return loop().run(session.batch(statements, soon()));
  }

  enum class End {
    failed,
    passed_by,  ///< a statement before it failed by itself, for want of a tracking table; or it cannot fail
    too_short,  ///< there is none of that number
  };

  /// Goes through with it; the statement of that number fails, counted over all that is sent.
  End run(PlainTarget& part, driver::Connection& session, std::size_t failing, const std::string& sqlstate) {
    std::size_t sent = 0;
    End end = End::too_short;
    while (!part.next().is_empty()) {
      const std::size_t size = part.next().statements().size();
      const bool is_here = failing >= sent && failing < sent + size;
      const bool cannot_fail = is_here && part.next().statements()[failing - sent].sql == "ROLLBACK";
      if (cannot_fail) end = End::passed_by;
      if (!is_here || cannot_fail) {
        part.take(loop().run(session.batch(part.next().statements(), soon())));
      } else {
        const BatchResult reply = send_beginning(session, part.next(), failing - sent, sqlstate);
        end = reply.results.size() == failing - sent ? End::failed : End::passed_by;
        part.take(reply);
      }
      sent += size;
    }
    return end;
  }

  std::string value(driver::Connection& session, const char* sql) {
    return std::string(loop().run(session.query(sql, {}, soon())).text(0, 0));
  }

  /// `begin` leads to where the target was before.
  void fail_at_each(const std::function<void()>& begin, const driver::Request& request, const std::string& sqlstate) {
    driver::Connection session = open();
    loop().run(session.execute("DO $$BEGIN END$$"));  // PL/pgSQL brings settings of its own
    const std::string session_before = value(session, kSession);
    const driver::Target target = schema("t");
    End end = End::passed_by;
    for (std::size_t failing = 0; end != End::too_short && !HasFailure(); ++failing) {
      SCOPED_TRACE(failing);
      if (end == End::passed_by) begin();
      const std::string target_before = state();
      PlainTarget part(store(), request, target, session);
      end = run(part, session, failing, sqlstate);
      EXPECT_FALSE(session.in_transaction());
      EXPECT_EQ(value(session, kSession), session_before);
      if (end != End::failed) continue;
      EXPECT_EQ(part.failure().value_or(driver::ServerReport{}).sqlstate, sqlstate);
      EXPECT_THAT(part.failure().value_or(driver::ServerReport{}).message,
                  AllOf(StartsWith("schema \"t\": "), HasSubstr("no further")));
      EXPECT_EQ(part.was_cancelled(), sqlstate == "57014");
      EXPECT_EQ(state(), target_before);
    }
  }

  std::string state() {
    const bool is_made = plain().value("SELECT to_regclass('t.applied') IS NOT NULL") == "t";
    if (is_made) return state_of(plain(), "t");
    return plain().value("SELECT count(*) FROM pg_class WHERE relnamespace = 't'::regnamespace").value();
  }

  void expect_migrated() { EXPECT_EQ(state_of(plain(), "t"), state_of(control(), "reference")); }
};

TEST_F(DriverStepErrors, OfANewTarget) {
  for (const std::string sqlstate : {"22012", "55P03", "57014"}) {
    fail_at_each([this] { plain().exec("DROP SCHEMA IF EXISTS t CASCADE; CREATE SCHEMA t"); },
                 request(Direction::up, "head"), sqlstate);
    expect_migrated();
  }
}

TEST_F(DriverStepErrors, OfATargetThatIsTracked) {
  plain().exec("CREATE SCHEMA t");
  const auto begin = [this] { ASSERT_FALSE(migrate(schema("t"), request(Direction::up, "001")).failure); };
  fail_at_each(begin, request(Direction::up, "head"), "40P01");
  expect_migrated();
  fail_at_each([] {}, request(Direction::down, "-1"), "22012");
  ASSERT_FALSE(migrate(schema("t")).failure);
  expect_migrated();
}

/// A role that is not the caller's must be given back too.
TEST_F(DriverStepErrors, OfATargetOfAnotherOwner) {
  control().exec("DROP ROLE IF EXISTS step_owner; CREATE ROLE step_owner");
  fail_at_each([this] { plain().exec("DROP SCHEMA IF EXISTS t CASCADE; CREATE SCHEMA t AUTHORIZATION step_owner"); },
               request(Direction::up, "head"), "22012");
  EXPECT_EQ(plain().value("SELECT string_agg(version, ' ' ORDER BY version) FROM t.applied"), "001 002");
  plain().exec("DROP SCHEMA t CASCADE");
  control().exec("DROP ROLE step_owner");
}

}  // namespace
}  // namespace tenancy::test
