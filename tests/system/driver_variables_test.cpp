// Variables in migrations: the same values, refusals and lines by plain SQL, by calls of the extension, and by the
// driver over a whole fleet.
#include <gmock/gmock.h>

#include "driver/apply/called_runner.h"
#include "driver/command/exit_code.h"
#include "tests/system/driver_fleet.h"
#include "tests/system/driver_plain.h"

namespace tenancy::test {
namespace {

using driver::kDone;
using driver::kTargetsFailed;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<File> kFiles{
    {"001_limits.sql",
     "-- MIGRATION_VARIABLES: on\nCREATE TABLE {{ schema }}.limits AS SELECT {{\n seats | raw }} AS seats,\n"
     " {{ region }} AS region, '{{ shared_schema }} {{ database }}' AS places;\n-- DOWNGRADE\nDROP TABLE limits;\n"
     "COMMENT ON SCHEMA {{ schema }} IS 'was {{ region }}';\n"},
    {"002_plain.sql", "CREATE TABLE plain AS SELECT '{{ region }}'::text AS region;\n"}};

class DriverVariables : public PlainTest {
 protected:
  static std::string failure_of(const driver::Outcome& outcome) {
    return outcome.failure ? outcome.failure->message + "|" + outcome.failure->hint : "";
  }

  std::string extension_failure(const std::string& call) {
    try {
      control().query(call);
    } catch (const PgError& error) {
      return error.report().message + "|" + error.report().hint;
    }
    return "";
  }

  driver::Target tenant(const std::string& schema, core::VariableMap stored) {
    driver::Target target = PlainTest::schema(schema);
    target.variables = std::move(stored);
    return target;
  }
};

TEST_F(DriverVariables, OfPlainTargetsAreThoseOfTheExtension) {
  load(kFiles);
  both("CREATE SCHEMA \"o'neil\"");
  driver::Request request;
  request.variables = {{"region", "it's\neu"}};
  const driver::Outcome outcome = migrate(tenant("o'neil", {{"region", "stored"}, {"seats", "5"}}), request);
  ASSERT_EQ(failure_of(outcome), "");
  control().exec("SELECT tenancy.set_variable('region', 'stored'), tenancy.set_variable('seats', '5')");
  control().exec("SET tenancy.variables = '{\"region\": \"it''s\\neu\"}'");
  control().query("SELECT tenancy.migrate_schema('o''neil')");
  EXPECT_EQ(tracked(plain(), "\"o'neil\""), tracked(control(), "\"o'neil\""));
  const std::string row =
      "SELECT concat_ws('|', seats, l.region, replace(places, current_database(), 'here'), p.region)"
      "  FROM \"o'neil\".limits AS l, \"o'neil\".plain AS p";
  EXPECT_EQ(plain().value(row), "5|it's\neu|public here|{{ region }}");
  EXPECT_EQ(plain().value(row), control().value(row));
}

TEST_F(DriverVariables, ThatAreMissingAreRefusedBeforeAnythingRuns) {
  load({{"001_first.sql", "CREATE TABLE first (id int);"},
        {"002_next.sql", "-- MIGRATION_VARIABLES: on\nSELECT 1;\nSELECT {{ seats }};\n"}});
  both("CREATE SCHEMA t");
  const driver::Outcome outcome = migrate(schema("t"));
  EXPECT_THAT(failure_of(outcome),
              HasSubstr("schema \"t\": migration 002: 002_next.sql line 3: variable seats has no value|Give it one: "));
  EXPECT_EQ(failure_of(outcome), extension_failure("SELECT tenancy.migrate_schema('t')"));
  EXPECT_EQ(plain().value("SELECT count(*) FROM pg_class WHERE relnamespace = 't'::regnamespace"), "0");
}

TEST_F(DriverVariables, KeepTheLinesOfErrors) {
  load({{"001_a.sql",
         "-- MIGRATION_VARIABLES: on\nSELECT '{{ text }}', {{\n text\n}};\nSELECT {{ text }} + nothing;\n"}});
  both("CREATE SCHEMA t");
  control().exec("SELECT tenancy.set_variable('text', E'a\\nb\\n\\nc')");
  const driver::Outcome outcome = migrate(tenant("t", {{"text", "a\nb\n\nc"}}));
  EXPECT_THAT(failure_of(outcome), HasSubstr("statement 2 (001_a.sql line 5): "));
  EXPECT_EQ(failure_of(outcome), extension_failure("SELECT tenancy.migrate_schema('t')"));
}

TEST_F(DriverVariables, GoWithTheCallToAnotherDatabase) {
  load(kFiles);
  plain().exec("CREATE EXTENSION tenancy; CREATE SCHEMA t; SELECT tenancy.set_variable('region', 'its own')");
  driver::Target target = tenant("t", {{"region", "eu"}, {"seats", "5"}});
  target.tenant = "acme";
  target.database = plain_name();
  driver::Connection session = open();
  driver::Request request;
  request.variables = {{"seats", "7"}};
  driver::CalledRunner runner(store(), request);
  const driver::Outcome outcome = loop().run(runner.run(session, target, soon()));
  ASSERT_EQ(failure_of(outcome), "");
  EXPECT_EQ(plain().value("SELECT concat_ws('|', seats, region) FROM t.limits"), "7|eu");
  EXPECT_EQ(plain().value("SELECT variables FROM tenancy.migrations WHERE version = '001'"), "on");
}

TEST_F(DriverVariables, OutsideOfTransactions) {
  load({{"001_a.sql", "CREATE TABLE a (id int);"},
        {"002_b.sql",
         "-- MIGRATION_TRANSACTION: off\n-- MIGRATION_VARIABLES: on\n"
         "CREATE INDEX CONCURRENTLY {{ index | identifier }} ON a (id);"}});
  both("CREATE SCHEMA t; CREATE TABLE t.other ()");
  EXPECT_THAT(failure_of(migrate(schema("t"))), HasSubstr("002_b.sql line 3: variable index has no value"));
  EXPECT_EQ(plain().value("SELECT to_regclass('t.a')"), std::nullopt);
  ASSERT_EQ(failure_of(migrate(tenant("t", {{"index", "By id"}}))), "");
  EXPECT_EQ(plain().value("SELECT indexname FROM pg_indexes WHERE schemaname = 't' AND tablename = 'a'"), "By id");
}

class DriverVariablesFleet : public FleetTest {
 protected:
  static constexpr const char* kRow = "SELECT concat_ws('|', schema, tenant, region, plan) FROM ";

  DriverVariablesFleet() {
    add_schemas(3);
    add_databases(2);
    register_other(other_cluster().conninfo());
    add_databases_on_other(2);
    connect().query(
        "SELECT tenancy.add_migration('001', 'CREATE TABLE about AS SELECT {{ schema | literal }} AS schema,"
        " {{ tenant }} AS tenant, {{ region }} AS region, {{ plan }} AS plan', 'DROP TABLE about', variables => 'on')");
    connect().query("SELECT tenancy.set_variable('region', 'eu')");
    for (const std::string& id : {std::string("t2"), database() + "_d1", database() + "_eu2"}) {
      connect().query("SELECT tenancy.set_variable('region', 'of ' || $1, $1)", {id});
    }
  }

  void expect_values(const std::string& plan) {
    EXPECT_EQ(connect().value(std::string(kRow) + "t1.about"), "t1|t1|eu|" + plan);
    EXPECT_EQ(connect().value(std::string(kRow) + "t2.about"), "t2|t2|of t2|" + plan);
    const std::string d = database() + "_d";
    EXPECT_EQ(row_in(cluster(), d + "1"), "public|" + d + "1|of " + d + "1|" + plan);
    EXPECT_EQ(row_in(cluster(), d + "2"), "public|" + d + "2|eu|" + plan);
  }

  static std::optional<std::string> row_in(Cluster& cluster, const std::string& database) {
    return cluster.connect(database).value(std::string(kRow) + "about");
  }
};

TEST_F(DriverVariablesFleet, AreThoseOfEachTenantWhereverItLives) {
  // One of the databases has the extension, and knows nothing of the tenant.
  cluster().connect(database() + "_d1").exec("CREATE EXTENSION tenancy");
  DriverProcess missing = start({"upgrade"});
  EXPECT_EQ(missing.wait(), kTargetsFailed);
  EXPECT_THAT(missing.output() + missing.error(), HasSubstr("variable plan has no value"));
  DriverProcess upgrade = start({"upgrade", "--var", "plan=a=b, c", "--var", "region2=x"});
  EXPECT_EQ(upgrade.wait(), kDone) << upgrade.output() << upgrade.error();
  expect_values("a=b, c");
  const std::string eu = database() + "_eu";
  EXPECT_EQ(row_in(other_cluster(), eu + "1"), "public|" + eu + "1|eu|a=b, c");
  EXPECT_EQ(row_in(other_cluster(), eu + "2"), "public|" + eu + "2|of " + eu + "2|a=b, c");
  EXPECT_THAT(upgrade.error(), IsEmpty());
}

TEST_F(DriverVariablesFleet, ReachTheWorkersOfTheDatabase) {
  DriverProcess rollout = start({"rollout", "--var", "plan=gold", "--workers", "2"});
  EXPECT_EQ(rollout.wait(), kTargetsFailed) << "those on the other server are out of its reach";
  expect_values("gold");
  DriverProcess plain = start({"upgrade", "--plain", "--var", "plan=silver"});
  EXPECT_EQ(plain.wait(), kDone) << plain.output() << plain.error();
  expect_values("gold");
  // A new database brings its own values, which beat the set's.
  const std::string own = database() + "_own";
  connect().exec("CALL tenancy.create_tenant_database('" + own +
                 "', variables => '{\"region\": \"own\", \"plan\": \"1\"}')");
  EXPECT_EQ(row_in(cluster(), own), "public|" + own + "|own|1");
  DriverProcess created = start({"create-tenant", "t4", "--var", "plan=new"});
  EXPECT_EQ(created.wait(), kDone) << created.output() << created.error();
  EXPECT_EQ(connect().value(std::string(kRow) + "t4.about"), "t4|t4|eu|new");
}

}  // namespace
}  // namespace tenancy::test
