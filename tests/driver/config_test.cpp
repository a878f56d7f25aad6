#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "driver/command/failure.h"
#include "driver/config/configuration.h"
#include "tests/driver/temporary_folder.h"

namespace tenancy::driver {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConfigTest : public ::testing::Test {
 protected:
  Configuration load(const std::string& toml, const GivenFlags& flags = {}) {
    if (!toml.empty()) folder_.write("tenancy.toml", toml);
    return Configuration::load(flags, variables(), folder_.path());
  }

  /// The error, and behind " | " its hint.
  std::string error_of(const std::string& toml, const GivenFlags& flags = {}) {
    try {
      load(toml, flags);
    } catch (const UsageError& error) {
      EXPECT_EQ(error.exit_code(), kUsage);
      return std::string(error.what()) + " | " + error.hint();
    }
    return "no error";
  }

  static std::string origin_of(const Configuration& configuration, const std::string& key) {
    return entry_of(configuration, key).origin;
  }
  static Configuration::Entry entry_of(const Configuration& configuration, const std::string& key) {
    for (Configuration::Entry& entry : configuration.entries()) {
      if (entry.key == key) return entry;
    }
    return {key, "", "absent"};
  }

  Variables variables() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      auto const found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
  }

  TemporaryFolder folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(ConfigTest, HasDefaultsWithoutAFile) {
  Configuration const configuration = load("");
  EXPECT_EQ(configuration.settings().lanes.lanes, 10U);
  EXPECT_EQ(configuration.settings().migrations, "migrations");
  EXPECT_EQ(configuration.settings().request.lock_timeout, std::chrono::seconds(2));
  EXPECT_TRUE(configuration.file().empty());
  for (const Configuration::Entry& entry : configuration.entries()) EXPECT_EQ(entry.origin, "default") << entry.key;
}

TEST_F(ConfigTest, HasVariablesOfMigrations) {
  GivenFlags flags;
  flags.settings = {{"variables.plan", "--var", {"a=b, c"}}};
  flags.environment = "prod";
  Configuration const configuration = load(
      "[variables]\nregion = \"eu\"\nseats = 5\nplan = \"free\"\n[env.prod.variables]\nregion = \"us\"\n"
      "[standalone.targets.acme]\nvariables = [\"region=of acme\"]\n",
      flags);
  core::VariableMap const expected{{"plan", "a=b, c"}, {"region", "us"}, {"seats", "5"}};
  EXPECT_EQ(configuration.settings().request.variables, expected);
  EXPECT_EQ(configuration.settings().standalone.targets.at("acme").variables.at(0), "region=of acme");
  EXPECT_EQ(origin_of(configuration, "variables.plan"), "--var");
  EXPECT_EQ(origin_of(configuration, "variables.region"), "tenancy.toml:6 [env.prod]");
}

TEST_F(ConfigTest, RefusesVariablesThatCannotBe) {
  EXPECT_THAT(error_of("[variables]\ntenant = \"x\"\n"),
              HasSubstr("tenancy.toml:2: variables.tenant is wrong: variable tenant is built in"));
  EXPECT_THAT(error_of("[variables]\n\"a b\" = \"x\"\n"), HasSubstr("\"a b\" is not a name for a variable"));
  EXPECT_THAT(error_of("[standalone.targets.acme]\nvariables = [\"region\"]\n"),
              HasSubstr("\"region\" gives no variable a value"));
}

TEST_F(ConfigTest, LaterOnesWin) {
  std::string const toml =
      "concurrency = 1\nper_server = 1\npage_size = 1\nmax_attempts = 1\nrun_as = \"owner\"\n"
      "[env.prod]\nper_server = 2\npage_size = 2\nmax_attempts = 2\n"
      "[env.dev]\nconcurrency = 99\n";
  variables_ = {{"TENANCY_ENV", "prod"}, {"TENANCY_PAGE_SIZE", "3"}, {"TENANCY_MAX_ATTEMPTS", "3"}};
  GivenFlags flags;
  flags.settings = {{"max_attempts", "--max-attempts", {"4"}}};
  Configuration const configuration = load(toml, flags);
  EXPECT_EQ(configuration.environment(), "prod");
  EXPECT_EQ(configuration.settings().lanes.lanes, 1U);
  EXPECT_EQ(configuration.settings().lanes.per_server, 2U);
  EXPECT_EQ(configuration.settings().lanes.page_size, 3U);
  EXPECT_EQ(configuration.settings().lanes.retry.max_attempts, 4);
  EXPECT_EQ(origin_of(configuration, "run_as"), "tenancy.toml:5");
  EXPECT_EQ(origin_of(configuration, "per_server"), "tenancy.toml:7 [env.prod]");
  EXPECT_EQ(origin_of(configuration, "page_size"), "TENANCY_PAGE_SIZE");
  EXPECT_EQ(origin_of(configuration, "max_attempts"), "--max-attempts");
  EXPECT_EQ(origin_of(configuration, "json"), "default");
}

TEST_F(ConfigTest, ReadsEveryKindOfValue) {
  Settings const settings = load(
                                "lock_timeout = \"1min\"\nstatement_timeout = 1500\nmax_failures = \"2.5%\"\n"
                                "shared_schemas = [\"app\", \"odd, name\"]\nquiet = true\nout_of_order = \"skip\"\n"
                                "[sets.billing]\nfolder = \"billing\"\nscope = \"both\"\nfile_format = \"goose\"\n"
                                "[servers.eu]\nconninfo = \"service=eu\"\nmax_connections = 5\n"
                                "[standalone]\nenabled = true\ntenants = [\"a\", \"b\"]\n"
                                "[standalone.targets.acme]\nserver = \"eu\"\ndatabase = \"acme_db\"\n")
                                .settings();
  EXPECT_EQ(settings.request.lock_timeout, std::chrono::minutes(1));
  EXPECT_EQ(settings.request.statement_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(settings.lanes.max_failures.most, 2U);
  EXPECT_EQ(settings.lanes.max_failures.thousandths, 500U);
  EXPECT_EQ(settings.request.shared_schemas, (std::vector<std::string>{"app", "odd, name"}));
  EXPECT_TRUE(settings.output.quiet);
  EXPECT_EQ(settings.request.out_of_order, core::OutOfOrder::skip);
  EXPECT_EQ(settings.sets.at("billing").folder, "billing");
  EXPECT_EQ(settings.sets.at("billing").scope, core::Scope::both);
  EXPECT_EQ(settings.sets.at("billing").file_format, core::Format::goose);
  EXPECT_EQ(settings.file_format, std::nullopt);
  EXPECT_EQ(settings.servers.at("eu").max_connections, 5U);
  EXPECT_TRUE(settings.standalone.enabled);
  EXPECT_EQ(settings.standalone.tenants.size(), 2U);
  EXPECT_EQ(settings.standalone.targets.at("acme").database, "acme_db");
}

TEST_F(ConfigTest, VariablesAndFlagsSpellListsWithCommas) {
  variables_ = {{"TENANCY_SHARED_SCHEMAS", "app, common"}};
  GivenFlags flags;
  flags.settings = {{"standalone.tenants", "--tenants", {"a,b", "c"}}};
  Settings const settings = load("", flags).settings();
  EXPECT_EQ(settings.request.shared_schemas, (std::vector<std::string>{"app", "common"}));
  EXPECT_EQ(settings.standalone.tenants, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ConfigTest, ShowsWhatItTakes) {
  std::map<std::string, std::string> const values{
      {"lock_timeout", "90s"},  {"retry_delay", "250ms"},      {"target_timeout", "2h"},
      {"max_failures", "2.5%"}, {"run_as", "caller"},          {"out_of_order", "apply"},
      {"scope", "public"},      {"concurrency", "7"},          {"color", "never"},
      {"json", "true"},         {"tracking_table", "t"},       {"shared_schemas", "a, b"},
      {"max_retry_delay", "0"}, {"file_format", "sql-migrate"}};
  for (const auto& [key, value] : values) variables_[find_setting(key)->variable()] = value;
  Configuration const configuration = load("");
  for (const auto& [key, value] : values) EXPECT_EQ(entry_of(configuration, key).value, value) << key;
}

TEST_F(ConfigTest, IsFoundFromTheFolderUpwards) {
  folder_.write("tenancy.toml", "concurrency = 3\nmigrations = \"db\"\n");
  folder_.write("deep/er/file", "");
  Configuration const configuration = Configuration::load({}, variables(), folder_.path() / "deep" / "er");
  EXPECT_EQ(configuration.settings().lanes.lanes, 3U);
  EXPECT_EQ(configuration.settings().migrations, folder_.path() / "db");
}

TEST_F(ConfigTest, CanBeNamed) {
  folder_.write("tenancy.toml", "concurrency = 3\n");
  folder_.write("other.toml", "concurrency = 4\n");
  folder_.write("third.toml", "concurrency = 5\n");
  variables_ = {{"TENANCY_CONFIG", "other.toml"}};
  EXPECT_EQ(load("").settings().lanes.lanes, 4U);
  EXPECT_EQ(load("", {.config_file = "third.toml"}).settings().lanes.lanes, 5U);
  EXPECT_EQ(error_of("", {.config_file = "none.toml"}), "cannot read none.toml: No such file or directory | ");
  EXPECT_THAT(error_of("", {.config_file = "."}), HasSubstr("is a folder, not a configuration file"));
}

TEST_F(ConfigTest, ErrorsSayWhereAndWhatWasMeant) {
  EXPECT_EQ(error_of("\nconcurency = 3\n"),
            "tenancy.toml:2: unknown setting \"concurency\" | Did you mean concurrency?");
  EXPECT_EQ(error_of("[env.prod]\nlock_timout = \"1s\"\n"),
            "tenancy.toml:2: unknown setting \"lock_timout\" | Did you mean lock_timeout?");
  EXPECT_EQ(error_of("[sets.billing]\nfoldr = \"x\"\n"),
            "tenancy.toml:2: unknown setting \"sets.billing.foldr\" | Did you mean sets.billing.folder?");
  EXPECT_EQ(error_of("[sets.billing]\nmigrations = 'm'\n"),
            "tenancy.toml:2: unknown setting \"sets.billing.migrations\" | In [sets.billing] there are: folder, scope, "
            "file_format.");
  EXPECT_THAT(error_of("[fleet]\n"), StartsWith("tenancy.toml:1: unknown setting \"fleet\""));
  EXPECT_THAT(error_of("[fleet]\nx = 1\n"), StartsWith("tenancy.toml:2: unknown setting \"fleet.x\""));
  EXPECT_THAT(error_of("concurrency = \n"), StartsWith("tenancy.toml:1: "));
  EXPECT_EQ(error_of("concurrency = 0\n"),
            "tenancy.toml:1: concurrency must be a whole number from 1 to 10000, not \"0\" | ");
  EXPECT_THAT(error_of("concurrency = 1.5\n"), HasSubstr("tenancy.toml:1: concurrency must be a text, a whole number"));
  EXPECT_THAT(error_of("concurrency = [1]\n"), HasSubstr("concurrency must be one value, not a list"));
  EXPECT_THAT(error_of("lock_timeout = \"5 parsecs\"\n"), HasSubstr("lock_timeout \"5 parsecs\" is not a time"));
  EXPECT_EQ(error_of("run_as = \"root\"\n"), "tenancy.toml:1: run_as must be auto, caller or owner, not \"root\" | ");
  EXPECT_THAT(error_of("[env.dev]\nrun_as = \"root\"\n"), StartsWith("tenancy.toml:2: run_as must be"));
  EXPECT_THAT(error_of("env = 3\n"), StartsWith("tenancy.toml:1: env must be a section"));
  EXPECT_EQ(error_of("shared_schemas = []\n"), "tenancy.toml:1: shared_schemas must name a schema at least | ");
  EXPECT_THAT(error_of("migration_set = \"My Set\"\n"), StartsWith("tenancy.toml:1: migration_set is no name of a"));
  EXPECT_THAT(error_of("[sets.a]\nscope = \"both\"\n"), StartsWith("sets.a.folder is missing"));
  EXPECT_THAT(error_of("[standalone.targets.a]\nserver = \"eu\"\n"),
              StartsWith("tenancy.toml:2: standalone.targets.a.server names no server: \"eu\" | Add a section"));
}

TEST_F(ConfigTest, ErrorsOfVariablesAndFlagsNameThem) {
  variables_ = {{"TENANCY_CONCURRENCY", "many"}};
  EXPECT_THAT(error_of(""), StartsWith("TENANCY_CONCURRENCY must be a whole number"));
  variables_ = {};
  GivenFlags flags;
  flags.settings = {{"run_as", "--run-as", {"me"}}};
  EXPECT_THAT(error_of("", flags), StartsWith("--run-as must be auto, caller or owner"));
}

TEST_F(ConfigTest, AnUnknownEnvironmentIsAnError) {
  EXPECT_EQ(error_of("[env.prod]\n", {.environment = "prd"}),
            "tenancy.toml has no environment \"prd\" | Did you mean prod?");
  EXPECT_EQ(error_of("[env.prod]\n[env.dev]\n", {.environment = "elsewhere"}),
            "tenancy.toml has no environment \"elsewhere\" | It has dev, prod.");
  EXPECT_EQ(error_of("concurrency = 1\n", {.environment = "prod"}),
            "tenancy.toml has no environment \"prod\" | Add a section [env.prod] to it.");
}

TEST_F(ConfigTest, AnEnvironmentNeedsAFile) {
  EXPECT_THAT(error_of("", {.environment = "prod"}), StartsWith("environment \"prod\" needs a configuration file"));
}

TEST_F(ConfigTest, MasksSecrets) {
  Configuration const configuration = load(
      "database = \"postgresql://deploy:hunter2@db.example.com/app\"\n"
      "[servers.eu]\nconninfo = \"host=eu password=hunter2 sslpassword=hunter2\"\n");
  for (const Configuration::Entry& entry : configuration.entries()) {
    EXPECT_THAT(entry.value, ::testing::Not(HasSubstr("hunter2"))) << entry.key;
  }
  EXPECT_THAT(configuration.settings().database, HasSubstr("hunter2"));
}

TEST_F(ConfigTest, GitHubIsNoticed) {
  variables_ = {{"GITHUB_ACTIONS", "true"}};
  Configuration const configuration = load("");
  EXPECT_TRUE(configuration.settings().output.github);
  EXPECT_EQ(origin_of(configuration, "github"), "GITHUB_ACTIONS");
  EXPECT_FALSE(load("github = false\n").settings().output.github);
}

}  // namespace
}  // namespace tenancy::driver
