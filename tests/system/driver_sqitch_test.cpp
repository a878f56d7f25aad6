// A fleet of databases that sqitch itself has deployed: its plan loaded, its registries adopted, all brought to head.
#include <gmock/gmock.h>

#include <array>
#include <filesystem>

#include "tests/driver/command_line.h"
#include "tests/system/cluster.h"
#include "tests/system/databases.h"
#include "tests/system/shell.h"

namespace tenancy::test {
namespace {

using driver::CommandLine;

constexpr int kTenants = 8;

struct Change {
  const char* name;
  const char* deploy;
  const char* revert;
};

constexpr std::array<Change, 3> kChanges{{
    {"users", "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL);", "DROP TABLE users;"},
    {"notes", "CREATE TABLE notes (id bigserial PRIMARY KEY, author bigint REFERENCES users);", "DROP TABLE notes;"},
    {"authors", "CREATE INDEX notes_author_idx ON notes (author);", "DROP INDEX notes_author_idx;"},
}};

class SqitchTest : public Databases {
 protected:
  SqitchTest() {
    line_.folder().write("tenancy.toml", "database = \"" + cluster().conninfo(database()) + "\"\n");
    std::string plan = "%syntax-version=1.0.0\n%project=shop\n\n";
    for (const Change& change : kChanges) {
      plan +=
          std::string(change.name) + " 2024-01-01T00:00:00Z Ann <ann@example.com> # " + change.name + " of a shop\n";
      line_.folder().write("shop/deploy/" + std::string(change.name) + ".sql", in_transaction(change.deploy));
      line_.folder().write("shop/revert/" + std::string(change.name) + ".sql", in_transaction(change.revert));
    }
    line_.folder().write("shop/sqitch.plan", plan);
    line_.folder().write("shop/sqitch.conf", "[core]\n\tengine = pg\n");
  }

  /// The first changes of the plan.
  void deploy(const std::string& name, std::size_t count) const {
    if (count == 0) return;
    run_command("cd " + shell_word((line_.folder().path() / "shop").string()) +
                " && SQITCH_FULLNAME=Ann SQITCH_EMAIL=ann@example.com sqitch --quiet deploy --to " +
                kChanges[count - 1].name + " --target " +
                shell_word("db:pg://postgres@/" + name + "?host=" + cluster().sockets().string()));
  }

  [[nodiscard]] static std::string definition(const std::string& name) {
    Connection session = cluster().connect(name);
    session.exec("DROP SCHEMA IF EXISTS sqitch CASCADE");
    return schema_definition(cluster().conninfo(name), "public");
  }

  CommandLine line_;

 private:
  static std::string in_transaction(const std::string& sql) { return "BEGIN;\n\n" + sql + "\n\nCOMMIT;\n"; }
};

TEST_F(SqitchTest, MovesAFleetOfDatabasesOver) {
  make("reference");
  deploy("reference", kChanges.size());
  Connection session = connect();
  for (int i = 1; i <= kTenants; ++i) {
    std::string const name = "q_" + std::to_string(i);
    make(name);
    deploy(name, static_cast<std::size_t>(i) % 4);
    add(session, {name});
  }
  ASSERT_EQ(line_.run({"load", "shop"}), driver::kDone) << line_.errors();
  ASSERT_EQ(line_.run({"adopt", "--from", "sqitch", "--apply"}), driver::kDone) << line_.errors() << line_.output();
  EXPECT_THAT(line_.output(), testing::HasSubstr("6 adopted, 2 empty"));
  ASSERT_EQ(line_.run({"upgrade"}), driver::kDone) << line_.errors() << line_.output();
  std::string const expected = definition("reference");
  for (int i = 1; i <= kTenants; ++i) {
    EXPECT_EQ(definition("q_" + std::to_string(i)), expected) << i;
  }
}

}  // namespace
}  // namespace tenancy::test
