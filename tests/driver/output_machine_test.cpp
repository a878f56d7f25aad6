#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "driver/output/console.h"
#include "driver/output/github_reporter.h"
#include "driver/output/json_reporter.h"
#include "driver/output/junit_reporter.h"
#include "tests/driver/output_feed.h"
#include "tests/driver/temporary_folder.h"

namespace tenancy::driver {
namespace {

using namespace std::chrono_literals;

class Folder : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path();
};

Summary one_failed() {
  return {.end = Summary::End::failures,
          .targets = 3,
          .migrated = 1,
          .unchanged = 1,
          .failed = 1,
          .retries = 2,
          .run = 7,
          .duration = 1500ms};
}

TEST(Json, HasALineForEachTargetAndASummary) {
  StringStream stream;
  JsonReporter reporter(stream);
  reporter.begin(kUpgrade);
  reporter.note("not for machines");
  reporter.finished(done("acme"));
  EXPECT_EQ(stream.take(),
            R"({"type":"target","tenant":"acme","server":null,"database":null,"schema":"acme","kind":"tenant",)"
            R"("set":"default","state":"done","from":"001","to":"002","held_at":null,"steps":[{"set":"default",)"
            R"("version":"002",)"
            R"("description":"users","direction":"up","duration_ms":1.5}],"skipped":[],"attempts":1,"duration_ms":2.5,)"
            R"("waited_ms":0,"error":null})"
            "\n");
  reporter.finished(failed("globex"));
  const boost::json::value target = boost::json::parse(stream.take());
  EXPECT_EQ(target.at("state"), "failed");
  EXPECT_EQ(target.at("error").at("sqlstate"), "42P01");
  EXPECT_TRUE(target.at("error").at("hint").is_null());
  reporter.end(one_failed());
  EXPECT_EQ(
      stream.take(),
      R"({"type":"summary","operation":"upgrade","revision":"head","place":"app on db1.example.com",)"
      R"("end":"failures","reason":null,"targets":3,"migrated":1,"unchanged":1,"failed":1,"cancelled":0,)"
      R"("not_started":0,"retries":2,"skipping":0,"run":7,"duration_ms":1500,"errors":[{"sqlstate":"42P01","message":)"
      R"("migration 002: statement 1 (002_users.sql line 4): relation \"users\" does not exist",)"
      R"("targets":1,"first":"tenant \"globex\""}]})"
      "\n");
}

TEST(Json, IsValidWhateverOthersWrote) {
  StringStream stream;
  JsonReporter reporter(stream);
  reporter.finished(failed("a\xff\x1b\n\"b", "株式会社"));
  const std::string line = stream.take();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  const boost::json::value target = boost::json::parse(line);
  EXPECT_EQ(target.at("tenant"), "a\\xff\x1b\n\"b");
  EXPECT_TRUE(target.at("error").at("message").as_string().ends_with("株式会社"));
}

using JUnit = Folder;

TEST_F(JUnit, HasATestCaseForEachTarget) {
  HandClock time;
  JUnitReporter reporter(path_ / "report.xml", time.clock());
  reporter.begin(kUpgrade);
  reporter.finished(done("acme"));
  Outcome outcome = failed("a<b>&\"\x1b\xff");
  outcome.target.server = "eu";
  outcome.target.database = "app";
  outcome.failure->detail = "one\ntwo";
  reporter.finished(outcome);
  reporter.finished({.target = {.schema = "public"}, .state = Outcome::State::cancelled});
  EXPECT_FALSE(std::filesystem::exists(path_ / "report.xml"));
  reporter.end(one_failed());
  std::string text = folder_.read("report.xml");
  // The room that is left behind the counts.
  const std::size_t spaces = text.find("  ");
  text.erase(spaces, text.find_first_not_of(' ', spaces) - spaces);
  EXPECT_EQ(text, R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="tenancy upgrade to head" tests="3" failures="1" errors="0" skipped="1" time="1.500000" timestamp="2026-11-21T14:00:00Z">
  <testcase classname="tenancy" name="acme" time="0.002500"><system-out>done: tenant &quot;acme&quot;: 001 -&gt; 002, 1 step, 2.5 ms</system-out></testcase>
  <testcase classname="tenancy.eu.app" name="a&lt;b&gt;&amp;&quot;\x1b\xff" time="0.002500"><failure type="42P01" message="migration 002: statement 1 (002_users.sql line 4): relation &quot;users&quot; does not exist">failed: tenant &quot;a&lt;b&gt;&amp;&quot;\x1b\xff&quot; (server &quot;eu&quot;, database &quot;app&quot;, schema &quot;a&lt;b&gt;&amp;&quot;\x1b\xff&quot;): migration 002: statement 1 (002_users.sql line 4): relation &quot;users&quot; does not exist (42P01)
  detail: one
          two</failure></testcase>
  <testcase classname="tenancy" name="public" time="0.000000"><skipped message="cancelled: as it was before"/></testcase>
</testsuite>
)");
  EXPECT_FALSE(std::filesystem::exists(path_ / "report.xml.partial"));
}

TEST_F(JUnit, DoesNotLookGreenWhenNothingRan) {
  HandClock time;
  JUnitReporter reporter(path_ / "report.xml", time.clock());
  reporter.begin(kUpgrade);
  reporter.end({.end = Summary::End::cannot_connect, .reason = "no route to host"});
  const std::string text = folder_.read("report.xml");
  EXPECT_NE(text.find("tests=\"1\" failures=\"0\" errors=\"1\""), std::string::npos);
  EXPECT_NE(text.find("<error message=\"cannot connect: no route to host\"/>"), std::string::npos);
}

TEST_F(JUnit, LeavesNothingBehindAnException) {
  HandClock time;
  {
    JUnitReporter reporter(path_ / "report.xml", time.clock());
    reporter.finished(done("acme"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(path_));
}

TEST_F(JUnit, RefusesAPlaceItCannotWrite) {
  HandClock time;
  EXPECT_THROW(JUnitReporter(path_ / "missing" / "report.xml", time.clock()), std::system_error);
}

using GitHub = Folder;

TEST_F(GitHub, AnnotatesKindsOfFailures) {
  StringStream stream;
  GitHubReporter reporter(stream, path_ / "summary.md");
  reporter.begin(kUpgrade);
  reporter.warning("lost a connection, 50 % done\n::error::x");
  EXPECT_EQ(stream.take(), "::warning title=tenancy::lost a connection, 50 %25 done\\n::error::x\n");
  reporter.finished(done("acme"));
  for (const char* id : {"globex", "initech"}) reporter.finished(failed(id, "a|b <script>\n::stop"));
  reporter.end(one_failed());
  EXPECT_EQ(stream.take(),
            "::error title=tenancy upgrade to head%3A 2 targets failed::2 targets: migration 002: statement 1 "
            "(002_users.sql line 4): a|b <script> (42P01), first: tenant \"globex\"\n");
  EXPECT_EQ(folder_.read("summary.md"), R"(### tenancy upgrade to head: 1 of 3 targets failed

| Targets | Migrated | Unchanged | Failed | Cancelled | Not started | Retries |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 3 | 1 | 1 | 1 | 0 | 0 | 2 |

| Targets | Error | SQLSTATE | First |
| ---: | --- | --- | --- |
| 2 | migration 002&#58; statement 1 &#40;002&#95;users&#46;sql line 4&#41;&#58; a&#124;b &#60;script&#62;&#92;n&#58;&#58;stop | 42P01 | tenant "globex" |

It took 1.5 s. What is done stays done. `tenancy run show 7` lists the failed targets. Mend them, then: tenancy run retry 7

)");
}

TEST_F(GitHub, ShowsTenAnnotations) {
  StringStream stream;
  GitHubReporter reporter(stream, "");
  for (int i = 0; i < 20; ++i) reporter.finished(failed("acme", "error " + std::to_string(i)));
  for (int i = 0; i < 20; ++i) reporter.warning("lost a connection");
  reporter.end({.end = Summary::End::stopped, .reason = "too many failures", .targets = 40, .failed = 20});
  std::istringstream lines(stream.take());
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (std::string line; std::getline(lines, line);) {
    errors += line.starts_with("::error ");
    warnings += line.starts_with("::warning ");
  }
  EXPECT_EQ(errors, 10U);
  EXPECT_EQ(warnings, 10U);
}

TEST_F(GitHub, AddsToTheSummary) {
  std::ofstream(path_ / "summary.md") << "before\n";
  StringStream stream;
  GitHubReporter reporter(stream, path_ / "summary.md");
  reporter.begin(kUpgrade);
  reporter.end({.targets = 1, .migrated = 1, .duration = 1s});
  EXPECT_EQ(stream.take(), "");
  EXPECT_TRUE(folder_.read("summary.md").starts_with("before\n### tenancy upgrade to head: 1 target done\n"));
}

class MadeReporter : public Folder {
 protected:
  /// What an operation with a failure and a warning writes to standard output.
  std::string written(const OutputOptions& options, const Appearance& appearance = {}) {
    const Console console{.output = output_,
                          .error = error_,
                          .appearance = appearance,
                          .environment =
                              [this](const char* name) {
                                return std::string_view(name) == "GITHUB_STEP_SUMMARY" ? summary_.c_str() : nullptr;
                              },
                          .clock = time_.clock()};
    const auto reporter = make_reporter(options, console);
    reporter->begin(kUpgrade);
    reporter->found(1, true);
    reporter->started(tenant("acme"));
    reporter->retrying(tenant("acme"), {}, 1, 1s);
    reporter->note("note");
    reporter->warning("lost a connection");
    reporter->finished(failed("acme"));
    reporter->refresh();
    reporter->end({.end = Summary::End::stopped, .reason = "interrupted", .targets = 1, .failed = 1});
    return output_.take();
  }

  StringStream output_;
  StringStream error_;
  HandClock time_;
  std::string summary_ = path_ / "summary.md";
};

TEST_F(MadeReporter, IsABarOnATerminalAndLinesElsewhere) {
  EXPECT_TRUE(written({}, {.terminal = true}).starts_with("\x1b[?25l"));
  const std::string lines = written({});
  EXPECT_TRUE(lines.starts_with("2026-11-21T14:00:00Z upgrade to head"));
  EXPECT_EQ(lines.find('\x1b'), std::string::npos);
  EXPECT_EQ(error_.take(), "");
}

TEST_F(MadeReporter, WritesNothingButJsonToStandardOutput) {
  std::istringstream lines(written({.json = true, .github = true}, {.terminal = true}));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_TRUE(boost::json::parse(line).is_object());
  EXPECT_EQ(count, 2U);
  const std::string error = error_.take();
  EXPECT_NE(error.find("warning: lost a connection\n"), std::string::npos);
  EXPECT_NE(error.find("::warning title=tenancy::lost a connection\n"), std::string::npos);
  EXPECT_NE(error.find("tenancy: stopped: interrupted; 0 of 1 target done\n"), std::string::npos);
}

TEST_F(MadeReporter, WritesSeveralFormsAtOnce) {
  const std::string text = written({.junit_file = path_ / "report.xml", .github = true});
  EXPECT_NE(text.find("::error title="), std::string::npos);
  EXPECT_NE(text.find("Z failed: tenant \"acme\""), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path_ / "report.xml"));
  EXPECT_TRUE(std::filesystem::exists(summary_));
}

}  // namespace
}  // namespace tenancy::driver
