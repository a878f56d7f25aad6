// Fleets that Alembic itself has migrated, moved over: its project imported, loaded, adopted, and brought to head.
#include <gmock/gmock.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/driver/command_line.h"
#include "tests/system/cluster.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using driver::CommandLine;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// What people write for the revision that needs a connection.
constexpr const char* kPlansByHand =
    "INSERT INTO plan SELECT DISTINCT plan FROM account WHERE plan IS NOT NULL ORDER BY 1;\n";

class AlembicTest : public DatabaseTest {
 protected:
  AlembicTest() : project_(line_.folder().path() / "project") {
    std::filesystem::copy(TENANCY_ALEMBIC_PROJECT, project_, std::filesystem::copy_options::recursive);
    line_.folder().write("tenancy.toml", "database = \"" + cluster().conninfo(database()) + "\"\n");
  }

  [[nodiscard]] std::string config() const { return (project_ / "alembic.ini").string(); }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return line_.folder().path() / name; }

  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(file(name)).rdbuf();
    return text.str();
  }

  void write_by_hand() {
    std::string const name = "migrations/f8c3a5e7b977_plans.up.sql";
    std::istringstream lines(text_of(name));
    std::string finished;
    for (std::string line; std::getline(lines, line);) {
      // The query was rendered too, and its rows are what Alembic does not have.
      bool const is_left_out = line.starts_with("-- MIGRATION_UNFINISHED") || line.starts_with("SELECT DISTINCT");
      if (!is_left_out) finished += line + "\n";
    }
    line_.folder().write(name, finished + kPlansByHand);
  }

  /// Calls Alembic once for each list of words, in one process, as each would be called by itself.
  void alembic(const std::vector<std::pair<std::string, std::string>>& schemas_and_revisions) const {
    std::string calls;
    for (const auto& [schema, revision] : schemas_and_revisions) {
      connect().exec("CREATE SCHEMA IF NOT EXISTS " + schema);
      calls += "main(argv=['-c', '" + config() + "', '-x', 'schema=" + schema + "', 'upgrade', '" + revision + "']);";
    }
    run_command("PYTHONDONTWRITEBYTECODE=1 PGHOST=" + shell_word(cluster().sockets().string()) +
                " PGUSER=postgres PGDATABASE=" + shell_word(database()) + " /usr/bin/python3 -c " +
                shell_word("from alembic.config import main; " + calls));
  }

  CommandLine line_;
  std::filesystem::path project_;
};

TEST_F(AlembicTest, ImportsAGraph) {
  EXPECT_EQ(line_.run({"import", "alembic", "-c", config()}), driver::kUsage) << line_.errors();
  EXPECT_THAT(line_.output(),
              AllOf(HasSubstr("7 revisions of Alembic"), HasSubstr("7 written, 0 unchanged, 0 kept\n"),
                    HasSubstr("1 revision is to be written by hand"), HasSubstr("f8c3a5e7b977_plans.py line 12")));
  EXPECT_THAT(text_of("migrations/d4a9e2c6b855_bills_of_accounts.up.sql"),
              AllOf(HasSubstr("-- MIGRATION_AFTER: b9e0c5d1f233, (ae1027a6acf0)\n"),
                    HasSubstr("-- MIGRATION_BRANCHES: billing\n"), Not(HasSubstr("alembic_version"))));
  EXPECT_THAT(text_of("migrations/c2f7a1b3d944_index_of_notes.up.sql"),
              AllOf(HasSubstr("-- MIGRATION_TRANSACTION: off\n"), Not(HasSubstr("COMMIT"))));
  EXPECT_EQ(line_.run({"check", "--offline"}), driver::kUsage);
  EXPECT_THAT(line_.errors() + line_.output(), HasSubstr("MIGRATION_UNFINISHED: Alembic cannot render it"));
  EXPECT_EQ(line_.run({"import", "alembic", "-c", config(), "--load"}), driver::kUsage);

  write_by_hand();
  EXPECT_EQ(line_.run({"import", "alembic", "-c", config(), "--load"}), driver::kDone) << line_.errors();
  EXPECT_THAT(line_.output(), AllOf(HasSubstr("0 written, 6 unchanged, 1 kept\n"), HasSubstr("7 added")));
  EXPECT_EQ(connect().value("SELECT string_agg(version, ' ' ORDER BY step) FROM tenancy.create_tenant('t'),"
                            " tenancy.plan_downgrade('t', 'base')"),
            "f8c3a5e7b977 e6b1f3d8a766 d4a9e2c6b855 c2f7a1b3d944 b9e0c5d1f233 ae1027a6acf0 1975ea83b712");
}

TEST_F(AlembicTest, MovesAFleetOver) {
  constexpr std::array<const char*, 10> kRevisions{
      "1975ea83b712", "ae1027a6acf0", "b9e0c5d1f233", "c2f7a1b3d944", "d4a9e2c6b855",
      "billing@head", "e6b1f3d8a766", "heads",        "c2f7",         "+1"};
  std::vector<std::pair<std::string, std::string>> calls{{"reference", "heads"}};
  for (std::size_t i = 0; i < 2 * kRevisions.size(); ++i) {
    calls.emplace_back("at_" + std::to_string(i), kRevisions[i % kRevisions.size()]);
  }
  // Several heads at once: neither of both lines is an ancestor of the other.
  calls.emplace_back("at_0", "b9e0c5d1f233");
  calls.emplace_back("at_0", "ae1027a6acf0");
  calls.emplace_back("at_2", "c2f7a1b3d944");
  alembic(calls);
  Connection session = connect();
  session.exec("CREATE SCHEMA at_new");
  session.exec("SELECT count(*) FROM tenancy.discover('at\\_%')");
  constexpr const char* kVersionTables =
      "SELECT string_agg(v.version_num, ' ' ORDER BY version_num) FROM (SELECT * FROM at_0.alembic_version"
      " UNION ALL SELECT * FROM at_2.alembic_version UNION ALL SELECT * FROM at_7.alembic_version) v";
  Value const before = session.value(kVersionTables);

  EXPECT_EQ(line_.run({"import", "alembic", "-c", config()}), driver::kUsage);
  write_by_hand();
  ASSERT_EQ(line_.run({"load"}), driver::kDone) << line_.errors();
  EXPECT_EQ(session.value("SELECT string_agg(DISTINCT coalesce(detail, 'all well'), '; ')"
                          " FROM tenancy.adopt('alembic', dry_run => false) WHERE state = 'adopted'"),
            "all well");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.adopt('alembic') WHERE state = 'tracked'"), "20");
  EXPECT_EQ(session.value("SELECT string_agg(version, ' ' ORDER BY version) FROM at_2.schema_migrations"),
            "1975ea83b712 ae1027a6acf0 b9e0c5d1f233 c2f7a1b3d944");

  EXPECT_EQ(line_.run({"upgrade", "--revision", "billing@d4a9"}), driver::kDone) << line_.errors() << line_.output();
  EXPECT_EQ(session.value("SELECT string_agg(version, ' ' ORDER BY version) FROM at_new.schema_migrations"),
            "1975ea83b712 ae1027a6acf0 b9e0c5d1f233 d4a9e2c6b855");
  ASSERT_EQ(line_.run({"upgrade", "--revision", "heads"}), driver::kDone) << line_.errors() << line_.output();
  std::string const conninfo = cluster().conninfo(database());
  session.exec("DROP TABLE reference.alembic_version");
  std::string const expected = schema_definition(conninfo, "reference");
  EXPECT_EQ(session.value(kVersionTables), before) << "Alembic's own tables are as Alembic left them";
  for (int i = 0; i < 20; ++i) {
    std::string const schema = "at_" + std::to_string(i);

    session.exec("DROP TABLE " + schema + ".alembic_version");
    EXPECT_EQ(schema_definition(conninfo, schema), expected) << schema;
  }
  EXPECT_EQ(schema_definition(conninfo, "at_new"), expected);
  EXPECT_EQ(session.value("SELECT string_agg(name, ' ') FROM at_new.plan"), "gold");
  EXPECT_EQ(session.value("SELECT string_agg(name, ' ' ORDER BY id) FROM at_new.account"), "it's \\ :me you");
  EXPECT_EQ(session.value("SELECT count(*) FROM tenancy.status() WHERE state <> 'current'"), "0");
  EXPECT_EQ(session.value("SELECT DISTINCT revision FROM tenancy.status()"), "f8c3a5e7b977");
}

TEST_F(AlembicTest, MovesAlongTheGraph) {
  EXPECT_EQ(line_.run({"import", "alembic", "-c", config()}), driver::kUsage);
  write_by_hand();
  ASSERT_EQ(line_.run({"load"}), driver::kDone) << line_.errors();
  Connection session = connect();
  session.exec("CREATE SCHEMA t; SELECT tenancy.register_tenant('t', 't')");
  auto const applied = [&] {
    return session.value(
        "SELECT coalesce(string_agg(left(version, 4), ' ' ORDER BY version), '') FROM t.schema_migrations");
  };
  auto const go = [&](std::vector<std::string> words) {
    EXPECT_EQ(line_.run(words), driver::kDone) << line_.errors() << line_.output();
    return applied();
  };
  auto const up = [&](const char* revision) { return go({"migrate", "tenant", "t", "--revision", revision}); };
  auto const down = [&](const char* revision) { return go({"downgrade", revision, "--tenant", "t"}); };
  EXPECT_EQ(up("billing@b9e0"), "1975 b9e0");
  EXPECT_EQ(up("ae10+1"), "1975 ae10 b9e0 c2f7");
  EXPECT_EQ(down("b9e0c5d1f233"), "1975 ae10 b9e0 c2f7") << "nothing of the other line";
  EXPECT_EQ(down("ae10"), "1975 ae10 b9e0");
  EXPECT_EQ(down("billing@-1"), "1975 ae10");
  EXPECT_EQ(up("billing@+2"), "1975 ae10 b9e0 d4a9") << "what it needs is there";
  EXPECT_EQ(down("-2"), "1975 ae10");
  EXPECT_EQ((session.exec("SELECT tenancy.downgrade_tenant('t', '-1')"), applied()), "1975");
  EXPECT_EQ(up("f8c3-1"), "1975 ae10 b9e0 c2f7 d4a9 e6b1");
  EXPECT_EQ(down("billing@1975"), "1975 ae10 c2f7");
  EXPECT_EQ(up("heads"), "1975 ae10 b9e0 c2f7 d4a9 e6b1 f8c3");
  EXPECT_EQ(down("base"), "");
  EXPECT_EQ(session.value("SELECT count(*) FROM pg_class WHERE relnamespace = 't'::regnamespace AND relkind = 'r'"),
            "1");
  EXPECT_EQ(up("billing@+1"), "1975");
  EXPECT_NE(line_.run({"migrate", "tenant", "t", "--revision", "+1"}), driver::kDone);
  EXPECT_THAT(line_.errors() + line_.output(),
              HasSubstr("revision \"+1\" matches more than one migration of set default: ae1027a6acf0, b9e0c5d1f233"));
}

TEST_F(AlembicTest, TakesTheTenantsSchemaOut) {
  ::setenv("TENANT_SCHEMA", "the_tenant", 1);
  EXPECT_EQ(line_.run({"import", "alembic", "-c", config(), "-n", "users", "--schema", "the_tenant", "--set", "users",
                       "--python", "/usr/bin/python3", "users"}),
            driver::kUsage);
  ::unsetenv("TENANT_SCHEMA");
  std::string const by_environment = text_of("users/0a1b2c3d4e5f_users.up.sql");
  EXPECT_THAT(by_environment, AllOf(HasSubstr("CREATE TABLE users"), HasSubstr("setval('users_id_seq', 100)"),
                                    HasSubstr("-- MIGRATION_AFTER: base\n"), HasSubstr("-- MIGRATION_SET: users\n")));
  EXPECT_THAT(text_of("users/1b2c3d4e5f60_one_tenant.up.sql"),
              HasSubstr("-- MIGRATION_UNFINISHED: it names schema the_tenant otherwise"));
  EXPECT_FALSE(std::filesystem::exists(file("users/1b2c3d4e5f60_one_tenant.down.sql"))) << "it is irreversible";

  EXPECT_EQ(line_.run({"import", "alembic", "-c", config(), "--name", "users", "-x", "schema=other", "--schema",
                       "other", "--set", "users", "users"}),
            driver::kUsage);
  EXPECT_THAT(line_.output(), HasSubstr("1 unchanged, 1 kept")) << "the reason names the schema";
}

TEST_F(AlembicTest, SaysWhatIsWrong) {
  EXPECT_EQ(line_.run({"import", "alembic", "-c", "nowhere.ini"}), driver::kUsage);
  EXPECT_EQ(line_.errors(), "tenancy: there is no file nowhere.ini\n");
  EXPECT_EQ(line_.run({"import", "alembic", "--python", "/nowhere/python"}), driver::kUsage);
  EXPECT_THAT(line_.errors(), HasSubstr("tenancy: cannot run /nowhere/python: No such file or directory\n"));
  std::ofstream(project_ / "env.py") << "raise ValueError('no settings')\n";
  EXPECT_EQ(line_.run({"import", "alembic", "-c", config()}), driver::kUsage);
  EXPECT_THAT(line_.errors(), AllOf(HasSubstr("Traceback"), HasSubstr("ValueError: no settings\n")));
  std::ofstream(project_ / "env.py") << "print('hello')\n";
  EXPECT_EQ(line_.run({"import", "alembic", "-c", config()}), driver::kUsage);
  EXPECT_THAT(line_.errors(), HasSubstr("env.py ran no migrations in offline mode"));
}

}  // namespace
}  // namespace tenancy::test
