// The commands that read and change the control database: the binary against real clusters.
#include <gmock/gmock.h>

#include "tests/system/driver_commands.h"

namespace tenancy::test {
namespace {

namespace json = boost::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class DriverControl : public DriverCommands {
 protected:
  /// Five tenants with schemas at 001, a migration 002 pending.
  void make_fleet() {
    connect().exec(R"(
      SELECT tenancy.add_migration('001', 'CREATE TABLE users (id int)', 'DROP TABLE users', 'users');
      SELECT tenancy.create_tenant('t' || i, tier => CASE WHEN i < 3 THEN 'gold' END) FROM generate_series(1, 5) i;
      SELECT tenancy.add_migration('002', 'ALTER TABLE users ADD name text', 'ALTER TABLE users DROP name', 'names');
    )");
  }

  /// A database on the same cluster, which is at the same time another server: eu.
  std::string add_server() {
    connect().query("SELECT tenancy.register_server('eu', $1)", {cluster().conninfo("postgres")});
    return "eu";
  }
};

TEST_F(DriverControl, ServersAreListedCheckedAndRemoved) {
  EXPECT_THAT(tenancy("servers list").output, StartsWith("no servers"));
  std::string const conninfo = cluster().conninfo("postgres");
  EXPECT_EQ(tenancy("servers add eu " + shell_word(conninfo) + " --max-connections 7").code, 0);
  Said const refused = tenancy("servers add us 'host=h password=secret'");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.error, HasSubstr("has a password in it"));
  EXPECT_THAT(refused.error, Not(HasSubstr("secret")));
  EXPECT_EQ(tenancy("servers add us 'no conninfo'").code, 2);

  std::vector<json::object> const list = tenancy("servers list --json").objects();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].at("name"), "eu");
  EXPECT_EQ(list[0].at("max_connections"), 7);
  EXPECT_EQ(tenancy("servers check").code, 0);

  EXPECT_EQ(tenancy("servers add gone 'host=/nowhere'").code, 0);
  Said const checked = tenancy("servers check --json");
  EXPECT_EQ(checked.code, 4);
  ASSERT_EQ(checked.objects().size(), 2u);
  EXPECT_EQ(checked.objects()[0].at("reached"), true);
  EXPECT_EQ(checked.objects()[1].at("reached"), false);
  EXPECT_EQ(tenancy("servers check eu").code, 0);
  EXPECT_EQ(tenancy("servers check nobody").code, 1);

  EXPECT_EQ(tenancy("tenants add acme --isolation database --tenant-database acme --server eu").code, 0);
  Said const in_use = tenancy("servers remove eu");
  EXPECT_EQ(in_use.code, 1);
  EXPECT_THAT(in_use.error, HasSubstr("server \"eu\" is home to 1 tenant"));
  EXPECT_EQ(tenancy("servers remove gone").output, "server gone was removed\n");
}

TEST_F(DriverControl, TenantsAreRegisteredChangedAndForgotten) {
  EXPECT_EQ(tenancy("tenants list").output, "no tenants\n");
  connect().exec("CREATE SCHEMA t1; CREATE SCHEMA t2; CREATE SCHEMA t3; CREATE SCHEMA shared_app");
  EXPECT_EQ(tenancy("tenants discover 't_'").output, "3 tenants were registered\n");
  EXPECT_EQ(tenancy("tenants add r1 --isolation rls --schema shared_app --tier gold --label region=eu").code, 0);
  EXPECT_EQ(tenancy("tenants add r1").code, 1);
  EXPECT_EQ(tenancy("tenants add x --isolation table").code, 2);
  EXPECT_EQ(tenancy("tenants suspend t1 t2").output, "2 tenants were suspended\n");
  // All or nothing.
  EXPECT_EQ(tenancy("tenants archive t3 nobody").code, 1);

  auto const ids = [&](const std::string& options) {
    std::string text;
    for (const json::object& one : tenancy("tenants list --json " + options).objects()) {
      text += std::string(one.at("id").as_string()) + " ";
    }
    return text;
  };
  EXPECT_EQ(ids(""), "r1 t1 t2 t3 ");
  EXPECT_EQ(ids("--status suspended"), "t1 t2 ");
  EXPECT_EQ(ids("--status active,archived"), "r1 t3 ");
  EXPECT_EQ(ids("--pattern 't%'"), "t1 t2 t3 ");
  EXPECT_EQ(ids("--tier gold"), "r1 ");
  EXPECT_EQ(ids("--label region=eu"), "r1 ");
  EXPECT_EQ(ids("--label region=us"), "");
  EXPECT_EQ(ids("--tenant t3 --tenant t1"), "t1 t3 ");
  EXPECT_EQ(tenancy("tenants list --status gone").code, 2);
  EXPECT_EQ(tenancy("tenants list --label region").code, 2);
  EXPECT_EQ(tenancy("tenants activate t1").code, 0);
  EXPECT_EQ(ids("--status suspended"), "t2 ");
  EXPECT_EQ(tenancy("tenants remove t1 t2").output, "2 tenants were removed\n");
  EXPECT_EQ(ids(""), "r1 t3 ");
}

TEST_F(DriverControl, TenantsAreImported) {
  connect().exec("CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE customers AS SELECT 'b' AS slug, 'gold' AS plan");
  std::string const csv = "id,tier,labels\na,silver,\"{\"\"eu\"\": true}\"\nb,,\n";
  EXPECT_EQ(tenancy("tenants import --csv -", csv).output, "2 added, 0 updated, 0 unchanged\n");
  EXPECT_EQ(tenancy("tenants import --csv input", csv).output, "0 added, 0 updated, 2 unchanged\n");
  std::string const query = "--query 'SELECT slug AS id, plan AS tier FROM customers'";
  EXPECT_EQ(tenancy("tenants import " + query).output, "0 added, 1 updated, 0 unchanged\n");
  std::string const from = " --from " + shell_word(cluster().conninfo(database()));
  EXPECT_EQ(tenancy("tenants import --json " + query + from).output, "{\"id\":\"b\",\"action\":\"unchanged\"}\n");
  EXPECT_EQ(connect().query("SELECT id, tier, labels FROM tenancy.tenants ORDER BY id"),
            (Rows{{"a", "silver", "{\"eu\": true}"}, {"b", "gold", "{}"}}));

  EXPECT_EQ(tenancy("tenants import").code, 2);
  EXPECT_EQ(tenancy("tenants import --csv nowhere.csv").code, 2);
  Said const short_line = tenancy("tenants import --csv input", "id,tier\na,b\nc\n");
  EXPECT_EQ(short_line.code, 2);
  EXPECT_THAT(short_line.error, HasSubstr("input line 3: 1 values for 2 columns"));
  Said const unknown = tenancy("tenants import --csv input", "id,size\na,b\n");
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.error, HasSubstr("has a column \"size\""));
}

TEST_F(DriverControl, StatusSaysWhoIsBehind) {
  EXPECT_EQ(tenancy("status").output, "no tenants\n");
  make_fleet();
  connect().exec(R"(
    SELECT tenancy.migrate_schema('t1'), tenancy.migrate_schema('t2');
    SELECT tenancy.pin_tenant('t3', '001');
    UPDATE t4.schema_migrations SET checksum = 'x';
  )");
  Said const status = tenancy("status");
  EXPECT_EQ(status.code, 0);
  EXPECT_THAT(status.output, EndsWith("\n2 tenants at head 002, 1 behind, 1 pinned, 1 diverged\n"));
  EXPECT_THAT(status.output, HasSubstr("migration 001 was applied with another text"));

  std::vector<json::object> const behind = tenancy("status --behind --json").objects();
  ASSERT_EQ(behind.size(), 3u);
  EXPECT_EQ(behind[0].at("tenant"), "t4");
  EXPECT_EQ(behind[0].at("state"), "diverged");
  EXPECT_EQ(behind[1].at("tenant"), "t5");
  EXPECT_EQ(behind[1].at("revision"), "001");
  EXPECT_EQ(behind[1].at("pending"), 1);
  EXPECT_EQ(behind[2].at("summary").at("states").at("current"), 2);

  std::vector<json::object> const one = tenancy("status t5 --json").objects();
  ASSERT_EQ(one.size(), 2u);
  EXPECT_EQ(one[0].at("tenant"), "t5");
  EXPECT_EQ(tenancy("status nobody").code, 1);
  EXPECT_THAT(tenancy("status --tier gold").output, EndsWith("\n2 tenants at head 002\n"));
}

TEST_F(DriverControl, StatusOfManyListsOnlyThoseThatAreNotAtHead) {
  connect().exec(R"(
    SELECT tenancy.add_migration('1', 'CREATE TABLE a (id int)');
    SELECT tenancy.create_tenant('many_' || i) FROM generate_series(1, 60) i;
    SELECT tenancy.add_migration('2', 'CREATE TABLE b (id int)');
    SELECT tenancy.migrate_schema('many_' || i) FROM generate_series(1, 59) i;
  )");
  Said const status = tenancy("status");
  EXPECT_THAT(status.output, HasSubstr("many_60"));
  EXPECT_THAT(status.output, Not(HasSubstr("many_7 ")));
  EXPECT_THAT(status.output, EndsWith("\n59 tenants at head 2, 1 behind\n"));
  EXPECT_THAT(tenancy("status --all").output, HasSubstr("many_7 "));
}

TEST_F(DriverControl, StatusPlanAndHistoryReachTenantsElsewhere) {
  make_fleet();
  add_server();
  std::string const elsewhere = database() + "_far";
  cluster().connect().exec("CREATE DATABASE " + elsewhere);
  Connection control = connect();
  control.query("SELECT tenancy.register_tenant('far', isolation => 'database', database => $1, server => 'eu')",
                {elsewhere});
  control.query("SELECT tenancy.register_tenant('gone', isolation => 'database', database => $1, server => 'eu')",
                {database() + "_gone"});
  control.exec("SELECT tenancy.register_server('down', 'host=/nowhere')");
  control.exec("SELECT tenancy.register_tenant('lost', isolation => 'database', database => 'x', server => 'down')");

  auto const state_of = [&](const std::string& tenant) { return tenancy("status --json " + tenant).objects().at(0); };
  EXPECT_EQ(state_of("far").at("state"), "behind");
  EXPECT_EQ(state_of("far").at("revision"), "base");
  EXPECT_EQ(state_of("far").at("pending"), 2);
  EXPECT_EQ(state_of("gone").at("state"), "missing");
  EXPECT_EQ(state_of("lost").at("state"), "unreachable");
  EXPECT_EQ(tenancy("history far").output.find("nothing is applied in "), 0u);
  Said const plan = tenancy("plan far");
  EXPECT_THAT(plan.output, HasSubstr("users"));
  EXPECT_THAT(plan.output, EndsWith("\n1 target has steps to take\n"));

  // The very rows that a schema of this database has, by another way.
  Connection there = cluster().connect(elsewhere);
  std::string const dump = "-n t1 -d " + shell_word(cluster().conninfo(database()));
  run_program("pg_dump", dump + " | sed 's/t1\\./public./g; /SCHEMA t1/d' | " +
                             shell_word(std::string(std::getenv("TENANCY_PG_BINDIR")) + "/psql") +
                             " -X -q -v ON_ERROR_STOP=1 -d " + shell_word(cluster().conninfo(elsewhere)));
  EXPECT_EQ(state_of("far").at("revision"), "001");
  EXPECT_EQ(state_of("far").at("pending"), 1);
  control.exec("SELECT tenancy.pin_tenant('far', '001')");
  EXPECT_EQ(state_of("far").at("state"), "pinned");
  EXPECT_EQ(tenancy("history far --json").objects().at(0).at("version"), "001");
  there.exec("UPDATE schema_migrations SET checksum = 'x'");
  EXPECT_EQ(state_of("far").at("state"), "diverged");
  there.exec("DROP TABLE schema_migrations; CREATE TABLE schema_migrations (version bigint)");
  EXPECT_EQ(state_of("far").at("state"), "foreign");
  cluster().drop_database(elsewhere);
}

TEST_F(DriverControl, PlanGroupsTargetsWithTheSameSteps) {
  make_fleet();
  connect().exec(R"(
    SELECT tenancy.migrate_schema('t1');
    SELECT tenancy.downgrade_schema('t2', 'base');
    UPDATE t3.schema_migrations SET checksum = 'x';
  )");
  Said const plan = tenancy("plan");
  EXPECT_EQ(plan.code, 0);
  EXPECT_THAT(plan.output, HasSubstr("tenant \"t3\": migration 001 was applied with another text"));
  EXPECT_THAT(plan.output, EndsWith("\n3 targets have steps to take; nothing to do: 1; would fail: 1\n"));
  std::vector<json::object> const objects = tenancy("plan --json --page-size 2").objects();
  ASSERT_EQ(objects.size(), 5u);
  EXPECT_EQ(objects[0].at("tenant"), "t2");
  EXPECT_EQ(objects[0].at("versions"), (json::array{"001", "002"}));
  EXPECT_EQ(objects[1].at("state"), "failed");
  EXPECT_EQ(objects[4].at("summary").at("pending"), 3);

  Said const one = tenancy("plan t4 --sql");
  EXPECT_THAT(one.output, HasSubstr("names"));
  EXPECT_THAT(one.output, HasSubstr("ALTER TABLE users ADD name text"));
  EXPECT_THAT(tenancy("plan t1 --down --revision -1 --sql").output, HasSubstr("ALTER TABLE users DROP name"));
  EXPECT_EQ(tenancy("plan t1").output, "nothing to do\n");
  Said const wrong = tenancy("plan --revision 9");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.error, HasSubstr("no migration matches revision \"9\""));
  EXPECT_EQ(tenancy("plan nobody").code, 1);
}

TEST_F(DriverControl, HistoryOfATenantAndOfTheSharedSchema) {
  make_fleet();
  std::vector<json::object> const history = tenancy("history t1 --json").objects();
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].at("version"), "001");
  EXPECT_EQ(history[0].at("state"), "applied");
  EXPECT_THAT(tenancy("history t1").output, HasSubstr("users"));
  EXPECT_EQ(tenancy("history").output, "nothing is applied in schema \"public\"\n");
  EXPECT_NE(tenancy("history nobody").code, 0);
}

TEST_F(DriverControl, TenantsAreCreated) {
  make_fleet();
  EXPECT_EQ(tenancy("create-tenant acme --tier gold --label a=b --seed 'INSERT INTO users VALUES (7)'").code, 0);
  EXPECT_EQ(connect().value("SELECT id FROM acme.users"), "7");
  EXPECT_EQ(tenancy("create-tenant acme").code, 1);
  std::string const own = database() + "_own";
  EXPECT_EQ(tenancy("create-tenant own --isolation database --tenant-database " + own).code, 0);
  EXPECT_EQ(cluster().connect(own).value("SELECT count(*) FROM schema_migrations"), "2");
  add_server();
  std::string const far = database() + "_far";
  Said const made = tenancy("create-tenant far --isolation database --server eu --tenant-database " + far);
  EXPECT_EQ(made.code, 0);
  EXPECT_EQ(connect().value("SELECT server FROM tenancy.tenants WHERE id = 'far'"), "eu");
  EXPECT_EQ(cluster().connect(far).value("SELECT count(*) FROM schema_migrations"), "2");
  // All or nothing.
  EXPECT_EQ(tenancy("create-tenant far --isolation database --server eu --tenant-database " + far + "2").code, 1);
  EXPECT_EQ(connect().value("SELECT count(*) FROM pg_database WHERE datname = $1", {far + "2"}), "0");
  connect().exec("SELECT tenancy.add_migration('003', 'SELECT 1 / 0')");
  Said const broken = tenancy("create-tenant far2 --isolation database --server eu --tenant-database " + far + "2");
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.error, HasSubstr("migration 003: statement 1 (line 1): division by zero"));
  EXPECT_EQ(connect().value("SELECT count(*) FROM pg_database WHERE datname = $1", {far + "2"}), "0");
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.tenants WHERE id = 'far2'"), "0");
  EXPECT_EQ(tenancy("create-tenant x --server eu").code, 2);
  EXPECT_EQ(tenancy("create-tenant x --isolation database --seed 'SELECT 1'").code, 2);
  cluster().drop_database(own);
  cluster().drop_database(far);
}

TEST_F(DriverControl, RolloutsAreCarriedOutAndRecorded) {
  make_fleet();
  EXPECT_EQ(tenancy("runs").output, "no runs\n");
  Said const canary = tenancy("rollout --canary-tenant t2 --stop-after-canary");
  EXPECT_EQ(canary.code, 0) << canary.error;
  EXPECT_THAT(canary.output, HasSubstr("wave \"canary\": 1 target"));
  EXPECT_THAT(canary.output, HasSubstr("the canary is done; 4 of 5 targets are left"));
  EXPECT_THAT(canary.output, EndsWith("What is left: tenancy run resume 1\n"));

  connect().exec("ALTER TABLE t3.users ADD name text");
  Said const rest = tenancy("run resume 1");
  EXPECT_EQ(rest.code, 1);
  EXPECT_THAT(rest.output, HasSubstr("failed: tenant \"t3\": migration 002: "));
  EXPECT_THAT(rest.output, Not(HasSubstr("\"t2\""))) << "it was done before";
  EXPECT_THAT(rest.output, EndsWith("tenancy run retry 1\n"));
  Said const shown = tenancy("run show 1");
  EXPECT_THAT(shown.output, HasSubstr("state      failed\n"));
  EXPECT_THAT(shown.output, HasSubstr("5: 0 had nothing to do, 4 done, 1 failed, 0 left\n"));
  EXPECT_THAT(shown.output, HasSubstr("t3"));
  EXPECT_THAT(shown.output, Not(HasSubstr("t4")));
  std::vector<json::object> const all = tenancy("run show 1 --all --json").objects();
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0].at("failed"), 1);
  EXPECT_EQ(all[1].at("tenant"), "t3");

  connect().exec("ALTER TABLE t3.users DROP name");
  EXPECT_EQ(tenancy("run retry 1").code, 0);
  std::vector<json::object> const runs = tenancy("runs --json").objects();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].at("state"), "done");

  EXPECT_EQ(tenancy("run rollback 1").code, 0);
  EXPECT_EQ(connect().value("SELECT string_agg(DISTINCT revision, ',') FROM tenancy.status() WHERE tenant IS NOT NULL"),
            "001");
  EXPECT_EQ(tenancy("runs --json").objects().size(), 2u);
}

TEST_F(DriverControl, RolloutsThatAreRefusedOrStopped) {
  make_fleet();
  EXPECT_EQ(tenancy("rollout --revision 9").code, 1);
  EXPECT_EQ(tenancy("rollout --tenant t1").code, 2);
  EXPECT_EQ(tenancy("rollout --down").code, 2);
  EXPECT_EQ(tenancy("rollout --stop-after-canary").code, 1);
  connect().exec("ALTER TABLE t1.users ADD name text");
  Said const stopped = tenancy("rollout --canary-tenant t1 --json");
  EXPECT_EQ(stopped.code, 3);
  ASSERT_EQ(stopped.objects().size(), 2u);
  EXPECT_EQ(stopped.objects()[0].at("tenant"), "t1");
  EXPECT_EQ(stopped.objects()[1].at("end"), "stopped");
  EXPECT_EQ(stopped.objects()[1].at("failed"), 1);
  EXPECT_EQ(stopped.objects()[1].at("not_started"), 4);
  EXPECT_EQ(stopped.objects()[1].at("run"), 1);

  EXPECT_EQ(tenancy("run show 77").code, 1);
  EXPECT_EQ(tenancy("run pause 1").code, 1);
  EXPECT_EQ(tenancy("run show 1 --watch").code, 0);
  EXPECT_EQ(tenancy("run show many").code, 2);
  EXPECT_EQ(tenancy("rollout --down --revision base").code, 0);
  EXPECT_EQ(connect().value("SELECT count(*) FROM tenancy.history('t2')"), "0");
}

TEST_F(DriverControl, NoControlDatabase) {
  EXPECT_EQ(tenancy("status -d 'host=/nowhere'").code, 4);
  connect().exec("DROP EXTENSION tenancy");
  Said const status = tenancy("status");
  EXPECT_EQ(status.code, 1);
  EXPECT_THAT(status.error, HasSubstr("CREATE EXTENSION tenancy"));
}

}  // namespace
}  // namespace tenancy::test
