#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "driver/command/application.h"
#include "tests/driver/temporary_folder.h"

namespace tenancy::driver {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Runs the application in a folder of its own.
class CommandLineTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::current_path(folder_.path()); }
  void TearDown() override { std::filesystem::current_path("/"); }

  int run(std::vector<std::string> words) {
    words.insert(words.begin(), "tenancy");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int const exit_code = run_application(static_cast<int>(words.size()), arguments.data());
    output_ = ::testing::internal::GetCapturedStdout();
    errors_ = ::testing::internal::GetCapturedStderr();
    return exit_code;
  }

  TemporaryFolder folder_;
  std::string output_;
  std::string errors_;
};

TEST_F(CommandLineTest, AloneItShowsWhatThereIs) {
  EXPECT_EQ(run({}), kDone);
  EXPECT_THAT(output_, HasSubstr("Start:\n"));
  EXPECT_THAT(output_, HasSubstr("  init "));
  EXPECT_THAT(output_, HasSubstr("--config FILE"));
  EXPECT_THAT(errors_, IsEmpty());
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

}  // namespace
}  // namespace tenancy::driver
