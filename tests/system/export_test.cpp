// Migrations of Rails and Django, exported as SQL: what they make of a schema is what the tools themselves make of it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/system/databases.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Export : public Databases {
 protected:
  Export() : folder_(cluster().data().parent_path() / "exported") {
    std::filesystem::remove_all(folder_);
    make("scratch");
    // The tools' own objects are in a schema of the tenant's name, too.
    cluster().connect("scratch").exec("CREATE SCHEMA fresh");
  }

  /// In the folder of a project.
  void run(const std::string& project, const std::string& command) const {
    run_command("cd " + shell_word(std::string(TENANCY_EXPORT) + "/" + project) + " && PYTHONDONTWRITEBYTECODE=1" +
                " PGHOST=" + shell_word(cluster().sockets().string()) +
                " PGUSER=postgres PGDATABASE=scratch PGOPTIONS='-c search_path=fresh' " + command + " " +
                shell_word(folder_.string()));
  }

  [[nodiscard]] std::string text(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / file).rdbuf();
    return text.str();
  }

  void write(const std::string& file, const std::string& text) const { std::ofstream(folder_ / file) << text; }

  void load(Connection& session) const { session.query("SELECT tenancy.load_directory($1)", {folder_.string()}); }

  /// The schema `fresh` as the tool has made it, without the table in which it records that.
  static std::string made_by_tool(const std::string& own_tables) {
    cluster().connect("scratch").exec("DROP TABLE IF EXISTS " + own_tables);
    return schema_definition(cluster().conninfo("scratch"), "fresh");
  }

  const std::filesystem::path folder_;
};

TEST_F(Export, Rails) {
  const std::string command =
      "DATABASE_URL=postgresql:///scratch ruby -r./boot.rb " + shell_word(std::string(TENANCY_EXPORTERS) + "/rails.rb");
  run("rails", command);
  const std::string names = text("20240101000002_name_users.sql");
  EXPECT_THAT(names, HasSubstr("-- MIGRATION_UNFINISHED: it works on rows in Ruby"));
  Connection session = connect();
  EXPECT_THROW(load(session), PgError);
  write("20240101000002_name_users.sql",
        "-- UPGRADE\nALTER TABLE users ADD name varchar;\nUPDATE users SET name ="
        " split_part(email, '@', 1);\n-- DOWNGRADE\nALTER TABLE users DROP name;\n");
  load(session);
  EXPECT_EQ(column(session.query("SELECT version || ' ' || transactional || ' ' || (down_sql IS NOT NULL) FROM "
                                 "tenancy.migrations ORDER BY version")),
            (std::vector<std::string>{"20240101000001 true true", "20240101000002 true true",
                                      "20240101000003 false true", "20240101000004 true false"}));
  session.exec("SELECT tenancy.create_tenant('fresh')");
  EXPECT_EQ(schema_definition(cluster().conninfo(database()), "fresh"), made_by_tool("fresh.ar_internal_metadata"));
  session.exec("CALL tenancy.migrate_targets('{fresh}')");
  // What was finished by hand stays.
  cluster().connect("scratch").exec("DROP SCHEMA fresh CASCADE; CREATE SCHEMA fresh");
  run("rails", command);
  load(session);
  EXPECT_THAT(text("20240101000002_name_users.sql"), HasSubstr("split_part"));
}

TEST_F(Export, Django) {
  run("django",
      "DJANGO_SETTINGS_MODULE=settings /usr/bin/python3 " + shell_word(std::string(TENANCY_EXPORTERS) + "/django.py"));
  Connection session = connect();
  load(session);
  EXPECT_THAT(
      column(session.query("SELECT migration_set || ' ' || version FROM tenancy.migrations ORDER BY"
                           " migration_set, tenancy.version_key(version) COLLATE \"C\"")),
      ElementsAre("shop 0001", "shop 0002", "shop 0002_count", "shop 0003", "shop 0004", "stock 0001", "stock 0002"));
  session.exec("SELECT tenancy.create_tenant('fresh', migration_set => 'shop', further_sets => '{stock}')");
  // What Django has applied is known by the sets' names.
  Connection scratch = cluster().connect("scratch");
  const Rows rows = scratch.query("SELECT app, name FROM fresh.django_migrations");
  session.exec(
      "CREATE SCHEMA old; CREATE TABLE old.django_migrations (id int, app text, name text, applied timestamptz)");
  for (const Row& row : rows) session.query("INSERT INTO old.django_migrations VALUES (1, $1, $2)", {row[0], row[1]});
  session.exec("SELECT tenancy.register_tenant('old', migration_set => 'stock', further_sets => '{shop}')");
  EXPECT_EQ(session.query("SELECT migration_set, state, revision, versions FROM tenancy.adopt('django', tenants => "
                          "'{old}') ORDER BY 1"),
            (Rows{{"shop", "adoptable", "0004", "5"}, {"stock", "adoptable", "0002", "2"}}));
  EXPECT_EQ(schema_definition(cluster().conninfo(database()), "fresh"), made_by_tool("fresh.django_migrations"));
  session.exec("SELECT tenancy.downgrade_schema('fresh', '0002')");
}

}  // namespace
}  // namespace tenancy::test
