// Databases that cannot be reached, and what ends in the middle of one: each costs its own tenants only.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/system/databases.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const char* const kWorkers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'tenancy worker'";

/// Three databases, and a migration that waits in the second for a lock which the test holds.
class Gate {
 public:
  Gate(Cluster& cluster, std::string home) : cluster_(cluster), home_(std::move(home)), watcher_(cluster.connect()) {
    for (const char* name : {"one", "two", "three"}) watcher_.exec(std::string("CREATE DATABASE ") + name);
    connect().exec(R"(
      SELECT tenancy.register_tenant(d, isolation => 'database', database => d) FROM unnest('{one,two,three}'::text[]) d;
      SELECT tenancy.add_migration('1', $$
        CREATE TABLE items (id int);
        DO 'BEGIN IF current_database() = ''two'' THEN PERFORM pg_advisory_xact_lock(6); END IF; END';
      $$, 'DROP TABLE items');
      SELECT tenancy.add_migration('2', 'ALTER TABLE items ADD note text', 'ALTER TABLE items DROP note');
    )");
  }
  ~Gate() {
    for (const char* name : {"one", "two", "three"}) cluster_.drop_database(name);
  }

  [[nodiscard]] Connection connect() const { return cluster_.connect(home_); }
  [[nodiscard]] Connection& watcher() { return watcher_; }

  /// Starts `call` in a session of its own and returns when it waits in the second database.
  Connection start_and_wait(const std::string& call = "CALL tenancy.rollout()") {
    holder_.emplace(cluster_.connect("two"));
    holder_->exec("SELECT pg_advisory_lock(6)");
    Connection runner = connect();
    runner.exec("SET tenancy.lock_timeout = 0");
    runner.start(call);
    watcher_.wait_until(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 6 AND NOT granted)");
    return runner;
  }
  void open() { holder_.reset(); }
  void reconnect() { watcher_ = cluster_.connect(); }
  void wait_for_others() { connect().wait_until("SELECT count(*) = 2 FROM tenancy.status() WHERE state = 'current'"); }
  std::string worker() {
    return *watcher_.value(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'tenancy worker' AND datname = 'two'");
  }

  /// Every database has all of it or nothing.
  std::vector<std::string> migrated() {
    std::vector<std::string> names;
    for (const Row& row : connect().query("SELECT tenant, revision FROM tenancy.status() ORDER BY tenant")) {
      const Value columns = cluster_.connect(*row[0]).value(
          "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('items') AND attnum > 0");
      EXPECT_EQ(columns, row[1] == "2" ? "2" : "0") << *row[0];
      if (row[1] == "2") names.push_back(*row[0]);
    }
    return names;
  }
  void expect_next_run_finishes() {
    connect().exec("CALL tenancy.rollout()");
    EXPECT_THAT(migrated(), ElementsAre("one", "three", "two"));
  }

 private:
  Cluster& cluster_;
  std::string home_;
  Connection watcher_;
  std::optional<Connection> holder_;
};

/// The warnings of a rollout about its targets; it fails.
std::vector<Report> warnings_of(Connection& runner) {
  EXPECT_THROW(runner.finish(), PgError);
  std::vector<Report> warnings = runner.take_notices();
  std::erase_if(warnings, [](const Report& one) { return one.severity != "WARNING"; });
  return warnings;
}

class DatabaseInterruption : public DatabaseTest {
 protected:
  Gate gate_{cluster(), database()};
};

TEST_F(DatabaseInterruption, WorkerThatIsTerminatedCostsItsDatabaseOnly) {
  Connection runner = gate_.start_and_wait();
  gate_.watcher().query("SELECT pg_terminate_backend($1::int)", {gate_.worker()});
  const std::vector<Report> warnings = warnings_of(runner);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].sqlstate, "57P01");
  EXPECT_THAT(warnings[0].message, HasSubstr("tenant \"two\" (database \"two\", schema \"public\"): the worker that "
                                             "migrated it ended"));
  EXPECT_EQ(runner.query("SELECT tenant, state FROM tenancy.run_targets ORDER BY 1"),
            (Rows{{"one", "done"}, {"three", "done"}, {"two", "failed"}}));
  EXPECT_THAT(gate_.migrated(), ElementsAre("one", "three"));
  gate_.open();
  runner.exec("CALL tenancy.retry_failed(" + *runner.value("SELECT max(id) FROM tenancy.runs") + ")");
  EXPECT_THAT(gate_.migrated(), ElementsAre("one", "three", "two"));
}

TEST_F(DatabaseInterruption, StatementThatIsCancelledCostsItsDatabaseOnly) {
  Connection runner = gate_.start_and_wait("SELECT tenant, success, sqlstate FROM tenancy.migrate_all()");
  gate_.watcher().query("SELECT pg_cancel_backend($1::int)", {gate_.worker()});
  EXPECT_EQ(runner.finish(), (Rows{{"one", "t", std::nullopt}, {"three", "t", std::nullopt}, {"two", "f", "57014"}}));
  gate_.open();
  gate_.expect_next_run_finishes();
}

TEST_F(DatabaseInterruption, DropOfADatabaseCostsItOnly) {
  Connection runner = gate_.start_and_wait();
  gate_.watcher().exec("DROP DATABASE two WITH (FORCE)");
  const std::vector<Report> warnings = warnings_of(runner);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0].message, HasSubstr("tenant \"two\""));
  EXPECT_EQ(runner.query("SELECT tenant, state FROM tenancy.status()"),
            (Rows{{"one", "current"}, {"three", "current"}, {"two", "missing"}}));
}

TEST_F(DatabaseInterruption, CallerThatIsCancelledLeavesNoWorker) {
  for (const char* call : {"CALL tenancy.rollout()", "SELECT * FROM tenancy.migrate_all()"}) {
    Connection runner = gate_.start_and_wait(call);
    gate_.wait_for_others();
    runner.cancel();
    try {
      runner.finish();
      ADD_FAILURE() << call << " was not cancelled";
    } catch (const PgError& error) {
      EXPECT_EQ(error.sqlstate(), "57014");
    }
    EXPECT_EQ(gate_.watcher().value(kWorkers), "0");
    gate_.open();
    EXPECT_THAT(gate_.migrated(), ElementsAre("one", "three"));
    runner.exec("CALL tenancy.resume(" + *runner.value("SELECT max(id) FROM tenancy.runs") + ")");
    EXPECT_THAT(gate_.migrated(), ElementsAre("one", "three", "two"));
    runner.exec("CALL tenancy.downgrade_rollout('base')");
  }
}

TEST_F(DatabaseInterruption, WorkersOfACallerThatDiesEnd) {
  Connection runner = gate_.start_and_wait();
  gate_.watcher().query("SELECT pg_terminate_backend($1::int)", {std::to_string(runner.backend_pid())});
  EXPECT_THROW(runner.finish(), PgError);
  gate_.watcher().wait_until(std::string(kWorkers).replace(7, 8, "count(*) = 0"));
  gate_.open();
  gate_.expect_next_run_finishes();
}

TEST_F(DatabaseInterruption, StatusSaysWhenWorkersAreTerminatedAndGoesOn) {
  // A lock on the whole catalogue keeps a worker that looks from opening the schema.
  Connection holder = cluster().connect("two");
  holder.exec("BEGIN; LOCK pg_namespace IN ACCESS EXCLUSIVE MODE");
  Connection runner = gate_.connect();
  runner.start("SELECT tenant, state FROM tenancy.status()");
  gate_.watcher().wait_until(
      "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'tenancy worker' AND wait_event_type = "
      "'Lock')");
  gate_.watcher().query("SELECT pg_terminate_backend($1::int)", {gate_.worker()});
  EXPECT_EQ(runner.finish(), (Rows{{"one", "behind"}, {"three", "behind"}, {"two", "unreachable"}}));
}

TEST(DatabaseCrash, WorkerThatIsKilledLosesNothing) {
  Cluster cluster;
  Gate gate(cluster, cluster.create_database());
  Connection runner = gate.start_and_wait();
  gate.wait_for_others();
  kill(std::stoi(gate.worker()), SIGKILL);
  EXPECT_THROW(runner.finish(), PgError);
  gate.open();
  cluster.restart();
  gate.reconnect();
  EXPECT_THAT(gate.migrated(), testing::Not(testing::Contains("two")));
  Connection session = gate.connect();
  session.exec("CALL tenancy.resume(" + *session.value("SELECT max(id) FROM tenancy.runs") + ")");
  EXPECT_THAT(gate.migrated(), ElementsAre("one", "three", "two"));
}

class BrokenDatabases : public Databases {};

TEST_F(BrokenDatabases, EachSaysWhyAndTheOthersAreDone) {
  for (const char* name : {"fine", "closed", "crowded"}) make(name);
  Connection session = connect();
  session.exec("ALTER DATABASE closed ALLOW_CONNECTIONS false; ALTER DATABASE crowded CONNECTION LIMIT 0");
  session.exec("SELECT tenancy.add_migration('1', 'CREATE TABLE items (id int)')");
  add(session, {"fine", "closed", "crowded", "absent"});
  const char* const kAll = "SELECT tenant, success, sqlstate, error FROM tenancy.migrate_all()";
  EXPECT_EQ(session.query(kAll),
            (Rows{{"absent", "f", "3D000",
                   "tenant \"absent\" (database \"absent\", schema \"public\"): the database does not "
                   "exist"},
                  {"closed", "f", "55000",
                   "tenant \"closed\" (database \"closed\", schema \"public\"): database \"closed\" is "
                   "not currently accepting connections"},
                  // Connection limits do not count background workers.
                  {"crowded", "t", std::nullopt, std::nullopt},
                  {"fine", "t", std::nullopt, std::nullopt}}));
  EXPECT_EQ(session.query("SELECT tenant, state FROM tenancy.status()"),
            (Rows{{"absent", "missing"}, {"closed", "unreachable"}, {"crowded", "current"}, {"fine", "current"}}));
  session.exec("ALTER DATABASE closed ALLOW_CONNECTIONS true");
}

TEST_F(BrokenDatabases, OnlyWorkersReachThem) {
  make("fine");
  Connection session = connect();
  session.exec("SELECT tenancy.add_migration('1', 'CREATE TABLE items (id int)')");
  session.exec("SELECT tenancy.create_tenant('here', revision => 'base')");
  add(session, {"fine"});
  const Rows expected{
      {"here", "t", std::nullopt},
      {"fine", "f",
       "tenant \"fine\" (database \"fine\", schema \"public\"): only a background worker reaches another database"}};
  const char* const kAll = "SELECT tenant, success, error FROM tenancy.migrate_all()";
  session.exec("BEGIN");
  EXPECT_EQ(session.query(kAll), expected);
  // To look is safe there.
  EXPECT_EQ(session.query("SELECT tenant, state FROM tenancy.status()"),
            (Rows{{"here", "current"}, {"fine", "behind"}}));
  session.exec("ROLLBACK");
  session.exec("SET tenancy.concurrency = 0");
  EXPECT_EQ(session.query(kAll), expected);
  EXPECT_THAT(*session.value("SELECT detail FROM tenancy.status() WHERE state = 'elsewhere'"),
              HasSubstr("in database \"fine\": only a background worker reaches it"));
}

/// Which workers there are is up to max_worker_processes.
Connection few_workers(Cluster& cluster, int databases) {
  Connection session = cluster.connect(cluster.create_database());
  session.exec("SELECT tenancy.add_migration('1', 'CREATE TABLE items (id int)')");
  for (int i = 1; i <= databases; ++i) {
    session.exec("CREATE DATABASE d" + std::to_string(i));
    session.exec("SELECT tenancy.register_tenant('d" + std::to_string(i) + "', NULL, 'database', 'd" +
                 std::to_string(i) + "')");
  }
  session.exec("SET tenancy.max_attempts = 2");
  return session;
}

TEST(FewWorkers, NoneIsLeftForDatabases) {
  Cluster cluster{{"max_worker_processes", "1"}, {"max_logical_replication_workers", "0"}};
  Connection session = few_workers(cluster, 1);
  const Rows rows = session.query("SELECT sqlstate, attempts, error FROM tenancy.migrate_all()");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][0], "53000");
  EXPECT_EQ(rows[0][1], "2");
  EXPECT_THAT(*rows[0][2], HasSubstr("no background worker is free for its database"));
  // Nobody works now.
  EXPECT_EQ(session.value("SELECT state FROM tenancy.status()"), "behind");
}

TEST(FewWorkers, OneIsEnoughForManyDatabases) {
  Cluster cluster{{"max_worker_processes", "2"}, {"max_logical_replication_workers", "0"}};
  Connection session = few_workers(cluster, 5);
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.migrate_all() WHERE success AND attempts = 1"), "5");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current'"), "5");
}

TEST(FewWorkers, NoWorkerAtAll) {
  Cluster cluster{{"max_worker_processes", "0"}};
  Connection session = few_workers(cluster, 1);
  EXPECT_THAT(*session.value("SELECT error FROM tenancy.migrate_all()"),
              HasSubstr("only a background worker reaches another database"));
  EXPECT_EQ(session.query("SELECT state, detail FROM tenancy.status()"),
            (Rows{{"elsewhere", "in database \"d1\": no background worker is free for its database"}}));
  EXPECT_THROW(session.exec("CALL tenancy.create_tenant_database('d2')"), PgError);
  EXPECT_EQ(session.value("SELECT count(*) FROM pg_database WHERE datname = 'd2'"), "0");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.tenants"), "1");
}

/// Segments of dynamic shared memory, but for those of the server's statistics, which are larger; and contexts of ours.
std::pair<int, std::string> resources(Cluster& cluster, Connection& session) {
  int segments = 0;
  for (const auto& file : std::filesystem::directory_iterator(cluster.data() / "pg_dynshmem")) {
    segments += file.file_size() < 1024 * 1024 ? 1 : 0;
  }
  return {segments, *session.value("SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'tenancy%'")};
}

TEST(ManyDatabases, FourWorkersAtATimeAndNothingIsLeftBehind) {
  constexpr int kDatabases = 60;
  Cluster cluster{{"dynamic_shared_memory_type", "mmap"}};
  Connection session = few_workers(cluster, kDatabases);
  // Each migration counts the workers that there are.
  session.exec(
      "SELECT tenancy.add_migration('2', 'CREATE TABLE seen AS SELECT count(*) AS n FROM pg_stat_activity "
      "WHERE backend_type = ''tenancy worker''')");
  session.exec("SELECT * FROM tenancy.status()");
  const auto before = resources(cluster, session);
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.migrate_all(concurrency => 4) WHERE success"),
            std::to_string(kDatabases));
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current'"), std::to_string(kDatabases));
  EXPECT_EQ(resources(cluster, session), before);
  EXPECT_EQ(before.second, "0");
  int most = 0;
  for (int i = 1; i <= kDatabases; ++i) {
    most = std::max(most, std::stoi(*cluster.connect("d" + std::to_string(i)).value("SELECT n FROM seen")));
  }
  EXPECT_GT(most, 1);
  EXPECT_LE(most, 4);
}

}  // namespace
}  // namespace tenancy::test
