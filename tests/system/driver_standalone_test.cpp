// A fleet without a control database: what the commands that look say of it.
#include <gmock/gmock.h>

#include "tests/system/driver_commands.h"

namespace tenancy::test {
namespace {

namespace json = boost::json;
using testing::EndsWith;
using testing::HasSubstr;

/// The schemas s_1, s_2 and s_3 and a database of its own, whose tenant is called own; nowhere is the extension.
class DriverStandalone : public DriverCommands {
 protected:
  DriverStandalone() : own_(database() + "_own") {
    connect().exec("DROP EXTENSION tenancy; CREATE SCHEMA s_1; CREATE SCHEMA s_2; CREATE SCHEMA s_3");
    cluster().connect().exec("CREATE DATABASE " + own_);
    write_file("migrations/001_users.sql",
               "-- UPGRADE\nCREATE TABLE users (id int);\n-- DOWNGRADE\nDROP TABLE users;\n");
    write_file(
        "migrations/002_plans.sql",
        "-- MIGRATION_SCOPE: public\n-- UPGRADE\nCREATE TABLE plans (id int);\n-- DOWNGRADE\nDROP TABLE plans;\n");
    write_file(
        "tenancy.toml",
        "[standalone]\nenabled = true\ndiscover = 's\\_%'\n[standalone.targets.own]\ndatabase = '" + own_ + "'\n");
  }
  ~DriverStandalone() override { cluster().drop_database(own_); }

  /// "TENANT STATE REVISION PENDING", a line each; shared schemas have no tenant.
  std::string standings(const std::string& arguments = "") {
    std::string lines;
    for (const json::object& one : tenancy("status --json " + arguments).objects()) {
      if (one.contains("summary")) continue;
      const json::value& tenant = one.at("tenant");
      const json::value& revision = one.at("revision");
      lines += (tenant.is_null() ? std::string("-") : std::string(tenant.as_string())) + " " +
               std::string(one.at("state").as_string()) + " " +
               (revision.is_null() ? std::string("-") : std::string(revision.as_string())) + "\n";
    }
    return lines;
  }

  std::string own_;
};

TEST_F(DriverStandalone, StatusPlanAndHistoryLookAtEachTarget) {
  EXPECT_EQ(standings(), "- behind base\ns_1 behind base\ns_2 behind base\ns_3 behind base\nown behind base\n");
  Said const plan = tenancy("plan");
  EXPECT_EQ(plan.code, 0) << plan.error;
  EXPECT_THAT(plan.output, EndsWith("\n5 targets have steps to take\n"));
  EXPECT_THAT(tenancy("plan s_1 --sql").output, HasSubstr("CREATE TABLE users (id int)"));
  EXPECT_THAT(tenancy("history s_1").output, HasSubstr("nothing is applied in "));

  Said const dry = tenancy("upgrade --dry-run");
  EXPECT_EQ(dry.code, 0);
  EXPECT_THAT(dry.output, EndsWith("\n5 targets have steps to take\n"));
  EXPECT_EQ(connect().value("SELECT to_regclass('s_1.schema_migrations')"), std::nullopt);

  EXPECT_EQ(tenancy("upgrade").code, 0);
  EXPECT_EQ(standings(), "- current 002\ns_1 current 001\ns_2 current 001\ns_3 current 001\nown current 002\n");
  EXPECT_THAT(tenancy("status").output, EndsWith("\n4 tenants at head\n"));
  EXPECT_EQ(tenancy("plan").output, "nothing to do\n");
  std::vector<json::object> const history = tenancy("history own --json").objects();
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[1].at("description"), "plans");
  EXPECT_EQ(tenancy("history --json").objects().size(), 1u) << "the shared schema";
  EXPECT_THAT(tenancy("downgrade base --dry-run --tenant s_2").output, EndsWith("\n1 target has steps to take\n"));
  EXPECT_EQ(standings("s_2"), "s_2 current 001\n");
}

TEST_F(DriverStandalone, StatusSaysWhatIsWrongInTheWordsOfTheExtension) {
  EXPECT_EQ(tenancy("upgrade").code, 0);
  connect().exec(R"(
    UPDATE s_1.schema_migrations SET checksum = 'x';
    DROP TABLE s_2.schema_migrations; CREATE TABLE s_2.schema_migrations (version bigint);
    UPDATE s_3.schema_migrations SET state = 'running';
  )");
  cluster().drop_database(own_);
  EXPECT_EQ(standings(), "- current 002\ns_1 diverged 001\ns_2 foreign -\ns_3 in doubt base\nown missing -\n");
  Said const plan = tenancy("plan");
  EXPECT_THAT(plan.output, HasSubstr("tenant \"s_1\": migration 001 was applied with another text"));
  cluster().connect().exec("CREATE DATABASE " + own_);
}

TEST_F(DriverStandalone, StatusOfManyIsInTheirOrder) {
  connect().exec("DO $$ BEGIN FOR i IN 100..699 LOOP EXECUTE 'CREATE SCHEMA s_many_' || i; END LOOP; END $$");
  std::vector<json::object> const all = tenancy("status --json --all -c 4").objects();
  ASSERT_EQ(all.size(), 606u);
  for (int i = 0; i < 600; ++i) EXPECT_EQ(all[4 + i].at("tenant").as_string(), "s_many_" + std::to_string(100 + i));
}

TEST_F(DriverStandalone, RefusesWhatItCannotKnow) {
  EXPECT_EQ(tenancy("status nobody").code, 1);
  EXPECT_EQ(tenancy("history nobody").code, 1);
  EXPECT_EQ(tenancy("upgrade --tenant nobody").code, 1);
  Said const tier = tenancy("upgrade --tier gold");
  EXPECT_EQ(tier.code, 2);
  EXPECT_THAT(tier.error, HasSubstr("--tier, --label and --status do not go with --standalone"));
  Said const revision = tenancy("plan --revision 9");
  EXPECT_EQ(revision.code, 2);
  EXPECT_THAT(revision.error, HasSubstr("no migration matches revision \"9\""));
  EXPECT_EQ(tenancy("upgrade --revision 9").code, 2);
  EXPECT_EQ(tenancy("downgrade").code, 2);
  EXPECT_EQ(connect().value("SELECT to_regclass('s_1.schema_migrations')"), std::nullopt);
}

TEST_F(DriverStandalone, KeepsTheTablesOfAnotherToolUpToDate) {
  write_file("tenancy.toml",
             "tracking_table = 'tenancy_migrations'\n[standalone]\nenabled = true\ndiscover = 's\\_%'\n");
  Said const unsaid = tenancy("adopt --from dbmate --apply --sync");
  EXPECT_EQ(unsaid.code, 2);
  EXPECT_THAT(unsaid.error, HasSubstr("nothing says that the tables of dbmate go along with set default"));

  write_file("tenancy.toml",
             "tracking_table = 'tenancy_migrations'\n[standalone]\nenabled = true\ndiscover = 's\\_%'\n"
             "[standalone.sync.default]\ntool = 'dbmate'\n");
  connect().exec(
      "CREATE TABLE s_1.schema_migrations (version varchar(128) PRIMARY KEY);"
      "INSERT INTO s_1.schema_migrations VALUES ('001'); CREATE TABLE s_1.users (id int)");
  EXPECT_EQ(tenancy("adopt --from dbmate --apply --sync").code, 0);
  write_file("migrations/003_notes.sql", "-- UPGRADE\nCREATE TABLE notes (id int);\n-- DOWNGRADE\nDROP TABLE notes;\n");
  Said const upgrade = tenancy("upgrade");
  EXPECT_EQ(upgrade.code, 0) << upgrade.error;
  for (const char* schema : {"s_1", "s_2"}) {
    EXPECT_EQ(connect().value("SELECT string_agg(version, ' ' ORDER BY 1) FROM " + std::string(schema) +
                              ".schema_migrations"),
              "001 003");
  }
  // What dbmate does by itself is not run again, and taken over.
  EXPECT_EQ(tenancy("downgrade 001 --tenant s_2").code, 0);
  EXPECT_EQ(connect().value("SELECT string_agg(version, ' ' ORDER BY 1) FROM s_2.schema_migrations"), "001");
  connect().exec("INSERT INTO s_2.schema_migrations VALUES ('003'); CREATE TABLE s_2.notes (id int)");
  EXPECT_EQ(tenancy("upgrade --tenant s_2").code, 1);
  EXPECT_EQ(tenancy("adopt --from dbmate --apply --tenant s_2").code, 0);
  EXPECT_EQ(tenancy("upgrade --tenant s_2").code, 0);
}

}  // namespace
}  // namespace tenancy::test
