// Fleets that Alembic itself has migrated, taken over and brought to head.
#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;
using testing::Optional;

struct Step {
  const char* revision;
  const char* up;
};

constexpr std::array<Step, 4> kSteps{{
    {"0001", "CREATE TABLE users (id bigserial PRIMARY KEY, email text)"},
    {"0002", "CREATE TABLE notes (id bigserial PRIMARY KEY, author bigint REFERENCES users)"},
    {"0003", "CREATE INDEX notes_author_idx ON notes (author)"},
    {"0004", "ALTER TABLE users ADD COLUMN age int NOT NULL DEFAULT 0"},
}};

class AlembicProject {
 public:
  AlembicProject(const Cluster& cluster, const std::string& database)
      : folder_(cluster.data().parent_path() / "alembic"),
        environment_("PYTHONDONTWRITEBYTECODE=1 PGHOST=" + shell_word(cluster.sockets().string()) +
                     " PGUSER=postgres PGDATABASE=" + shell_word(database)) {
    std::filesystem::copy(TENANCY_ALEMBIC, folder_);
    std::filesystem::create_directory(folder_ / "versions");
    std::string before = "None";
    for (const Step& step : kSteps) {
      const std::string revision = "'" + std::string(step.revision) + "'";
      std::ofstream(folder_ / "versions" / (step.revision + std::string(".py")))
          << "from alembic import op\nrevision = " << revision << "\ndown_revision = " << before
          << "\ndef upgrade():\n    op.execute('" << step.up << "')\ndef downgrade():\n    pass\n";
      before = revision;
    }
  }

  void upgrade(const std::string& tenant, const std::string& revision) const {
    run_command(environment_ + " /usr/bin/alembic -c " + shell_word((folder_ / "alembic.ini").string()) +
                " -x tenant=" + shell_word(tenant) + " upgrade " + revision);
  }

 private:
  std::filesystem::path folder_;
  std::string environment_;
};

TEST(Adopt, BringsWhatAlembicHasMigratedToHead) {
  Cluster cluster;
  const std::string database = cluster.create_database();
  Connection session = cluster.connect(database);
  const AlembicProject project(cluster, database);
  for (const char* tenant : {"at_1", "at_2", "at_3", "at_4", "at_none", "reference"}) {
    session.exec("CREATE SCHEMA " + std::string(tenant));
  }
  for (int i = 1; i <= 4; ++i) project.upgrade("at_" + std::to_string(i), kSteps[i - 1].revision);
  project.upgrade("reference", "head");
  session.exec("SELECT count(*) FROM tenancy.discover('at\\_%')");
  for (std::size_t i = 0; i < 3; ++i) {
    session.query("SELECT tenancy.add_migration($1, $2)", {kSteps[i].revision, kSteps[i].up});
  }

  EXPECT_THAT(
      session.query("SELECT tenant, state, revision FROM tenancy.adopt('alembic', dry_run => false)"),
      ElementsAre(
          ElementsAre(Optional(std::string("at_1")), Optional(std::string("adopted")), Optional(std::string("0001"))),
          ElementsAre(Optional(std::string("at_2")), Optional(std::string("adopted")), Optional(std::string("0002"))),
          ElementsAre(Optional(std::string("at_3")), Optional(std::string("adopted")), Optional(std::string("0003"))),
          ElementsAre(Optional(std::string("at_4")), Optional(std::string("unknown")), Optional(std::string("base"))),
          ElementsAre(Optional(std::string("at_none")), Optional(std::string("empty")),
                      Optional(std::string("base")))));
  // What is not adopted is not migrated a second time.
  EXPECT_EQ(session.value("SELECT string_agg(tenant, ' ') FROM tenancy.migrate_all() WHERE NOT success"), "at_4");

  session.query("SELECT tenancy.add_migration($1, $2)", {kSteps[3].revision, kSteps[3].up});
  EXPECT_EQ(session.value("SELECT string_agg(tenant, ' ') FROM tenancy.adopt('alembic', dry_run => false)"
                          " WHERE state = 'adopted'"),
            "at_4");
  EXPECT_EQ(session.value("SELECT bool_and(success) FROM tenancy.migrate_all()"), "t");
  const std::string expected = schema_definition(cluster.conninfo(database), "reference");
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(schema_definition(cluster.conninfo(database), "at_" + std::to_string(i)), expected);
    // Alembic's own table is as Alembic left it.
    EXPECT_EQ(session.value("SELECT version_num FROM at_" + std::to_string(i) + ".alembic_version"),
              kSteps[i - 1].revision);
  }
}

TEST(Adopt, TakesALargeFleetInSeveralCalls) {
  Cluster cluster({{"max_connections", "10"}, {"max_locks_per_transaction", "10"}});
  Connection session = cluster.connect(cluster.create_database());
  session.exec("SET tenancy.tracking_table = 'tenancy_migrations'");
  session.exec("SELECT tenancy.add_migration('001', 'CREATE TABLE items (id int PRIMARY KEY)')");
  for (int i = 100; i < 300; ++i) {
    const std::string schema = "tenant_" + std::to_string(i);
    session.exec("CREATE SCHEMA " + schema + "; CREATE TABLE " + schema +
                 ".schema_migrations (version text); INSERT INTO " + schema + ".schema_migrations VALUES ('001')");
  }
  session.exec("SELECT count(*) FROM tenancy.discover('tenant\\_%')");
  const std::string adopt =
      "SELECT count(*) FILTER (WHERE state = 'adopted') > 0, count(*) FILTER (WHERE state = 'adoptable') > 0,"
      " bool_and(state IN ('adopted', 'adoptable', 'tracked')) FROM tenancy.adopt('rails', dry_run => false)";
  Rows result = session.query(adopt);
  EXPECT_THAT(result.front(),
              ElementsAre(Optional(std::string("t")), Optional(std::string("t")), Optional(std::string("t"))));
  for (int call = 0; call < 200 && result.front()[1] == "t"; ++call) result = session.query(adopt);
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.adopt('rails') WHERE state = 'tracked'"), "200");
  EXPECT_EQ(session.value("SELECT sum(steps) FROM tenancy.migrate_all()"), "0");
}

}  // namespace
}  // namespace tenancy::test
