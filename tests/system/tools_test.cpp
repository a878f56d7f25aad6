// Fleets that real tools have migrated, taken over, brought to head, and used with both from then on.
#include <gmock/gmock.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

struct Tool {
  const char* name;
  const char* program;
  const char* arguments = "";  ///< of tenancy.adopt() and sync()
  bool has_long_versions = false;
  bool is_of_npm = false;
  bool takes_back = true;
  int tenants = 50;
};

std::ostream& operator<<(std::ostream& out, const Tool& tool) { return out << tool.name; }

struct Step {
  const char* up;
  const char* down;
};

constexpr std::array<Step, 4> kSteps{{
    {"CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL)", "DROP TABLE users"},
    {"CREATE TABLE notes (id bigserial PRIMARY KEY, author bigint REFERENCES users)", "DROP TABLE notes"},
    {"CREATE INDEX notes_author_idx ON notes (author)", "DROP INDEX notes_author_idx"},
    {"ALTER TABLE users ADD COLUMN age int NOT NULL DEFAULT 0", "ALTER TABLE users DROP COLUMN age"},
}};

/// npm's packages, in the build folder; the first test that needs them installs them.
std::string node_modules() {
  const std::filesystem::path folder = std::filesystem::path(TENANCY_BUILD) / "node";
  static const bool is_there = [&] {
    const std::string packages = "dbmate@2 node-pg-migrate@9 knex@3 pg@8 prisma@6 @prisma/adapter-pg@6";
    std::filesystem::create_directories(folder);
    run_command("cd " + shell_word(folder.string()) + " && npm ls " + packages +
                " >/dev/null 2>&1 ||"
                " npm install --ignore-scripts --loglevel=error --no-audit --no-fund " +
                packages);
    return true;
  }();
  (void)is_there;
  return (folder / "node_modules").string();
}

class Tools : public testing::TestWithParam<Tool> {
 protected:
  Tools() : folder_(cluster_.data().parent_path() / "migrations"), database_(cluster_.create_database()) {
    cluster_.connect().exec("ALTER DATABASE " + database_ + " SET tenancy.tracking_table = 'tenancy_migrations'");
    std::filesystem::create_directory(folder_);
    environment_ = "PYTHONDONTWRITEBYTECODE=1 PGHOST=" + shell_word(cluster_.sockets().string()) +
                   " PGUSER=postgres PGDATABASE=" + shell_word(database_);
    if (GetParam().is_of_npm) environment_ += " TENANCY_NODE_MODULES=" + shell_word(node_modules());
  }

  /// The number of a migration, as the tool wants them.
  [[nodiscard]] static std::string number(std::size_t step) {
    return (GetParam().has_long_versions ? "2024010100000" : "000") + std::to_string(step);
  }

  void write_files(std::size_t count) const {
    for (std::size_t i = 1; i <= count; ++i) {
      std::ofstream(folder_ / (number(i) + ".up.sql")) << kSteps[i - 1].up << ";\n";
      std::ofstream(folder_ / (number(i) + ".down.sql")) << kSteps[i - 1].down << ";\n";
    }
  }

  void load(Connection& session, std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i <= end; ++i) {
      std::string const up = std::string(kSteps[i - 1].up) + ";\n";
      if (!GetParam().takes_back) {
        session.query("SELECT tenancy.load_migration($1, $2)", {number(i) + "_step/migration.sql", up});
      } else {
        session.query("SELECT tenancy.load_migration($1, $2)",
                      {number(i) + "_step.sql", "-- UPGRADE\n" + up + "-- DOWNGRADE\n" + kSteps[i - 1].down + ";\n"});
      }
    }
  }

  std::string run(const std::string& mode, const std::string& input) const {
    std::ofstream(folder_.string() + ".input") << input;
    return run_command(environment_ + " " + interpreter() + shell_word(std::string(TENANCY_TOOLS) + "/" + file()) +
                       " " + mode + " " + shell_word(folder_.string()) + " <" +
                       shell_word(folder_.string() + ".input"));
  }

  [[nodiscard]] static std::string file() {
    const std::string program = GetParam().program;
    return program.substr(program.find(' ') + 1);
  }
  [[nodiscard]] static std::string interpreter() {
    const std::string program = GetParam().program;
    return program.substr(0, program.find(' ')) + " ";
  }

  /// How many migrations the tool would still run in each schema.
  [[nodiscard]] std::map<std::string, int> pending(const std::string& schemas) const {
    std::istringstream lines(run("pending", schemas));
    std::map<std::string, int> counts;
    std::string schema;
    for (int count = 0; lines >> schema >> count;) counts[schema] = count;
    return counts;
  }

  [[nodiscard]] std::string definition(const std::string& schema) const {
    std::string text;
    // What tools make for themselves has a shape for each of their versions.
    std::istringstream lines(run_program("pg_dump", "--schema-only --no-owner -d " +
                                                        shell_word(cluster_.conninfo(database_)) + " -n " + schema +
                                                        " -t '" + schema + ".users*' -t '" + schema + ".notes*'"));
    for (std::string line; std::getline(lines, line);) {
      if (line.empty() || line.starts_with("--") || line.starts_with("\\")) continue;
      for (std::size_t at; (at = line.find(schema + ".")) != std::string::npos;) line.erase(at, schema.size() + 1);
      text += line + "\n";
    }
    return text;
  }

  /// What the tool keeps of the files beside their names; nothing when it keeps none.
  [[nodiscard]] Value checksums(Connection& session, const std::string& schema) const {
    if (std::string_view(GetParam().name) != "prisma") return std::nullopt;
    return session.value(
        "SELECT string_agg(concat_ws(' ', migration_name, checksum, applied_steps_count), ', ' ORDER BY"
        " started_at) FROM " +
        schema + "._prisma_migrations");
  }

  Cluster cluster_;
  std::filesystem::path folder_;
  std::string database_;
  std::string environment_;
};

TEST_P(Tools, HaveTheirFleetTakenOverAndGoOn) {
  const Tool& tool = GetParam();
  Connection session = cluster_.connect(database_);
  const std::string words = "'" + std::string(tool.name) + "'" + tool.arguments;
  std::string steps = "reference 3\n";
  std::string schemas = "reference\n";
  session.exec("CREATE SCHEMA reference");
  for (int i = 1; i <= tool.tenants; ++i) {
    const std::string schema = "m_" + std::to_string(i);
    session.exec("CREATE SCHEMA " + schema);
    steps += schema + " " + std::to_string(i % 4) + "\n";
    schemas += schema + "\n";
  }
  write_files(3);
  run("migrate", steps);

  session.exec("SELECT count(*) FROM tenancy.discover('m\\_%')");
  load(session, 1, 3);
  session.exec("SELECT tenancy.sync(" + words + ")");
  EXPECT_EQ(
      session.value(
          "SELECT string_agg(tenant || ' ' || state || ' ' || revision, ', ') FROM tenancy.adopt(" + words +
              ", dry_run => false) WHERE split_part(revision, '_', 1) <> CASE WHEN substr(tenant, 3)::int % 4 = 0 THEN"
              " 'base' ELSE $1 || substr(tenant, 3)::int % 4 END",
          {number(0).substr(0, number(0).size() - 1)}),
      std::nullopt);
  EXPECT_EQ(
      session.value("SELECT string_agg(tenant || ': ' || error, ', ') FROM tenancy.migrate_all() WHERE NOT success"),
      std::nullopt);
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state = 'current' AND tenant IS NOT NULL"),
            std::to_string(tool.tenants));
  std::string expected = definition("reference");
  for (int i = 1; i <= tool.tenants; i += 7) EXPECT_EQ(definition("m_" + std::to_string(i)), expected) << i;
  for (const auto& [schema, count] : pending(schemas)) EXPECT_EQ(count, 0) << schema;

  // One more migration, by the tool in one schema, by us in the others.
  write_files(4);
  load(session, 4, 4);
  run("migrate", "reference 4\nm_1 4\n");
  EXPECT_EQ(session.value("SELECT string_agg(tenant, ', ') FROM tenancy.migrate_all() WHERE NOT success"), "m_1");
  EXPECT_EQ(session.value("SELECT string_agg(tenant || ' ' || state, ', ') FROM tenancy.adopt(" + words +
                          ", dry_run => false) WHERE state <> 'tracked'"),
            "m_1 adopted");
  EXPECT_EQ(session.value("SELECT string_agg(tenant, ', ') FROM tenancy.migrate_all() WHERE NOT success"),
            std::nullopt);
  expected = definition("reference");
  for (int i = 1; i <= tool.tenants; i += 7) EXPECT_EQ(definition("m_" + std::to_string(i)), expected) << i;
  const std::map<std::string, int> nothing = pending(schemas);
  EXPECT_EQ(nothing.size(), tool.tenants + 1U);
  for (const auto& [schema, count] : nothing) EXPECT_EQ(count, 0) << schema;
  for (int i = 1; i <= tool.tenants; ++i) {
    EXPECT_EQ(checksums(session, "m_" + std::to_string(i)), checksums(session, "reference")) << i;
  }
  if (!tool.takes_back) return;

  // Taken back here, it is to be done there, and what is done there need not be done here.
  session.exec("SELECT tenancy.downgrade_schema('m_2')");
  EXPECT_EQ(pending("m_2\n").at("m_2"), 1);
  run("migrate", "m_2 4\n");
  EXPECT_EQ(definition("m_2"), expected);
  EXPECT_EQ(session.value("SELECT state FROM tenancy.adopt(" + words +
                          ", dry_run => false, pattern => 'm\\_2')"
                          " WHERE tenant IS NOT NULL"),
            "adopted");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.migrate_schema('m_2')"), "0");
}

INSTANTIATE_TEST_SUITE_P(All, Tools,
                         testing::Values(Tool{"alembic", "/usr/bin/python3 alembic.py"},
                                         Tool{"django", "/usr/bin/python3 django.py", ", app => 'shop'"},
                                         Tool{"rails", "ruby rails.rb", "", true},
                                         Tool{"sql-migrate", "bash sql-migrate.sh"},
                                         Tool{"yoyo", "/usr/bin/python3 yoyo.py"},
                                         Tool{"dbmate", "bash dbmate.sh", "", true, true},
                                         Tool{"node-pg-migrate", "node node-pg-migrate.mjs", "", true, true},
                                         Tool{"knex", "node knex.cjs", "", true, true},
                                         // Each call of it takes a second.
                                         Tool{"prisma", "node prisma.mjs", "", true, true, false, 4}),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace tenancy::test
