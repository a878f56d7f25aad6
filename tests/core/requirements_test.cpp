#include "core/requirements.h"

#include <map>

#include "tests/core/error_matchers.h"
#include "tests/core/plan_fixture.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

MATCHER_P2(Says, kind, part, "") {
  return arg.has_value() && arg->kind() == kind && std::string{arg->what()}.find(part) != std::string::npos;
}

/// Sets and what a target has of them, by name.
class Sets : public SetHistories {
 public:
  void add(const std::string& name, const Words& migrations, const Words& applied = {}) {
    sets_.emplace(name, make_set(migrations, name));
    rows_.emplace(name, make_history(applied));
  }

  const MigrationSet& set(const std::string& name) override {
    return sets_.try_emplace(name, make_set({}, name)).first->second;
  }
  std::span<const AppliedMigration> applied(const std::string& name) override { return rows_[name]; }
  std::vector<std::string> sets_requiring(const std::string& name) override {
    Words names;
    for (const auto& [other, set] : sets_) {
      const Words required = sets_required_by(set);
      if (std::find(required.begin(), required.end(), name) != required.end()) names.push_back(other);
    }
    return names;
  }

  Plan plan(const std::string& name, const PlanRequest& request, TargetKind kind = TargetKind::tenant) {
    return plan_target(name, kind, request, *this);
  }
  std::string up(const std::string& name, std::string_view revision = "head") {
    return steps_text(set(name), plan(name, {.revision = parse_revision(revision)}));
  }
  std::string down(const std::string& name, std::string_view revision) {
    return steps_text(set(name), plan(name, {.direction = Direction::down, .revision = parse_revision(revision)}));
  }

 private:
  std::map<std::string, MigrationSet> sets_;
  std::map<std::string, std::vector<AppliedMigration>> rows_;
};

TEST(LabelledVersion, IsASetAndAVersion) {
  EXPECT_EQ(parse_requirement("users@003"), (LabelledVersion{"users", "003"}));
  EXPECT_EQ(parse_requirement("users@1@2"), (LabelledVersion{"users", "1@2"}));
  for (const char* const text : {"", "users", "@003", "users@", "Users@003", "users@head", "users@ 003", "a b@1"}) {
    EXPECT_THAT(error_of([&] { (void)parse_requirement(text); }),
                Says(ErrorKind::bad_value, "names no set and version"))
        << text;
  }
}

TEST(LabelledVersion, IsOfAnotherSet) {
  Migration migration;
  migration.set = "users";
  migration.required = {"billing@1"};
  EXPECT_NO_THROW(check_required(migration));
  migration.required.emplace_back("users@1");
  EXPECT_THAT(error_of([&] { check_required(migration); }), Says(ErrorKind::bad_value, "of the migration's own set"));
}

TEST(PlanTarget, TakesWhatIsRequiredBeforeTheStepThatNeedsIt) {
  struct Case {
    Words users;
    Words analytics;
    const char* revision;
    const char* steps;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{}, {}, "head", "+001 +users@001 +users@002 +users@003 +002 +003"},
           {{}, {}, "001", "+001"},
           {{"001"}, {"001"}, "head", "+users@002 +users@003 +002 +003"},
           {{"001", "002", "003"}, {}, "head", "+001 +002 +003"},
           {{"001", "002", "003", "004"}, {"001"}, "+1", "+002"},
           {{}, {"001"}, "+1", "+users@001 +users@002 +users@003 +002"},
           {{}, {"001", "002", "003"}, "head", ""},
       }) {
    Sets sets;
    sets.add("users", {"001", "002", "003", "004"}, c.users);
    sets.add("analytics", {"001", "002>users@003", "003>users@001"}, c.analytics);
    EXPECT_EQ(sets.up("analytics", c.revision), c.steps) << c.revision;
  }
}

TEST(PlanTarget, TakesNoSetBeyondItsPin) {
  Sets sets;
  sets.add("users", {"001", "002", "003"}, {"001"});
  sets.add("analytics", {"001>users@001", "002>users@002", "003>users@003"});
  const auto up = [&](const char* revision, const PinnedSets& pins) {
    return steps_text(sets.set("analytics"),
                      sets.plan("analytics", {.revision = parse_revision(revision), .pins = pins}));
  };
  EXPECT_EQ(up("002", {{"users", "002"}}), "+001 +users@002 +002");
  EXPECT_EQ(up("001", {{"users", "base"}}), "+001") << "that is there already";
  const auto refused = [&](const PinnedSets& pins, const char* message) {
    EXPECT_THAT(error_of([&] { (void)up("head", pins); }), Says(ErrorKind::beyond_pin, message));
  };
  refused({{"users", "002"}},
          "migration 003 of set analytics requires migration 003 of set users, which is pinned to 002");
  refused({{"users", "base"}},
          "migration 002 of set analytics requires migration 002 of set users, which is pinned to base");
  EXPECT_EQ(up("head", {{"other", "base"}, {"analytics", "base"}}), "+001 +users@002 +002 +users@003 +003");
}

TEST(TargetStanding, IsPinnedWhereAnotherSetsPinStandsInTheWay) {
  Sets sets;
  sets.add("users", {"001", "002", "003"}, {"001"});
  sets.add("analytics", {"001>users@001", "002>users@002", "003"}, {"001"});
  sets.add("zoo", {"001>plans@001", "002>users@003"});
  const auto stands = [&](const char* set, const PinnedSets& pins) {
    const Standing one = target_standing(set, TargetKind::tenant, pins, OutOfOrder::refuse, sets);
    return std::string(to_string(one.state)) + (one.detail.empty() ? "" : ": ") + one.detail;
  };
  EXPECT_EQ(stands("analytics", {}), "behind");
  EXPECT_EQ(stands("analytics", {{"users", "002"}}), "behind");
  EXPECT_EQ(stands("analytics", {{"users", "001"}}),
            "pinned: migration 002 of set analytics requires migration 002 of set users, which is pinned to 001");
  EXPECT_EQ(stands("analytics", {{"users", "001"}, {"analytics", "001"}}), "pinned: pinned to 001");
  EXPECT_EQ(stands("analytics", {{"users", "001"}, {"analytics", "002"}}),
            "pinned: migration 002 of set analytics requires migration 002 of set users, which is pinned to 001");
  EXPECT_EQ(stands("analytics", {{"users", "001"}, {"analytics", "007"}}),
            "behind: no migration matches revision \"007\" in set analytics");
  EXPECT_EQ(stands("zoo", {{"users", "001"}}), "behind") << "what is not stored is not for the pin to mend";
  EXPECT_EQ(stands("users", {{"users", "001"}}), "pinned: pinned to 001");
}

TEST(PlanTarget, HasTheRevisionsOfItsOwnSet) {
  Sets sets;
  sets.add("users", {"900"});
  sets.add("analytics", {"001", "002>users@900"}, {"001"});
  const Plan plan = sets.plan("analytics", {});
  EXPECT_EQ(plan.from, "001");
  EXPECT_EQ(plan.to, "002");
  EXPECT_EQ(plan.steps.front().name("analytics"), "migration 900 of set users");
  EXPECT_EQ(plan.steps.back().name("analytics"), "migration 002");
  const auto part = first_steps(sets.set("analytics"), TargetKind::tenant, sets.applied("analytics"), plan, 1);
  EXPECT_EQ(part.to, "001");
}

TEST(PlanTarget, FollowsRequirementsOfRequirements) {
  Sets sets;
  sets.add("users", {"001", "002>plans@001", "003"});
  sets.add("plans", {"001", "002>users@002"});
  sets.add("analytics", {"001>plans@002", "002>users@002", "viewsr>users@003"});
  EXPECT_EQ(sets.up("analytics"), "+plans@001 +users@001 +users@002 +plans@002 +001 +002 +users@003 +views");
  EXPECT_EQ(sets.up("plans"), "+001 +users@001 +users@002 +002");
}

TEST(PlanTarget, LeavesOutWhatIsNotOfItsScope) {
  Sets sets;
  sets.add("users", {"001p", "002", "003p"});
  sets.add("analytics", {"001b>users@003"});
  EXPECT_EQ(sets.up("analytics"), "+users@002 +001");
  EXPECT_EQ(steps_text(sets.set("analytics"), sets.plan("analytics", {}, TargetKind::shared)),
            "+users@001 +users@003 +001");
}

TEST(PlanTarget, RefusesWhatIsNotStored) {
  Sets sets;
  sets.add("users", {"001", "viewsr"});
  sets.add("analytics", {"001", "002>users@009"});
  sets.add("reports", {"001>gone@1"});
  sets.add("billing", {"001>users@views"});
  const auto message = [](const char* text) { return Says(ErrorKind::unknown_requirement, text); };
  EXPECT_EQ(sets.up("analytics", "001"), "+001");
  EXPECT_THAT(error_of([&] { (void)sets.up("analytics"); }),
              message("migration 002 of set analytics requires migration 009 of set users, which is not stored"));
  EXPECT_THAT(error_of([&] { (void)sets.up("reports"); }), message("migration 1 of set gone, which is not stored"));
  EXPECT_THAT(error_of([&] { (void)sets.up("billing"); }),
              message("migration views of set users, which is not stored"));
}

TEST(PlanTarget, NamesTheSetWhoseHistoryForbidsIt) {
  Sets sets;
  sets.add("users", {"001", "002", "003"}, {"001*"});
  sets.add("analytics", {"001>users@003"});
  EXPECT_THAT(error_of([&] { (void)sets.up("analytics"); }),
              Says(ErrorKind::checksum_mismatch,
                   "set users, which migration 001 of set analytics requires: migration 001 was applied with"));
  Sets late;
  late.add("users", {"001", "002", "003"}, {"003"});
  late.add("analytics", {"001>users@003", "002>users@002"});
  EXPECT_EQ(late.up("analytics", "001"), "+001");
  EXPECT_THAT(error_of([&] { (void)late.up("analytics"); }), Says(ErrorKind::out_of_order, "newer migration 003"));
  EXPECT_THAT(error_of([&] { (void)late.plan("analytics", {.out_of_order = OutOfOrder::skip}); }),
              Says(ErrorKind::out_of_order, "set users"));
  EXPECT_EQ(steps_text(late.set("analytics"), late.plan("analytics", {.out_of_order = OutOfOrder::apply})),
            "+001 +users@001 +users@002 +002");
}

TEST(PlanTarget, GoesOnWithARequiredMigrationInDoubt) {
  Sets sets;
  sets.add("users", {"001", "002o"}, {"001", "002?"});
  sets.add("analytics", {"001>users@002"});
  EXPECT_THAT(error_of([&] { (void)sets.up("analytics"); }),
              Says(ErrorKind::in_doubt, "migration 002 was interrupted"));
  EXPECT_EQ(steps_text(sets.set("analytics"), sets.plan("analytics", {.in_doubt = InDoubt::retry})),
            "+users@002? +001");
}

TEST(PlanTarget, APinHoldsItsOwnSet) {
  Sets sets;
  sets.add("users", {"001", "002"});
  sets.add("analytics", {"001>users@001", "002>users@002"});
  EXPECT_EQ(steps_text(sets.set("analytics"), sets.plan("analytics", {.pin = parse_revision("001")})),
            "+users@001 +001");
}

TEST(PlanTarget, RefusesCircles) {
  Sets sets;
  sets.add("users", {"001", "002>analytics@002"});
  sets.add("analytics", {"001>users@002", "002"});
  const char* const message = "analytics@001, users@002 require each other in a circle";
  EXPECT_THAT(error_of([&] { (void)sets.up("analytics"); }), Says(ErrorKind::bad_order, message));
  const std::vector<const MigrationSet*> both{&sets.set("analytics"), &sets.set("users")};
  EXPECT_THAT(find_circle(both).value().what(), testing::HasSubstr(message));

  Sets woven;
  woven.add("users", {"001", "002>analytics@001", "003"});
  woven.add("analytics", {"001>users@001", "002>users@003", "003>gone@1"});
  const std::vector<const MigrationSet*> fine{&woven.set("analytics"), &woven.set("users")};
  EXPECT_FALSE(find_circle(fine).has_value());
}

TEST(PlanTarget, RefusesToTakeAwayWhatIsRequired) {
  Sets sets;
  sets.add("users", {"001", "002", "003", "viewsr"}, {"001", "002", "003", "views"});
  sets.add("analytics", {"001", "002>users@002", "003>users@003"}, {"001", "002"});
  EXPECT_EQ(sets.down("users", "-1"), "-003");
  EXPECT_THAT(error_of([&] { (void)sets.down("users", "001"); }),
              Says(ErrorKind::still_required,
                   "migration 002 of set users is required by migration 002 of set analytics, which is applied"));
  EXPECT_THAT(error_of([&] { (void)sets.down("users", "base"); }),
              Says(ErrorKind::still_required, "migration 002 of set users is required by migration 002 of set"));
  sets.add("reports", {"001>users@003", "002>users@003"}, {"002", "001"});
  EXPECT_THAT(
      error_of([&] { (void)sets.down("users", "base"); }),
      Says(ErrorKind::still_required, "migration 003 of set users is required by migration 001 of set reports"));
  EXPECT_EQ(sets.down("analytics", "base"), "-002 -001");
}

TEST(VersionLabel, NamesSetAndVersion) {
  EXPECT_EQ(version_label("users", "users", "003"), "003");
  EXPECT_EQ(version_label("analytics", "users", "003"), "users@003");
  EXPECT_EQ(labelled_version("analytics", "users@003", false), (LabelledVersion{"users", "003"}));
  EXPECT_EQ(labelled_version("analytics", "003", false), (LabelledVersion{"analytics", "003"}));
  EXPECT_EQ(labelled_version("analytics", "users@003", true), (LabelledVersion{"analytics", "users@003"}));
  EXPECT_EQ(labelled_version("analytics", "1.0@rc", false), (LabelledVersion{"analytics", "1.0@rc"}));
}

TEST(PlanTarget, RollsBackWhatARunAppliedOfSeveralSets) {
  Sets sets;
  sets.add("users", {"001", "002", "003"}, {"001", "002"});
  sets.add("analytics", {"001", "002>users@002"}, {"001", "002"});
  const auto back = [&](const std::string& set, const Words& versions) {
    return steps_text(sets.set(set), sets.plan(set, {.direction = Direction::down, .versions = versions}));
  };
  EXPECT_EQ(back("analytics", {"001", "users@002", "002"}), "-002 -users@002 -001");
  EXPECT_EQ(back("analytics", {"users@003"}), "");
  EXPECT_THAT(error_of([&] { (void)back("users", {"002"}); }), Says(ErrorKind::still_required, "migration 002 of set"));
}

}  // namespace
}  // namespace tenancy::core
