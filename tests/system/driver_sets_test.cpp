// Several migration sets, some of which require others: by calls of the extension, by plain SQL, and without a control
// database.
#include <gmock/gmock.h>

#include "tests/system/driver_commands.h"

namespace tenancy::test {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// Set users in a folder of its own, and analytics, which requires it.
class DriverSets : public DriverCommands {
 protected:
  DriverSets() {
    write_file("tenancy.toml", kFolders);
    for (const char* const version : {"001", "002", "003"}) {
      std::string const table = "users_" + std::string(version);
      write_file("users/" + std::string(version) + "_users.sql",
                 "-- UPGRADE\nCREATE TABLE " + table + " (id int);\n-- DOWNGRADE\nDROP TABLE " + table + ";\n");
    }
    write_file("analytics/001_facts.sql",
               "-- UPGRADE\nCREATE TABLE facts (id int);\n-- DOWNGRADE\nDROP TABLE facts;\n");
    write_file("analytics/002_of_users.sql",
               "-- MIGRATION_REQUIRES: users@002\n-- UPGRADE\nALTER TABLE users_002 ADD fact int;\n"
               "-- DOWNGRADE\nALTER TABLE users_002 DROP fact;\n");
    write_file("analytics/003_index.sql",
               "-- MIGRATION_REQUIRES: users@003\n-- MIGRATION_TRANSACTION: off\n-- UPGRADE\n"
               "CREATE INDEX CONCURRENTLY by_id ON users_003 (id);\n-- DOWNGRADE\nDROP INDEX CONCURRENTLY by_id;\n");
  }

  /// What is applied, in the order in which it was, without times; "SET@VERSION DESCRIPTION CHECKSUM STATE".
  std::string tracked(const std::string& schema) {
    std::string rows;
    for (const Row& row :
         connect().query("SELECT migration_set || '@' || version || ' ' || description || ' ' || checksum"
                         " || ' ' || state FROM " +
                         schema + ".schema_migrations ORDER BY applied_at, migration_set, version")) {
      rows += row[0].value_or("NULL") + "\n";
    }
    return rows;
  }

  /// "set@version" of each step of the first target that has any.
  static std::vector<std::string> steps(const Said& said) {
    std::vector<std::string> names;
    for (const json::object& one : said.objects()) {
      if (one.at("type") != "target" || !names.empty()) continue;
      for (const json::value& step : one.at("steps").as_array()) {
        names.push_back(std::string(step.at("set").as_string()) + "@" + std::string(step.at("version").as_string()));
      }
    }
    return names;
  }

  static constexpr const char* kFolders = "[sets.users]\nfolder = 'users'\n[sets.analytics]\nfolder = 'analytics'\n";
};

TEST_F(DriverSets, CalledPlainAndStandaloneDoTheSame) {
  ASSERT_EQ(tenancy("load").code, 0);
  connect().exec("CREATE SCHEMA called; CREATE SCHEMA alone; CREATE SCHEMA two_sets");
  EXPECT_EQ(tenancy("tenants add called --tenant-set analytics").code, 0);
  Said const called = tenancy("upgrade --json --revision 002");
  ASSERT_EQ(called.code, 0) << called.output << called.error;
  EXPECT_THAT(steps(called), ElementsAre("analytics@001", "users@001", "users@002", "analytics@002"));

  write_file("alone.toml", std::string(kFolders) +
                               "[standalone]\nenabled = true\n"
                               "[standalone.targets.alone]\nmigration_set = 'analytics'\n");
  Said const plan = tenancy("plan alone --config alone.toml --revision 002");
  EXPECT_THAT(plan.output, HasSubstr("users"));
  Said const plain = tenancy("upgrade --json --revision 002 --config alone.toml");
  ASSERT_EQ(plain.code, 0) << plain.output << plain.error;
  EXPECT_EQ(steps(plain), steps(called));
  EXPECT_EQ(tracked("alone"), tracked("called"));

  // The rest is outside of transactions, of both sets in turn.
  EXPECT_EQ(tenancy("upgrade").code, 0);
  Said const outside = tenancy("upgrade --json --config alone.toml");
  ASSERT_EQ(outside.code, 0) << outside.output << outside.error;
  EXPECT_THAT(steps(outside), ElementsAre("users@003", "analytics@003"));
  EXPECT_EQ(tracked("alone"), tracked("called"));

  // A tenant with both, each in its order; those that others require first.
  write_file("two.toml", std::string(kFolders) +
                             "[standalone]\nenabled = true\n"
                             "[standalone.targets.two_sets]\nmigration_set = 'analytics, users'\n");
  ASSERT_EQ(tenancy("upgrade --config two.toml").code, 0);
  EXPECT_EQ(connect().value("SELECT count(*) FROM two_sets.schema_migrations"), "6");
}

TEST_F(DriverSets, WhatIsRequiredIsNotTakenBack) {
  ASSERT_EQ(tenancy("load").code, 0);
  connect().exec("CREATE SCHEMA called; CREATE SCHEMA alone");
  EXPECT_EQ(tenancy("tenants add called --tenant-set users --further-set analytics").code, 0);
  write_file("alone.toml", std::string(kFolders) +
                               "[standalone]\nenabled = true\n"
                               "[standalone.targets.alone]\nmigration_set = 'users,analytics'\n");
  constexpr const char* kRefused =
      "migration 003 of set users is required by migration 003 of set analytics, which is applied";
  for (const std::string config : {"", " --config alone.toml"}) {
    ASSERT_EQ(tenancy("upgrade" + config).code, 0) << config;
    Said const refused = tenancy("downgrade base --tenant-set users" + config);
    EXPECT_EQ(refused.code, 1) << config;
    EXPECT_THAT(refused.output + refused.error, HasSubstr(kRefused)) << config;
    Said const dry = tenancy("downgrade base --dry-run --tenant-set users" + config);
    EXPECT_THAT(dry.output, HasSubstr(kRefused)) << config;
    EXPECT_EQ(tenancy("downgrade 002 --tenant-set analytics" + config).code, 0) << config;
    EXPECT_EQ(tenancy("downgrade 002 --tenant-set users" + config).code, 0) << config;
  }
  EXPECT_EQ(tracked("alone"), tracked("called"));
  EXPECT_EQ(connect().value("SELECT count(*) FROM called.schema_migrations"), "4");
}

TEST_F(DriverSets, EachSetOfATenantIsATarget) {
  ASSERT_EQ(tenancy("load").code, 0);
  ASSERT_EQ(tenancy("create-tenant acme --tenant-set users").code, 0);
  EXPECT_EQ(tenancy("tenants add-set analytics acme").code, 0);
  EXPECT_THAT(tenancy("tenants list --tenant-set analytics").output, HasSubstr("acme"));
  EXPECT_THAT(tenancy("status --behind").output, HasSubstr("analytics"));
  // Ten at once, and none of them waits for another one in the same schema.
  for (int i = 0; i < 8; ++i) connect().exec("CREATE SCHEMA s_" + std::to_string(i));
  EXPECT_EQ(tenancy("tenants discover 's\\_%' --tenant-set users --further-set analytics").code, 0);
  Said const upgrade = tenancy("upgrade --json");
  ASSERT_EQ(upgrade.code, 0) << upgrade.output << upgrade.error;
  for (const json::object& one : upgrade.objects()) {
    if (one.at("type") != "target") continue;
    EXPECT_EQ(one.at("attempts"), 1) << json::serialize(one);
  }
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.status() WHERE state <> 'current'"), "0");
  EXPECT_EQ(connect().value("SELECT count(*) FROM s_7.schema_migrations"), "6");
  EXPECT_THAT(tenancy("status").output, testing::EndsWith("\n18 targets at head 003\n"));
  EXPECT_EQ(tenancy("tenants remove-set analytics acme").code, 0);
  connect().exec("CREATE SCHEMA many");
  EXPECT_EQ(tenancy("tenants add many --tenant-set users --further-set analytics,plugin --further-set zoo").code, 0);
  EXPECT_EQ(connect().value("SELECT further_sets FROM tenancy.tenants WHERE id = 'many'"), "{analytics,plugin,zoo}");
  EXPECT_EQ(tenancy("tenants remove-set analytics acme").code, 1);
}

TEST_F(DriverSets, GoDownWhateverThePage) {
  write_file("users/004_of_zoo.sql", "-- UPGRADE\nCREATE TABLE cages (id int);\n-- DOWNGRADE\nDROP TABLE cages;\n");
  write_file("zoo/001_animals.sql",
             "-- MIGRATION_REQUIRES: users@004\n-- UPGRADE\nCREATE TABLE animals (id int);\n"
             "-- DOWNGRADE\nDROP TABLE animals;\n");
  write_file("tenancy.toml", std::string(kFolders) + "[sets.zoo]\nfolder = 'zoo'\n");
  ASSERT_EQ(tenancy("load").code, 0);
  for (int i = 0; i < 4; ++i) connect().exec("CREATE SCHEMA s_" + std::to_string(i));
  EXPECT_EQ(tenancy("tenants discover 's\\_%' --tenant-set users").code, 0);
  connect().exec("UPDATE tenancy.tenants SET further_sets = '{zoo,analytics}'");
  ASSERT_EQ(tenancy("upgrade --page-size 1").code, 0);
  Said const down = tenancy("downgrade base --page-size 1");
  EXPECT_EQ(down.code, 0) << down.output << down.error;
  EXPECT_EQ(connect().value("SELECT count(*) FROM s_3.schema_migrations"), "0");
}

TEST_F(DriverSets, NoneIsTakenBeyondItsPin) {
  ASSERT_EQ(tenancy("load").code, 0);
  std::string const own = database() + "_own";
  cluster().connect().exec("CREATE DATABASE " + own);
  ASSERT_EQ(tenancy("create-tenant called --tenant-set users --revision 001").code, 0);
  ASSERT_EQ(tenancy("tenants add own --isolation database --tenant-database " + own + " --tenant-set users").code, 0);
  connect().exec("UPDATE tenancy.tenants SET further_sets = '{analytics}', pinned_revision = '001'");
  for (const std::string way : {"", " --plain", " --in-database"}) {
    Said const refused = tenancy("upgrade" + way);
    EXPECT_EQ(refused.code, 1) << way << refused.error;
    EXPECT_THAT(refused.output + refused.error,
                HasSubstr("migration 002 of set analytics requires migration 002 of set users, which is pinned to 001"))
        << way;
    EXPECT_THAT(tenancy("plan" + std::string(" own")).output, HasSubstr("which is pinned to 001")) << way;
  }
  for (const char* const tenant : {"called", "own"}) {
    boost::json::object const held = tenancy(std::string("status --json ") + tenant).objects().at(0);
    EXPECT_EQ(held.at("migration_set"), "analytics");
    EXPECT_EQ(held.at("state"), "pinned");
    EXPECT_EQ(held.at("detail"),
              "migration 002 of set analytics requires migration 002 of set users, which is pinned to 001");
  }
  EXPECT_EQ(connect().value("SELECT state FROM tenancy.status('own') WHERE migration_set = 'analytics'"), "pinned");
  constexpr const char* kVersions =
      "SELECT string_agg(version, ' ') FROM %.schema_migrations WHERE migration_set = 'users'";
  auto const versions = [&](Connection session, const std::string& schema) {
    std::string query = kVersions;
    return session.value(query.replace(query.find('%'), 1, schema));
  };
  EXPECT_EQ(versions(connect(), "called"), "001");
  EXPECT_EQ(versions(cluster().connect(own), "public"), "001");
  connect().exec("UPDATE tenancy.tenants SET pinned_revision = NULL");
  EXPECT_EQ(tenancy("upgrade").code, 0);
  EXPECT_EQ(versions(cluster().connect(own), "public"), "001 002 003");
  cluster().drop_database(own);
}

TEST_F(DriverSets, HeadIsAskedOfEachSet) {
  std::string const folders = std::string(kFolders) + "[sets.lines]\nfolder = 'lines'\n";
  write_file("tenancy.toml", folders);
  write_file("lines/a.sql", "-- MIGRATION_VERSION: a\n-- MIGRATION_AFTER: base\n-- UPGRADE\nCREATE TABLE a ();\n");
  for (const std::string version : {"b", "c"}) {
    write_file(
        "lines/" + version + ".sql",
        "-- MIGRATION_VERSION: " + version + "\n-- MIGRATION_AFTER: a\n-- UPGRADE\nCREATE TABLE " + version + " ();\n");
  }
  ASSERT_EQ(tenancy("load").code, 0);
  EXPECT_EQ(tenancy("create-tenant called --tenant-set lines --revision head").code, 1);
  ASSERT_EQ(tenancy("create-tenant called --tenant-set users --revision 001").code, 0);
  ASSERT_EQ(tenancy("tenants add-set lines called").code, 0);
  connect().exec("CREATE SCHEMA alone");
  write_file("alone.toml", folders +
                               "[standalone]\nenabled = true\n"
                               "[standalone.targets.alone]\nmigration_set = 'users,lines'\n");
  for (const std::string command : {"upgrade", "upgrade --plain", "upgrade --in-database", "plan", "rollout",
                                    "upgrade --config alone.toml", "plan --config alone.toml"}) {
    Said const refused = tenancy(command + " --revision head");
    bool const is_alone = command.find("alone.toml") != std::string::npos;
    EXPECT_EQ(refused.code, is_alone ? 2 : 1) << command;
    EXPECT_THAT(refused.error, HasSubstr("revision \"head\" matches more than one migration of set lines: b, c"))
        << command;
  }
  EXPECT_EQ(connect().value("SELECT count(*) FROM called.schema_migrations"), "1");
  EXPECT_EQ(connect().value("SELECT to_regclass('alone.schema_migrations')"), std::nullopt);
  for (const std::string config : {"", " --config alone.toml"}) {
    EXPECT_EQ(tenancy("upgrade --revision head --tenant-set users" + config).code, 0) << config;
    EXPECT_EQ(tenancy("upgrade" + config).code, 0) << config;
  }
  EXPECT_EQ(connect().value("SELECT count(*) FROM called.schema_migrations"), "6");
  EXPECT_EQ(connect().value("SELECT count(*) FROM alone.schema_migrations"), "6");
}

TEST_F(DriverSets, CheckKnowsWhatIsRequired) {
  EXPECT_EQ(tenancy("check --offline").code, 0);
  write_file("analytics/004_gap.sql", "-- MIGRATION_REQUIRES: users@009, gone@1\n-- UPGRADE\nSELECT 1;\n");
  Said const gap = tenancy("check --offline");
  EXPECT_EQ(gap.code, 0);
  EXPECT_THAT(gap.output, HasSubstr("it requires 009 of set users, which no file holds"));
  EXPECT_THAT(gap.output, HasSubstr("it requires 1 of set gone, which no file holds"));
  write_file("users/004_circle.sql", "-- MIGRATION_REQUIRES: analytics@005\n-- UPGRADE\nSELECT 1;\n");
  write_file("analytics/005_circle.sql", "-- MIGRATION_REQUIRES: users@004\n-- UPGRADE\nSELECT 1;\n");
  Said const circle = tenancy("check --offline");
  EXPECT_EQ(circle.code, 2);
  EXPECT_THAT(circle.output, HasSubstr("analytics@005, users@004 require each other in a circle"));
}

}  // namespace
}  // namespace tenancy::test
