// Who may migrate other databases, whom migrations run as there, and what a hostile owner gets out of it.
#include <gmock/gmock.h>

#include "tests/system/databases.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;

/// A deploy role that is no superuser, and a database of its own.
class DeployRole : public Databases {
 protected:
  DeployRole() : session_(connect()) {
    session_.exec(R"(
      CREATE ROLE deploy LOGIN;
      CREATE ROLE tenant_owner;
      GRANT USAGE ON SCHEMA tenancy TO deploy;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy TO deploy;
      SELECT tenancy.add_migration('1', 'CREATE TABLE items (id int)', 'DROP TABLE items');
    )");
    make("owned", "OWNER deploy");
    add(session_, {"owned"});
  }
  ~DeployRole() override {
    for (const char* name : {"owned", "other"}) cluster().drop_database(name);
    session_.exec("DROP OWNED BY deploy, tenant_owner; DROP ROLE deploy, tenant_owner");
  }

  [[nodiscard]] Connection connect_as_deploy() const {
    return Connection(cluster().conninfo(database()) + " user=deploy");
  }
  void let_deploy_reach() { session_.exec("GRANT EXECUTE ON FUNCTION tenancy.reachable_databases() TO deploy"); }
  /// The owner of the table that a migration made.
  static Value owner_in(const std::string& name) {
    return cluster().connect(name).value("SELECT tableowner FROM pg_tables WHERE tablename = 'items'");
  }

  Connection session_;
};

const char* const kAll = "SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all()";
const char* const kStatus = "SELECT tenant, state, detail FROM tenancy.status()";

TEST_F(DeployRole, NeedsTheRightToReachDatabases) {
  Connection deploy = connect_as_deploy();
  for (const char* call : {"SELECT tenancy.migrate_all()", "CALL tenancy.rollout()",
                           "SELECT tenancy.downgrade_all('base')", "CALL tenancy.migrate_targets('{owned}')"}) {
    try {
      deploy.exec(call);
      ADD_FAILURE() << call << " was not refused";
    } catch (const PgError& error) {
      EXPECT_EQ(error.sqlstate(), "42501");
      EXPECT_EQ(error.report().message, "permission denied to migrate other databases of the cluster");
      EXPECT_THAT(error.report().hint, HasSubstr("GRANT EXECUTE ON FUNCTION tenancy.reachable_databases()"));
    }
  }
  EXPECT_EQ(deploy.query(kStatus), (Rows{{"owned", "elsewhere",
                                          "in database \"owned\": this role may not call "
                                          "tenancy.reachable_databases()"}}));
  let_deploy_reach();
  EXPECT_EQ(deploy.query(kAll), (Rows{{"owned", "t", std::nullopt, std::nullopt}}));
  EXPECT_EQ(deploy.query(kStatus), (Rows{{"owned", "current", std::nullopt}}));
  EXPECT_EQ(owner_in("owned"), "deploy");
}

TEST_F(DeployRole, RightsInTheDatabaseAreItsOwn) {
  make("other");
  add(session_, {"other"});
  let_deploy_reach();
  Connection deploy = connect_as_deploy();
  const auto other = [&](const std::string& sqlstate, const std::string& message) {
    for (const Row& row : deploy.query(kAll)) {
      EXPECT_EQ(row[1], row[0] == "owned" ? "t" : "f");
      if (row[0] == "owned") continue;
      EXPECT_EQ(row[2], sqlstate);
      EXPECT_THAT(*row[3], HasSubstr(message));
    }
  };
  const std::string state = "SELECT state FROM tenancy.status() WHERE tenant = 'other'";
  other("42501", "permission denied for schema public");
  EXPECT_EQ(deploy.value(state), "behind");
  session_.exec("REVOKE CONNECT ON DATABASE other FROM PUBLIC");
  other("42501", "permission denied for database \"other\"");
  EXPECT_EQ(deploy.value(state), "unreachable");
  session_.exec("GRANT CONNECT ON DATABASE other TO deploy");
  cluster().connect("other").exec("GRANT CREATE ON SCHEMA public TO deploy");
  EXPECT_EQ(deploy.value("SELECT count(*) FROM tenancy.migrate_all() WHERE success"), "2");
}

TEST_F(DeployRole, RunsAsTheOwnerWhenAMemberAsksForIt) {
  session_.exec("GRANT tenant_owner TO deploy");
  make("other", "OWNER tenant_owner");
  add(session_, {"other"});
  let_deploy_reach();
  EXPECT_EQ(connect_as_deploy().value("SELECT count(*) FROM tenancy.migrate_all(run_as => 'owner') WHERE success"),
            "2");
  EXPECT_EQ(owner_in("other"), "tenant_owner");
  EXPECT_EQ(owner_in("owned"), "deploy");
}

TEST_F(DeployRole, SessionThatHasBecomeTheRoleHasItsRights) {
  make("other");
  add(session_, {"other"});
  let_deploy_reach();
  Connection session = connect();
  session.exec("SET ROLE deploy");
  EXPECT_EQ(session.query("SELECT tenant, success FROM tenancy.migrate_all()"), (Rows{{"other", "f"}, {"owned", "t"}}));
  EXPECT_EQ(owner_in("owned"), "deploy");
}

TEST_F(DeployRole, SettingsOfTheSessionGoAlongAndThoseOfTheDatabaseDoNotMatter) {
  session_.exec(
      "ALTER DATABASE owned SET tenancy.tracking_table = 'other_table'; ALTER DATABASE owned SET work_mem = '9MB'");
  session_.exec("ALTER DATABASE owned SET search_path = nowhere");
  session_.exec(
      "SELECT tenancy.add_migration('2', 'CREATE TABLE seen AS SELECT current_setting(''work_mem'') AS mem')");
  session_.exec("SET work_mem = '5MB'");
  EXPECT_EQ(session_.query(kAll), (Rows{{"owned", "t", std::nullopt, std::nullopt}}));
  Connection there = cluster().connect("owned");
  EXPECT_EQ(there.value("SELECT mem FROM public.seen"), "5MB");
  EXPECT_EQ(there.value("SELECT count(*) FROM public.schema_migrations"), "2");
}

/// A superuser migrates a database whose owner has planted what could take the superuser's rights.
class HostileOwner : public Databases {
 protected:
  HostileOwner() : session_(connect()) {
    session_.exec("CREATE ROLE evil");
    make("trap", "OWNER evil");
    add(session_, {"trap"});
    session_.exec("SELECT tenancy.add_migration('1', 'CREATE TABLE names (name varchar)')");
    session_.exec("SELECT * FROM tenancy.migrate_all()");
    Connection trap = cluster().connect("trap");
    trap.exec(R"(
      SET ROLE evil;
      CREATE TABLE loot (what text, as_whom text);
      CREATE FUNCTION take(what text) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO public.loot VALUES (what, current_user);
        EXECUTE 'ALTER ROLE evil SUPERUSER';
      EXCEPTION WHEN insufficient_privilege THEN
        INSERT INTO public.loot VALUES (what || ' refused', current_user);
      END
      $$;
      CREATE FUNCTION length(varchar) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN PERFORM public.take('function'); RETURN 1; END
      $$;
      CREATE FUNCTION never_equal(varchar, varchar) RETURNS bool LANGUAGE plpgsql AS $$
      BEGIN PERFORM public.take('operator'); RETURN false; END
      $$;
      CREATE OPERATOR = (leftarg = varchar, rightarg = varchar, function = never_equal);
      CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM public.take(TG_NAME); RETURN NEW; END
      $$;
      CREATE TRIGGER on_tracking BEFORE INSERT OR DELETE ON schema_migrations FOR EACH ROW EXECUTE FUNCTION on_row();
      CREATE TRIGGER on_names AFTER INSERT ON names FOR EACH ROW EXECUTE FUNCTION on_row();
      CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON names DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION on_row();
      RESET ROLE;
    )");
  }
  ~HostileOwner() override {
    cluster().drop_database("trap");
    session_.exec("DROP ROLE evil");
  }

  Rows loot() { return cluster().connect("trap").query("SELECT DISTINCT what, as_whom FROM loot ORDER BY 1"); }

  Connection session_;
};

TEST_F(HostileOwner, GetsNothingOutOfAMigration) {
  session_.exec(
      "SELECT tenancy.add_migration('2', 'INSERT INTO names VALUES (''x''); "
      "CREATE TABLE copied AS SELECT length(name) AS n, name = name AS same FROM names')");
  EXPECT_EQ(session_.query("SELECT success, error FROM tenancy.migrate_all()"), (Rows{{"t", std::nullopt}}));
  EXPECT_EQ(loot(), (Rows{{"deferred refused", "evil"},
                          {"function refused", "evil"},
                          {"on_names refused", "evil"},
                          {"operator refused", "evil"}}));
  EXPECT_EQ(session_.value("SELECT rolsuper FROM pg_roles WHERE rolname = 'evil'"), "f");
}

TEST_F(HostileOwner, GetsNothingOutOfANonTransactionalOne) {
  cluster().connect("trap").exec(
      "SET ROLE evil; DROP TRIGGER on_names ON names; DROP TRIGGER deferred ON names;"
      "INSERT INTO names VALUES ('x')");
  session_.exec(
      "SELECT tenancy.add_migration('2', 'CREATE INDEX CONCURRENTLY ON names (length(name))',"
      " transactional => false)");
  session_.exec("CALL tenancy.rollout()");
  // Whatever it could do there is undone, or was done as its own.
  for (const Row& row : loot()) EXPECT_EQ(row[1], "evil") << *row[0];
  EXPECT_EQ(session_.value("SELECT rolsuper FROM pg_roles WHERE rolname = 'evil'"), "f");
  EXPECT_EQ(cluster().connect("trap").value("SELECT count(*) FROM pg_index WHERE indrelid = 'names'::regclass"), "1");
}

TEST_F(HostileOwner, CannotBecomeAnotherRole) {
  for (const char* sql : {"RESET ROLE; CREATE ROLE mine SUPERUSER", "SET ROLE postgres",
                          "SET SESSION AUTHORIZATION DEFAULT", "ALTER ROLE evil SUPERUSER"}) {
    session_.query("SELECT tenancy.add_migration('2', $1)", {sql});
    EXPECT_EQ(session_.query("SELECT success, sqlstate FROM tenancy.migrate_all()"), (Rows{{"f", "42501"}})) << sql;
    session_.exec("SELECT tenancy.drop_migration('2')");
  }
  EXPECT_EQ(session_.value("SELECT count(*) FROM pg_roles WHERE rolname = 'mine'"), "0");
}

TEST_F(HostileOwner, StatusRunsNothingOfItsOwn) {
  EXPECT_EQ(session_.value("SELECT state FROM tenancy.status()"), "current");
  EXPECT_EQ(loot(), Rows{});
}

}  // namespace
}  // namespace tenancy::test
