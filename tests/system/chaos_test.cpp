// A fleet whose rollouts are shot at: workers and leaders are terminated, killed and cancelled, and the server crashes,
// at random moments. In the end every tenant is what psql would have made of the same SQL, and the record of the runs
// holds each migration of each tenant exactly once.
#include <gmock/gmock.h>
#include <signal.h>

#include <random>

#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

constexpr int kTenants = 30;
constexpr int kShots = 14;

class Chaos : public testing::Test {
 protected:
  Chaos() : database_(cluster_.create_database()) {
    Connection session = connect();
    session.query("SELECT tenancy.load_directory($1)", {TENANCY_EXAMPLE_MIGRATIONS});
    session.exec(R"(
      SELECT tenancy.add_migration('100', 'CREATE INDEX CONCURRENTLY tasks_title ON tasks (lower(title))',
                                   'DROP INDEX CONCURRENTLY tasks_title', transactional => false);
      SELECT tenancy.add_migration('101', 'ALTER TABLE tasks ADD chaos int DEFAULT 1; SELECT pg_sleep(0.02)');
      DO $$ BEGIN
        FOR i IN 1 .. 30 LOOP
          EXECUTE format('CREATE SCHEMA t%s', i);
          PERFORM tenancy.register_tenant('t' || i);
        END LOOP;
      END $$;
    )");
  }

  Connection connect() { return cluster_.connect(database_); }

  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  void wait_for_server() {
    for (int attempt = 0; attempt < 300; ++attempt) {
      try {
        connect().exec("SELECT 1");
        return;
      } catch (const PgError&) {
        usleep(100'000);
      }
    }
    FAIL() << "the server did not come back: " << cluster_.log();
  }

  /// Does something bad to a run that `runner` leads.
  void shoot(Connection& runner) {
    Connection observer = connect();
    const Rows workers =
        observer.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'tenancy worker' ORDER BY random()");
    const pid_t worker = workers.empty() ? 0 : std::stoi(*workers.front().front());
    switch (below(5)) {
      case 0:
        if (worker != 0) kill(worker, SIGTERM);
        return;
      case 1:
        if (worker != 0) kill(worker, SIGKILL);
        return;
      case 2:
        kill(runner.backend_pid(), SIGTERM);
        return;
      case 3:
        runner.cancel();
        return;
      default:
        cluster_.restart(StopMode::immediate);
    }
  }

  /// The primary keys of all tracking tables, page by page.
  void expect_sound_keys() {
    Connection session = connect();
    session.exec("CREATE EXTENSION amcheck");
    EXPECT_NE(session.value(R"(
        SELECT count(bt_index_parent_check(i.indexrelid, true)) FILTER (WHERE i.indisprimary)
          FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname = 'schema_migrations')"),
              "0");
  }

  std::string reference_definition() {
    Connection session = connect();
    session.exec("CREATE SCHEMA reference; SET search_path = reference, public");
    for (const Row& row : session.query("SELECT up_sql FROM tenancy.migrations WHERE scope <> 'public'"
                                        " ORDER BY repeatable, tenancy.version_key(version) COLLATE \"C\"")) {
      session.exec(*row[0]);
    }
    return schema_definition(cluster_.conninfo(database_), "reference");
  }

  std::mt19937 random_{std::random_device{}()};
  Cluster cluster_;
  std::string database_;
};

TEST_F(Chaos, EveryTenantIsWhatPsqlMakes) {
  const unsigned seed = std::random_device{}();
  random_.seed(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int shot = 0; shot < kShots; ++shot) {
    Connection runner = connect();
    runner.start("CALL tenancy.rollout(concurrency => 3)");
    usleep(1000 * (5 + below(250)));
    shoot(runner);
    try {
      runner.finish();
    } catch (const PgError&) {
      // What the shot has hit.
    }
    wait_for_server();
  }
  connect().exec("CALL tenancy.rollout()");

  Connection session = connect();
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state <> 'current'"), "0");
  // The shots have hit.
  EXPECT_NE(session.value("SELECT count(*) FROM tenancy.runs WHERE finished_at IS NULL OR state = 'failed'"), "0");
  EXPECT_EQ(session.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
  // Recorded once each, in whatever run it was; and nothing that was not applied.
  EXPECT_EQ(session.query(R"(
      SELECT t.id, r.version, r.times
        FROM tenancy.tenants t
        FULL JOIN (SELECT tenant, version, count(*) AS times
                     FROM tenancy.run_targets, unnest(versions) AS version WHERE tenant IS NOT NULL GROUP BY 1, 2) r
          ON r.tenant = t.id
       WHERE r.times IS DISTINCT FROM 1)"),
            Rows{});
  EXPECT_EQ(session.query(R"(
      SELECT t.id, h.version
        FROM tenancy.tenants t, LATERAL tenancy.history(t.schema) h
       WHERE NOT EXISTS (SELECT FROM tenancy.run_targets r WHERE r.tenant = t.id AND h.version = ANY (r.versions)))"),
            Rows{});
  expect_sound_keys();
  const std::string reference = reference_definition();
  ASSERT_THAT(reference, testing::HasSubstr("tasks_title"));
  for (int i = 1; i <= kTenants; ++i) {
    const std::string tenant = "t" + std::to_string(i);
    EXPECT_EQ(schema_definition(cluster_.conninfo(database_), tenant), reference) << tenant;
  }
}

// Its primary key is made without waiting for the disk: the checkpoint that comes first must know of it.
TEST_F(Chaos, ATrackingTableIsThereAfterACrash) {
  Connection before = connect();
  before.exec("BEGIN");
  before.query("SELECT tenancy.start_tracking('t1')");
  connect().exec("CHECKPOINT");
  before.exec("COMMIT");
  connect().query("SELECT tenancy.start_tracking('t2')");
  cluster_.restart(StopMode::immediate);

  Connection session = connect();
  session.exec("SET enable_seqscan = off");
  for (const char* const schema : {"t1", "t2"}) {
    const std::string table = std::string(schema) + ".schema_migrations";
    session.exec("INSERT INTO " + table + " VALUES ('s', '1', '', '', 'applied', now(), current_user)");
    EXPECT_EQ(session.value("SELECT count(*) FROM " + table + " WHERE migration_set = 's' AND version = '1'"), "1");
  }
  expect_sound_keys();
}

}  // namespace
}  // namespace tenancy::test
