// CALL tenancy.create_tenant_database(): all of it, or no trace.
#include <gmock/gmock.h>

#include "tests/system/databases.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TenantDatabase : public Databases {
 protected:
  TenantDatabase() : session_(connect()) {
    before_ = databases();
    session_.exec(R"(
      SELECT tenancy.add_migration('1', 'CREATE TABLE plans (id int PRIMARY KEY)', 'DROP TABLE plans', scope => 'public');
      SELECT tenancy.add_migration('2', 'CREATE TABLE users (id int PRIMARY KEY, plan int REFERENCES plans)',
                                   'DROP TABLE users');
    )");
  }
  ~TenantDatabase() override {
    for (const std::string& name : added()) cluster().connect().exec("DROP DATABASE " + quoted(name) + " WITH (FORCE)");
    if (has_role_) session_.exec("RESET ROLE; DROP OWNED BY tenant_maker; DROP ROLE tenant_maker");
  }

  static std::vector<std::string> databases() {
    return column(cluster().connect().query("SELECT datname FROM pg_database ORDER BY oid"));
  }
  /// The databases that are new.
  [[nodiscard]] std::vector<std::string> added() const {
    std::vector<std::string> names;
    for (const std::string& name : databases()) {
      if (std::find(before_.begin(), before_.end(), name) == before_.end()) names.push_back(name);
    }
    return names;
  }
  static std::string quoted(const std::string& name) {
    return *cluster().connect().value("SELECT quote_ident($1)", {name});
  }
  Rows tenants() {
    return session_.query(
        "SELECT id, t.database, t.schema, state FROM tenancy.tenants AS t JOIN "
        "tenancy.status() ON tenant = id ORDER BY id");
  }

  /// The error of a call, which leaves neither a database nor a tenant.
  Report failure_of(Connection& session, const std::string& call) {
    const std::vector<std::string> had = added();
    const Rows registered = tenants();
    Report report;
    try {
      session.exec(call);
      ADD_FAILURE() << call << " did not fail";
    } catch (const PgError& error) {
      report = error.report();
    }
    EXPECT_EQ(added(), had) << call;
    EXPECT_EQ(tenants(), registered) << call;
    return report;
  }

  /// A role that is no superuser, with the rights that a deploy role has.
  void make_role() {
    has_role_ = true;
    session_.exec(R"(
      CREATE ROLE tenant_maker LOGIN;
      GRANT USAGE ON SCHEMA tenancy TO tenant_maker;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy TO tenant_maker;
    )");
  }

  Connection session_;
  std::vector<std::string> before_;
  bool has_role_ = false;
};

TEST_F(TenantDatabase, IsMadeMigratedAndRegistered) {
  session_.exec("CALL tenancy.create_tenant_database('acme', tier => 'gold', labels => '{\"region\": \"eu\"}')");
  EXPECT_EQ(tenants(), (Rows{{"acme", "acme", "public", "current"}}));
  EXPECT_EQ(session_.query("SELECT isolation, tier, labels FROM tenancy.tenants"),
            (Rows{{"database", "gold", "{\"region\": \"eu\"}"}}));
  EXPECT_EQ(cluster().connect("acme").value("SELECT count(*) FROM users"), "0");
  session_.exec("CALL tenancy.create_tenant_database('globex', 'globex_db', revision => '1')");
  session_.exec("CALL tenancy.create_tenant_database('initech', revision => 'base')");
  EXPECT_EQ(
      session_.query("SELECT tenant, revision FROM tenancy.status() WHERE state = 'behind' AND tenant IS NOT NULL"),
      (Rows{{"globex", "1"}, {"initech", "base"}}));
}

TEST_F(TenantDatabase, OddNamesArePlainNames) {
  const std::string longest(63, 'x');
  for (const std::string& id : {std::string("Ünï-1; drop"), std::string("we\"ird ' \\ name"), longest}) {
    session_.exec("CALL tenancy.create_tenant_database(" + *session_.value("SELECT quote_literal($1)", {id}) + ")");
    EXPECT_EQ(session_.value("SELECT state FROM tenancy.status() WHERE tenant = $1", {id}), "current");
    EXPECT_EQ(added().back(), id);
  }
  const Report error = failure_of(session_, "CALL tenancy.create_tenant_database('" + longest + "x')");
  EXPECT_EQ(error.sqlstate, "42622");
  EXPECT_THAT(error.hint, HasSubstr("database => "));
  session_.exec("CALL tenancy.create_tenant_database('" + longest + "x', 'short')");
}

TEST_F(TenantDatabase, TemplateBringsWhatItHas) {
  session_.exec("CALL tenancy.create_tenant_database('pattern', revision => '1')");
  cluster().connect("pattern").exec("INSERT INTO plans VALUES (7)");
  session_.exec("CALL tenancy.create_tenant_database('copy', template => 'pattern')");
  EXPECT_EQ(cluster().connect("copy").value("SELECT id FROM plans"), "7");
  EXPECT_EQ(session_.value("SELECT versions FROM tenancy.run_targets WHERE tenant = 'copy'"), "{2}");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('none', template => 'absent')").sqlstate,
            "3D000");
}

TEST_F(TenantDatabase, TakenNamesAreRefused) {
  make("taken");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('taken')").sqlstate, "42P04");
  session_.exec("CALL tenancy.create_tenant_database('acme')");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('acme', 'other')").sqlstate, "23505");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('')").sqlstate, "22023");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database(NULL)").sqlstate, "22004");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('b', revision => 'nonsense')").sqlstate, "42704");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('b', migration_set => 'No Set')").sqlstate,
            "23514");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('b', owner_role => 'nobody_there')").sqlstate,
            "42704");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('b', revision => '+1')").sqlstate, "22023");
  session_.exec("BEGIN");
  EXPECT_THROW(session_.exec("CALL tenancy.create_tenant_database('b')"), PgError);
  session_.exec("ROLLBACK");
  EXPECT_THAT(added(), ElementsAre("taken", "acme"));
}

TEST_F(TenantDatabase, FailingMigrationLeavesNoTrace) {
  session_.exec("SELECT tenancy.add_migration('3', E'SELECT 1;\\nSELECT 1 / 0')");
  const Report error = failure_of(session_, "CALL tenancy.create_tenant_database('acme')");
  EXPECT_EQ(error.sqlstate, "22012");
  EXPECT_EQ(
      error.message,
      "tenant \"acme\" (database \"acme\", schema \"public\"): migration 3: statement 2 (line 2): division by zero");
  session_.exec("SELECT tenancy.drop_migration('3')");
  session_.exec(
      "SELECT tenancy.add_migration('3', 'CREATE UNIQUE INDEX CONCURRENTLY once ON nowhere (id)',"
      " transactional => false)");
  EXPECT_EQ(failure_of(session_, "CALL tenancy.create_tenant_database('acme')").sqlstate, "42P01");
  session_.exec("SELECT tenancy.drop_migration('3')");
  session_.exec("CALL tenancy.create_tenant_database('acme')");
  EXPECT_EQ(tenants(), (Rows{{"acme", "acme", "public", "current"}}));
}

TEST_F(TenantDatabase, TwoCallsForOneIdMakeOneTenant) {
  Connection gate = connect();
  // Both have made their database when they come to the register.
  gate.exec("BEGIN; LOCK tenancy.tenants IN SHARE MODE");
  Connection first = connect();
  Connection second = connect();
  first.start("CALL tenancy.create_tenant_database('acme', 'acme_1')");
  second.start("CALL tenancy.create_tenant_database('acme', 'acme_2')");
  Connection watcher = connect();
  watcher.wait_until("SELECT count(*) = 2 FROM pg_locks WHERE relation = 'tenancy.tenants'::regclass AND NOT granted");
  gate.exec("COMMIT");
  std::vector<std::string> failures;
  for (Connection* session : {&first, &second}) {
    try {
      session->finish();
    } catch (const PgError& error) {
      failures.push_back(error.sqlstate());
    }
  }
  EXPECT_THAT(failures, ElementsAre("23505"));
  ASSERT_EQ(added().size(), 1U);
  EXPECT_EQ(tenants(), (Rows{{"acme", added()[0], "public", "current"}}));
}

TEST_F(TenantDatabase, CallThatIsCancelledSaysWhatIsThere) {
  session_.exec("SELECT tenancy.add_migration('3', 'DO ''BEGIN PERFORM pg_sleep(600); END''')");
  Connection runner = connect();
  runner.start("CALL tenancy.create_tenant_database('acme')");
  session_.wait_until("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = 'acme')");
  runner.cancel();
  try {
    runner.finish();
    FAIL() << "it was not cancelled";
  } catch (const PgError& error) {
    EXPECT_EQ(error.sqlstate(), "57014");
    EXPECT_THAT(error.report().hint, HasSubstr("Database \"acme\" is made, and the tenant is registered"));
  }
  EXPECT_EQ(tenants(), (Rows{{"acme", "acme", "public", "behind"}}));
}

TEST_F(TenantDatabase, NeedsTheRightsToMakeAndToReachDatabases) {
  make_role();
  Connection maker(cluster().conninfo(database()) + " user=tenant_maker");
  const std::string call = "CALL tenancy.create_tenant_database('acme')";
  EXPECT_THAT(failure_of(maker, call).hint, HasSubstr("GRANT EXECUTE ON FUNCTION tenancy.reachable_databases()"));
  session_.exec("GRANT EXECUTE ON FUNCTION tenancy.reachable_databases() TO tenant_maker");
  EXPECT_EQ(failure_of(maker, call).message, "permission denied to create database");
  session_.exec("ALTER ROLE tenant_maker CREATEDB");
  maker.exec(call);
  EXPECT_EQ(tenants(), (Rows{{"acme", "acme", "public", "current"}}));
  EXPECT_EQ(cluster().connect("acme").value("SELECT string_agg(DISTINCT tableowner::text, ' ') FROM pg_tables WHERE "
                                            "schemaname = 'public'"),
            "tenant_maker");
}

TEST_F(TenantDatabase, OwnerRunsItsMigrations) {
  make_role();
  session_.exec("CALL tenancy.create_tenant_database('acme', owner_role => 'tenant_maker')");
  Connection there = cluster().connect("acme");
  EXPECT_EQ(there.value("SELECT string_agg(DISTINCT tableowner::text, ' ') FROM pg_tables WHERE schemaname = 'public'"),
            "tenant_maker");
  EXPECT_EQ(there.value("SELECT datdba::regrole FROM pg_database WHERE datname = 'acme'"), "tenant_maker");
  session_.exec("CALL tenancy.create_tenant_database('globex', owner_role => 'tenant_maker', run_as => 'caller')");
  EXPECT_EQ(cluster().connect("globex").value("SELECT tableowner FROM pg_tables WHERE tablename = 'users'"),
            "postgres");
}

}  // namespace
}  // namespace tenancy::test
