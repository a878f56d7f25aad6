// What revision words do, against Alembic itself: alembic/words.py says what it does to small projects.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/plan.h"

namespace tenancy::driver {
namespace {

using core::Direction;
using Versions = std::set<std::string>;

Versions versions_in(const std::string& list) {
  Versions versions;
  std::istringstream words(list == "-" ? "" : list);
  for (std::string word; std::getline(words, word, ',');) versions.insert(word);
  return versions;
}

std::string listing(const Versions& versions) {
  std::string text;
  for (const std::string& version : versions) text += (text.empty() ? "" : ",") + version;
  return text.empty() ? "-" : text;
}

std::vector<core::AppliedMigration> history_of(const Versions& versions) {
  std::vector<core::AppliedMigration> rows;
  for (const std::string& version : versions) rows.push_back({version, "sum"});
  return rows;
}

/// What is applied behind the steps; "?" and why when there is no plan.
std::string outcome(const core::MigrationSet& set, Direction direction, const Versions& applied,
                    const std::string& revision) {
  try {
    core::Revision const where = core::parse_revision(revision);
    std::vector<core::AppliedMigration> const history = history_of(applied);
    core::Plan const plan =
        direction == Direction::up
            ? core::plan_upgrade(set, core::TargetKind::tenant, history, where, core::OutOfOrder::refuse)
            : core::plan_downgrade(set, core::TargetKind::tenant, history, where);
    Versions after = applied;
    for (const core::Step& step : plan.steps) {
      if (direction == Direction::up) {
        EXPECT_TRUE(after.insert(set[step.migration].version).second);
      } else {
        EXPECT_EQ(after.erase(set[step.migration].version), 1U);
      }
    }
    return listing(after);
  } catch (const core::Error& error) {
    return "? " + std::string(error.what());
  }
}

core::StoredMigration migration_in(std::istream& line) {
  core::StoredMigration migration;
  std::string labels;
  std::string after;
  line >> migration.version >> labels >> after;
  for (const std::string& label : versions_in(labels)) migration.branches.push_back(label);
  migration.after.emplace();
  for (const std::string& word : versions_in(after)) migration.after->push_back(word);
  migration.checksum = "sum";
  return migration;
}

TEST(AlembicWords, MeanTheSameHere) {
  std::unique_ptr<FILE, int (*)(FILE*)> const pipe(::popen("/usr/bin/python3 " TENANCY_ALEMBIC_WORDS, "r"), ::pclose);
  ASSERT_NE(pipe, nullptr);
  std::vector<core::StoredMigration> nodes;
  std::optional<core::MigrationSet> set;
  std::map<std::string, int> compared;
  std::array<char, 1024> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) {
    std::istringstream line(buffer.data());
    std::string what;
    line >> what;
    if (what == "project") nodes.clear();
    if (what == "node") {
      nodes.push_back(migration_in(line));
      set.emplace("default", nodes);
      continue;
    }
    std::string applied, word, expected;
    if (!(line >> applied >> word >> expected)) continue;
    // It also refuses what is clear here, but of upgrades to head only what is not.
    if (expected == "?" && (what != "up" || !word.starts_with("head"))) continue;
    Direction const direction = what == "up" ? Direction::up : Direction::down;
    std::string const ours = outcome(*set, direction, versions_in(applied), word);
    if (expected == "?") {
      ++compared["refused"];
      EXPECT_TRUE(ours.starts_with("?")) << what << "grade from " << applied << " to " << word << ": " << ours;
      continue;
    }
    // An upgrade that would go nowhere, or down, is said to be none.
    if (ours.starts_with("?") && expected == applied) continue;
    // Alembic takes a version as one of any branch at times, and moves that of another one.
    if (ours.find("\" in branch ") != std::string::npos) continue;
    ++compared[what];
    EXPECT_EQ(ours, expected) << what << "grade from " << applied << " to " << word << " of "
                              << (*set)[set->versioned_count() - 1].version;
  }
  EXPECT_GT(compared["refused"], 30);
  EXPECT_GT(compared["up"], 1000);
  EXPECT_GT(compared["down"], 500);
}

}  // namespace
}  // namespace tenancy::driver
