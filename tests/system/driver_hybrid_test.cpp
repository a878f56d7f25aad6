// Fleets that mix schemas, shared schemas and databases with and without the extension, on two clusters: one upgrade
// brings all of them to the same state, and either way of working on a target goes on where the other one has left off.
#include <gmock/gmock.h>

#include "tests/system/driver_fleet.h"
#include "tests/system/target_state.h"

namespace tenancy::test {
namespace {

using testing::HasSubstr;

constexpr int kDone = 0;
constexpr int kTargetsFailed = 1;
constexpr int kDatabases = 4;  ///< on each cluster

class DriverHybrid : public FleetTest {
 protected:
  DriverHybrid() {
    add_migrations({"001"});
    add_schemas(4);
    add_databases(kDatabases);
    register_other(other_cluster().conninfo());
    add_databases_on_other(kDatabases);
    Connection control = connect();
    control.exec("CREATE SCHEMA together");
    for (const std::string tenant : {"r1", "r2", "r3"}) {
      control.query("SELECT tenancy.register_tenant($1, 'together', isolation => 'rls')", {tenant});
    }
  }

  /// In every second database; or in those where it is not, and no longer in the others.
  void install_extension(bool in_even) {
    bool is_even = false;
    for (Connection& session : connect_to_databases()) {
      session.exec(is_even == in_even ? "CREATE EXTENSION tenancy" : "DROP EXTENSION IF EXISTS tenancy");
      is_even = !is_even;
    }
  }

  std::string migrate(const std::vector<std::string>& arguments, int expected = kDone) {
    DriverProcess driver = start(arguments);
    EXPECT_EQ(driver.wait(), expected) << driver.output() << driver.error();
    return driver.output();
  }

  /// The table that is made once in the shared schema; a database of one tenant has all scopes.
  void add_shared_migration(const std::string& version) {
    connect().query("SELECT tenancy.add_migration($1, $2, $3, 'shared by all', scope => 'public')",
                    {version, "CREATE TABLE plans (id int PRIMARY KEY)", "DROP TABLE plans"});
  }

  void expect_all_alike() {
    expect_fleet_is_complete();
    Connection control = connect();
    EXPECT_EQ(state_of(control, "together"), state_of(control, "reference"));
  }

  /// Every column of every tracking table but the times, as text.
  std::vector<std::string> tracked() {
    std::vector<std::string> tables;
    for (Connection& session : connect_to_databases()) {
      tables.push_back(*session.value(
          "SELECT string_agg((to_jsonb(m) - 'applied_at' - 'duration')::text, E'\\n' ORDER BY migration_set, version)"
          "  FROM public.schema_migrations m"));
    }
    return tables;
  }
};

TEST_F(DriverHybrid, ComesToOneStateByOneUpgrade) {
  install_extension(true);
  add_migrations({"002", "003"});
  add_shared_migration("004");
  EXPECT_THAT(migrate({"upgrade", "--json"}), HasSubstr("\"migrated\":14"));  // with the shared schema
  expect_all_alike();
  EXPECT_EQ(connect().value("SELECT to_regclass('public.plans') IS NOT NULL"), "t");
  EXPECT_THAT(tracked(), testing::Each(tracked().front()));
  // Where the extension is, it was called.
  std::vector<std::string> stored;
  for (Connection& session : connect_to_databases()) {
    if (session.value("SELECT to_regclass('tenancy.migrations')")) {
      stored.push_back(*session.value("SELECT count(*) FROM tenancy.migrations"));
    }
  }
  EXPECT_EQ(stored, std::vector<std::string>(kDatabases, "4"));
  EXPECT_THAT(migrate({"upgrade", "--json"}), HasSubstr("nothing_to_do"));
}

TEST_F(DriverHybrid, GoesOnWhenTheExtensionComesAndGoes) {
  install_extension(true);
  migrate({"upgrade"});
  install_extension(false);
  add_migrations({"002"});
  migrate({"upgrade"});
  expect_all_alike();
  migrate({"downgrade", "001"});
  install_extension(true);
  add_migrations({"003"});
  migrate({"upgrade"});
  expect_all_alike();
  EXPECT_THAT(tracked(), testing::Each(tracked().front()));
}

/// A superuser migrates what others own as these, in either way.
TEST_F(DriverHybrid, RunsAsTheOwnersOfDatabases) {
  for (Cluster* const one : {&cluster(), &other_cluster()}) {
    one->connect().exec("DROP ROLE IF EXISTS hybrid_owner; CREATE ROLE hybrid_owner");
  }
  install_extension(true);
  for (Connection& session : connect_to_databases()) {
    session.exec("DO $$BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO hybrid_owner', current_database()); END$$");
  }
  add_migrations({"002"});
  add_shared_migration("003");
  migrate({"upgrade"});
  EXPECT_THAT(tracked(), testing::Each(tracked().front()));
  EXPECT_THAT(tracked().front(), HasSubstr("hybrid_owner"));
  for (Connection& session : connect_to_databases()) {
    EXPECT_EQ(session.value("SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class"
                            " WHERE relnamespace = 'public'::regnamespace"),
              "hybrid_owner");
    session.exec(
        "DO $$BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO postgres', current_database()); END$$;"
        "REASSIGN OWNED BY hybrid_owner TO postgres");
  }
  for (Cluster* const one : {&cluster(), &other_cluster()}) one->connect().exec("DROP ROLE hybrid_owner");
}

TEST_F(DriverHybrid, HasTheSameFailureEverywhere) {
  install_extension(true);
  migrate({"upgrade"});
  for (Connection& session : connect_to_databases()) session.exec("CREATE TABLE public.t002 (id int)");
  connect().exec("CREATE TABLE t1.t002 (id int); CREATE TABLE together.t002 (id int)");
  add_migrations({"002"});
  const std::string output = migrate({"upgrade", "--verbose"}, kTargetsFailed);
  constexpr std::string_view kFailure = "migration 002: statement 1 (line 1): relation \"t002\" already exists";
  int failures = 0;
  for (std::size_t at = output.find(kFailure); at != std::string::npos; at = output.find(kFailure, at + 1)) ++failures;
  EXPECT_GE(failures, 2 * kDatabases + 2) << output;
  for (Connection& session : connect_to_databases()) session.exec("DROP TABLE public.t002");
  connect().exec("DROP TABLE t1.t002; DROP TABLE together.t002");
  migrate({"upgrade"});
  expect_all_alike();
}

}  // namespace
}  // namespace tenancy::test
