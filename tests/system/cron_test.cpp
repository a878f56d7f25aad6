// The fleet migrated by pg_cron, in each of its two ways to run a job.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;

bool is_installed(const std::string& extension) {
  std::string folder = run_program("pg_config", "--sharedir");
  folder.resize(folder.find_last_not_of('\n') + 1);
  return std::filesystem::exists(std::filesystem::path(folder) / "extension" / (extension + ".control"));
}

/// A fleet that a role without superuser's rights migrates. The parameter is cron.use_background_workers: off is a
/// session of pg_cron's own, by cron.host.
class Cron : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!is_installed("pg_cron")) GTEST_SKIP() << "this PostgreSQL has no pg_cron";
    cluster_.emplace(std::initializer_list<Setting>{{"shared_preload_libraries", "pg_cron"},
                                                    {"cron.use_background_workers", GetParam()}});
    database_ = cluster_->create_database();
    // A job keeps the host that is set when it is scheduled.
    cluster_->set("cron.host", *cluster_->connect().value("SHOW unix_socket_directories"));
    cluster_->restart();
    cluster_->connect().exec("CREATE EXTENSION pg_cron; CREATE ROLE deploy LOGIN; GRANT CREATE ON DATABASE " +
                             database_ + " TO deploy");
    connect().exec(
        "GRANT USAGE ON SCHEMA tenancy TO deploy;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy TO deploy");
    as_deploy(R"(
      SELECT tenancy.add_migration('001', 'CREATE TABLE items (n int)');
      SELECT tenancy.create_tenant(format('t%s', i), revision => 'base') FROM generate_series(1, 3) i;
    )");
  }

  Connection connect() { return cluster_->connect(database_); }
  void as_deploy(const std::string& sql) { connect().exec("SET ROLE deploy;" + sql); }

  /// Schedules a command for the next start of the server, which follows; how the run ended: status and message.
  Row run_by_cron(const std::string& command) {
    {
      Connection session = cluster_->connect();
      session.query("SELECT cron.schedule_in_database('migrate', '@reboot', $1, $2, 'deploy')", {command, database_});
      session.exec("TRUNCATE cron.job_run_details");
    }
    cluster_->restart();
    Connection session = cluster_->connect();
    session.wait_until("SELECT count(*) = 1 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')");
    return session.query("SELECT status, return_message FROM cron.job_run_details").front();
  }

  std::string behind() {
    return connect()
        .value("SELECT coalesce(string_agg(tenant, ' '), '') FROM tenancy.status() WHERE state <> 'current'")
        .value();
  }

  std::optional<Cluster> cluster_;
  std::string database_;
};

TEST_P(Cron, BringsNewTenantsUpToDate) {
  ASSERT_EQ(behind(), "t1 t2 t3");
  EXPECT_THAT(run_by_cron("SELECT tenancy.migrate_all()"), ElementsAre("succeeded", _));
  EXPECT_EQ(behind(), "");
  as_deploy("SELECT tenancy.create_tenant('t4', revision => 'base')");
  ASSERT_EQ(behind(), "t4");
  EXPECT_THAT(run_by_cron("CALL tenancy.rollout()"), ElementsAre("succeeded", _));
  EXPECT_EQ(behind(), "");
}

TEST_P(Cron, FailingTenantFailsTheJobOfARollout) {
  ASSERT_THAT(run_by_cron("CALL tenancy.rollout()"), ElementsAre("succeeded", _));
  as_deploy(R"(
    INSERT INTO t2.items VALUES (1), (1);
    SELECT tenancy.add_migration('002', 'ALTER TABLE items ADD CONSTRAINT n_once UNIQUE (n)');
  )");
  EXPECT_THAT(run_by_cron("CALL tenancy.rollout()"),
              ElementsAre("failed", testing::Optional(HasSubstr("1 of 3 targets failed"))));
  EXPECT_EQ(behind(), "t2");
  EXPECT_THAT(cluster_->log(), HasSubstr("tenant \"t2\": migration 002: statement 1 (line 1): could not create unique "
                                         "index \"n_once\""));
  as_deploy("SELECT tenancy.run_in_schema('t2', 'DELETE FROM items')");
  EXPECT_THAT(run_by_cron("CALL tenancy.rollout()"), ElementsAre("succeeded", _));
  EXPECT_EQ(behind(), "");
}

INSTANTIATE_TEST_SUITE_P(BackgroundWorkers, Cron, testing::Values("off", "on"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tenancy::test
