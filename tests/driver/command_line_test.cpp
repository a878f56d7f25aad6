#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/driver/command_line.h"

namespace tenancy::driver {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CommandLineTest : public ::testing::Test {
 protected:
  int run(std::vector<std::string> words) { return line_.run(std::move(words)); }

  CommandLine line_;
  const TemporaryFolder& folder_ = line_.folder();
  const std::string& output_ = line_.output();
  const std::string& errors_ = line_.errors();
};

TEST_F(CommandLineTest, AloneItShowsWhatThereIs) {
  EXPECT_EQ(run({}), kDone);
  EXPECT_THAT(output_, HasSubstr("Start:\n"));
  EXPECT_THAT(output_, HasSubstr("  init "));
  EXPECT_THAT(output_, HasSubstr("--config FILE"));
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(CommandLineTest, TakesVariables) {
  EXPECT_EQ(run({"config", "--var", "region=eu", "--var", "motto=a, b"}), kDone);
  EXPECT_THAT(output_, HasSubstr("variables.region"));
  EXPECT_THAT(output_, HasSubstr("a, b"));
  EXPECT_EQ(run({"config", "--var", "region"}), kUsage);
  EXPECT_THAT(errors_, HasSubstr("NAME=VALUE"));
  EXPECT_EQ(run({"config", "--var", "schema=x"}), kUsage);
  EXPECT_THAT(errors_, HasSubstr("variable schema is built in"));
}

TEST_F(CommandLineTest, HelpHasExamples) {
  EXPECT_EQ(run({"new", "--help"}), kDone);
  EXPECT_THAT(output_, HasSubstr("Usage: tenancy new NAME [OPTION]...\n"));
  EXPECT_THAT(output_, HasSubstr("Examples:\n  tenancy new add_invoices"));
  std::string const by_option = output_;
  EXPECT_EQ(run({"help", "new"}), kDone);
  EXPECT_EQ(output_, by_option);
}

TEST_F(CommandLineTest, SlipsAreUsageErrorsThatSayWhatWasMeant) {
  EXPECT_EQ(run({"chek"}), kUsage);
  EXPECT_EQ(errors_, "tenancy: tenancy has no command \"chek\"\n  hint: Did you mean tenancy check?\n");
  EXPECT_THAT(output_, IsEmpty());
  EXPECT_EQ(run({"chek", "--help"}), kUsage);
  EXPECT_THAT(errors_, HasSubstr("Did you mean tenancy check?"));
  EXPECT_EQ(run({"check", "--stric"}), kUsage);
  EXPECT_THAT(errors_, HasSubstr("Did you mean --strict?"));
  EXPECT_EQ(run({"check", "--databse=x"}), kUsage);
  EXPECT_THAT(errors_, HasSubstr("Did you mean --database?"));
  EXPECT_EQ(run({"check", "a", "b"}), kUsage);
  EXPECT_THAT(errors_, StartsWith("tenancy: tenancy check does not take the argument \"b\""));
  EXPECT_EQ(run({"new"}), kUsage);
  EXPECT_THAT(errors_, StartsWith("tenancy: NAME is required"));
  EXPECT_EQ(run({"config", "--env"}), kUsage);
  EXPECT_EQ(run({"help", "chek"}), kUsage);
  EXPECT_EQ(run({"config", "--config", "none.toml"}), kUsage);
}

TEST_F(CommandLineTest, VersionWorksBesideABrokenConfiguration) {
  folder_.write("tenancy.toml", "][");
  EXPECT_EQ(run({"version"}), kDone);
  EXPECT_THAT(output_, StartsWith("tenancy "));
  EXPECT_EQ(run({"config"}), kUsage);
  EXPECT_THAT(errors_, StartsWith("tenancy: tenancy.toml:1: "));
}

TEST_F(CommandLineTest, OptionsOfEveryCommandStandAnywhere) {
  folder_.write("other.toml", "concurrency = 77\n");
  EXPECT_EQ(run({"--config", "other.toml", "config"}), kDone);
  EXPECT_THAT(output_, HasSubstr("other.toml:1"));
  EXPECT_EQ(run({"config", "--config", "other.toml"}), kDone);
  EXPECT_THAT(output_, HasSubstr("other.toml:1"));
  EXPECT_EQ(run({"config", "-c", "5", "--config=other.toml", "--json"}), kDone);
  EXPECT_THAT(output_, HasSubstr(R"({"key":"concurrency","value":"5","origin":"--concurrency"})"));
}

TEST_F(CommandLineTest, AStarterFolderIsGood) {
  EXPECT_EQ(run({"init", "db"}), kDone);
  EXPECT_EQ(run({"check", "--config", "db/tenancy.toml", "--strict"}), kDone) << output_ << errors_;
  EXPECT_THAT(output_, HasSubstr("1 migration in 1 file: nothing to object"));
  EXPECT_EQ(run({"init", "db"}), kUsage);
  EXPECT_THAT(errors_, HasSubstr("db/tenancy.toml is there already: nothing was written"));
  EXPECT_EQ(run({"new", "add x", "--config", "db/tenancy.toml"}), kDone);
  EXPECT_EQ(output_, "db/migrations/002_add_x.sql\n");
  EXPECT_EQ(run({"check", "--config", "db/tenancy.toml"}), kUsage);
  EXPECT_THAT(output_, HasSubstr("db/migrations/002_add_x.sql:3: error: the UPGRADE section is empty"));
}

TEST_F(CommandLineTest, AStandaloneFleetHasNothingToLoadInto) {
  folder_.write("tenancy.toml", "[standalone]\nenabled = true\n");
  EXPECT_EQ(run({"load"}), kUsage);
  EXPECT_THAT(errors_, StartsWith("tenancy: a standalone fleet has no control database to load into\n"));
}

TEST_F(CommandLineTest, TheManualHasEveryCommandAndSetting) {
  EXPECT_EQ(run({"help", "--man"}), kDone);
  EXPECT_THAT(output_, StartsWith(".TH TENANCY 1"));
  EXPECT_THAT(output_, HasSubstr(".SS tenancy check [DIR] [OPTION]...\n"));
  EXPECT_THAT(output_, HasSubstr("\\fBstandalone.discover_databases, TENANCY_STANDALONE_DISCOVER_DATABASES\\fR"));
}

TEST_F(CommandLineTest, ShellsGetCompletions) {
  for (const char* const shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(run({"completion", shell}), kDone);
    EXPECT_THAT(output_, HasSubstr("tenancy check")) << shell;
    EXPECT_THAT(output_, HasSubstr("strict")) << shell;
  }
  EXPECT_EQ(run({"completion", "tcsh"}), kUsage);
}

TEST_F(CommandLineTest, AnArgumentMayHaveTheNameOfACommand) {
  EXPECT_EQ(run({"new", "check"}), kDone);
  EXPECT_EQ(output_, "migrations/001_check.sql\n");
}

TEST_F(CommandLineTest, WhatAServerWouldRefuseIsKnownBefore) {
  folder_.write("migrations/001_a.sql", "CREATE TABLE t ();\nCOMMIT;\n-- DOWNGRADE\nDROP TABLE t;\n");
  folder_.write("migrations/002_b.sql", "CREATE INDEX CONCURRENTLY i ON t (a);\n-- DOWNGRADE\nVACUUM;\n");
  EXPECT_EQ(run({"check"}), kUsage);
  EXPECT_THAT(output_, HasSubstr("migrations/001_a.sql:2: error: statement 2, COMMIT, "));
  EXPECT_THAT(output_, HasSubstr("migrations/002_b.sql:1: error: statement 1, CREATE INDEX CONCURRENTLY, "));
  EXPECT_THAT(output_, HasSubstr("migrations/002_b.sql:3: warning: statement 1, VACUUM"));
}

}  // namespace
}  // namespace tenancy::driver
