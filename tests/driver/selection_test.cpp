#include "driver/fleet/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "driver/command/failure.h"
#include "driver/command/run_call.h"
#include "driver/command/selection_options.h"

namespace tenancy::driver {
namespace {

using testing::ElementsAre;

TEST(Selection, ShardsAreAnIndexAndACount) {
  Shard const shard = parse_shard("2/5");
  EXPECT_EQ(shard.index, 2u);
  EXPECT_EQ(shard.count, 5u);
  for (const char* const text : {"", "2", "/", "2/", "/5", "0/5", "6/5", "2/0", "-1/5", "2/5x", " 2/5", "2/5/6"}) {
    EXPECT_THROW((void)parse_shard(text), std::invalid_argument) << text;
  }
}

std::string labels_of(const std::vector<std::string>& items) {
  CLI::App app;
  std::string labels;
  add_label_option(
      app, [&](std::string given) { labels = std::move(given); }, "labels");
  std::vector<std::string> words;  // the last one first
  for (auto item = items.rbegin(); item != items.rend(); ++item) words.insert(words.end(), {*item, "--label"});
  app.parse(std::move(words));
  return labels;
}

TEST(Selection, LabelsBecomeJson) {
  EXPECT_EQ(labels_of({"region=eu"}), R"({"region":"eu"})");
  EXPECT_EQ(labels_of({"region=eu", "note=a=\"b\""}), R"({"region":"eu","note":"a=\"b\""})");
  EXPECT_EQ(labels_of({"empty="}), R"({"empty":""})");
  EXPECT_EQ(labels_of({R"({"n": 1})"}), R"({"n": 1})");
  EXPECT_THROW((void)labels_of({"region"}), UsageError);
  EXPECT_THROW((void)labels_of({"=eu"}), UsageError);
}

TEST(Selection, PatternOfOneText) {
  EXPECT_EQ(like_pattern("acme"), "acme");
  EXPECT_EQ(like_pattern("50%_\\"), "50\\%\\_\\\\");
}

struct Parsed {
  std::shared_ptr<Selection> selection = std::make_shared<Selection>();
  CLI::App app{};

  explicit Parsed(const std::string& words) {
    add_selection_options(app, selection);
    add_shard_options(app, selection);
    app.parse(words, false);
  }
};

TEST(Selection, OptionsChooseTenants) {
  Parsed const parsed("--tenant a --tenant b --pattern eu% --tier gold --label x=1 --server eu --shard 1/3");
  EXPECT_THAT(parsed.selection->tenants, ElementsAre("a", "b"));
  EXPECT_EQ(parsed.selection->pattern, "eu%");
  EXPECT_EQ(parsed.selection->tier, "gold");
  EXPECT_EQ(parsed.selection->labels, R"({"x":"1"})");
  EXPECT_EQ(parsed.selection->server, "eu");
  EXPECT_EQ(parsed.selection->shard.count, 3u);
  EXPECT_THAT(parsed.selection->statuses, ElementsAre("active"));
}

TEST(Selection, StatusesAreAListOrAll) {
  EXPECT_THAT(Parsed("--status active,suspended").selection->statuses, ElementsAre("active", "suspended"));
  EXPECT_THAT(Parsed("--status archived").selection->statuses, ElementsAre("archived"));
  EXPECT_THAT(Parsed("--status all").selection->statuses, ElementsAre());
  EXPECT_THROW(Parsed("--status gone"), UsageError);
}

TEST(Selection, TheIndexOfAJobIsItsShard) {
  ASSERT_EQ(setenv("JOB_COMPLETION_INDEX", "4", 1), 0);
  Shard const shard = Parsed("--shards 5").selection->shard;
  EXPECT_EQ(shard.index, 5u);
  EXPECT_EQ(shard.count, 5u);
  EXPECT_THROW(Parsed("--shards 4"), UsageError);
  ASSERT_EQ(unsetenv("JOB_COMPLETION_INDEX"), 0);
  EXPECT_THROW(Parsed("--shards 5"), UsageError);
}

TEST(RunCall, HintsNameTheCommandsOfThisProgram) {
  EXPECT_EQ(in_commands("CALL tenancy.resume(12) does what is left, CALL tenancy.retry_failed(12) what failed too."),
            "tenancy run resume 12 does what is left, tenancy run retry 12 what failed too.");
  EXPECT_EQ(in_commands("tenancy.run_report(7) does."), "tenancy run show 7 does.");
  EXPECT_EQ(in_commands("See tenancy.tenants."), "See tenancy.tenants.");
}

}  // namespace
}  // namespace tenancy::driver
