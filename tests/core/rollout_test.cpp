#include "core/rollout.h"

#include <algorithm>
#include <stdexcept>

#include "tests/core/error_matchers.h"

namespace tenancy::core {
namespace {

using Words = std::vector<std::string>;

/// "a:gold" is tenant a with wave value gold, "a" one without a value; each is a year older than the one before
/// it, but the third is as old as the second.
std::vector<RolloutTarget> make_targets(const Words& words) {
  std::vector<RolloutTarget> targets;
  for (const std::string& word : words) {
    const std::size_t colon = std::min(word.find(':'), word.size());
    const std::size_t place = targets.size();
    RolloutTarget& target = targets.emplace_back();
    target.tenant = word.substr(0, colon);
    target.has_wave_value = colon < word.size();
    if (target.has_wave_value) target.wave_value = word.substr(colon + 1);
    target.created_at = -static_cast<std::int64_t>(place == 2 ? 1 : place);
  }
  return targets;
}

std::uint64_t no_random(std::uint64_t) { throw std::logic_error("a random number was asked for"); }

/// "canary!(a b) gold(c)": the waves and their tenants; `!` marks the canary.
std::string waves_text(const Words& words, const RolloutPolicy& policy, const RandomBelow& random = no_random) {
  const std::vector<RolloutTarget> targets = make_targets(words);
  std::string text;
  for (const Wave& wave : plan_waves(targets, policy, random)) {
    text += (text.empty() ? "" : " ") + wave.name + (wave.is_canary ? "!(" : "(");
    for (const std::size_t index : wave.targets) text += (text.ends_with('(') ? "" : " ") + targets[index].tenant;
    text += ')';
  }
  return text;
}

const Words kFleet{"a:gold", "b:free", "c", "d:gold", "e:pro", "f:free"};

TEST(Rollout, PlansWaves) {
  struct Case {
    RolloutPolicy policy;
    const char* waves;
  };
  for (const Case& c : std::initializer_list<Case>{
           {{}, "all(a b c d e f)"},
           {{.canary = 2}, "canary!(a b) all(c d e f)"},
           {{.canary = 6}, "canary!(a b c d e f)"},
           {{.canary = 1000}, "canary!(a b c d e f)"},
           {{.canary_tenants = {"e", "b"}}, "canary!(e b) all(a c d f)"},
           {{.canary_tenants = {"e", "e"}}, "canary!(e) all(a b c d f)"},
           {{.canary = 2, .canary_tenants = {"e", "a"}}, "canary!(e a b c) all(d f)"},
           {{.by_waves = true}, "free(b f) gold(a d) pro(e) others(c)"},
           {{.by_waves = true, .waves = {"pro", "free"}}, "pro(e) free(b f) gold(a d) others(c)"},
           {{.by_waves = true, .waves = {"pro", "gold", "free"}}, "pro(e) gold(a d) free(b f) others(c)"},
           {{.canary = 1, .canary_tenants = {"e"}, .by_waves = true, .waves = {"pro"}},
            "canary!(e a) free(b f) gold(d) others(c)"},
           {{.canary = 3, .by_waves = true}, "canary!(a b c) free(f) gold(d) pro(e)"},
           {{.order = TargetOrder::oldest}, "all(f e d b c a)"},
           {{.order = TargetOrder::newest}, "all(a b c d e f)"},
           {{.canary = 1, .canary_tenants = {"a"}, .by_waves = true, .order = TargetOrder::oldest},
            "canary!(a f) free(b) gold(d) pro(e) others(c)"},
       }) {
    EXPECT_EQ(waves_text(kFleet, c.policy), c.waves);
  }
}

TEST(Rollout, PlansWavesOfUnusualFleets) {
  EXPECT_EQ(waves_text({}, {}), "");
  EXPECT_EQ(waves_text({}, {.canary = 5, .by_waves = true, .order = TargetOrder::random}), "");
  EXPECT_EQ(waves_text({"a", "b"}, {.by_waves = true}), "others(a b)");
  EXPECT_EQ(waves_text({"a:", "b"}, {.by_waves = true, .waves = {""}}), "(a) others(b)") << "an empty value is a value";
  EXPECT_EQ(waves_text({"a:others", "b", "c:canary"}, {.canary = 1, .by_waves = true}),
            "canary!(a) canary(c) others(b)");
  EXPECT_EQ(waves_text({"b", "a:others"}, {.by_waves = true}), "others(a) others(b)");
  EXPECT_EQ(waves_text({"a:x", "b", "a:y"}, {.canary_tenants = {"a"}}), "canary!(a a) all(b)")
      << "a tenant with two targets";
  EXPECT_EQ(waves_text({"newest", "older", "as old"}, {.order = TargetOrder::oldest}), "all(older as old newest)");
}

TEST(Rollout, KeepsTheOrderOfTargetsOfEqualAge) {
  const std::vector<RolloutTarget> targets(100);
  for (const TargetOrder order : {TargetOrder::oldest, TargetOrder::newest}) {
    const std::vector<Wave> waves = plan_waves(targets, {.order = order}, no_random);
    ASSERT_EQ(waves.size(), 1U);
    EXPECT_EQ(waves.front().targets.size(), targets.size());
    EXPECT_TRUE(std::ranges::is_sorted(waves.front().targets));
  }
}

TEST(Rollout, ShufflesByTheNumbersGiven) {
  std::vector<std::uint64_t> bounds;
  const auto first = [&](std::uint64_t bound) {
    bounds.push_back(bound);
    return std::uint64_t{0};
  };
  const RolloutPolicy policy{.canary = 2, .order = TargetOrder::random};
  EXPECT_EQ(waves_text({"a", "b", "c", "d"}, policy, first), "canary!(b c) all(d a)");
  EXPECT_EQ(bounds, (std::vector<std::uint64_t>{4, 3, 2}));
  const auto last = [](std::uint64_t bound) { return bound - 1; };
  EXPECT_EQ(waves_text({"a", "b", "c", "d"}, policy, last), "canary!(a b) all(c d)");
}

TEST(Rollout, RefusesSlipsOfThePen) {
  const auto error = [](const RolloutPolicy& policy, const Words& words = kFleet) {
    return error_of([&] { return waves_text(words, policy); });
  };
  EXPECT_THAT(error({.canary_tenants = {"a", "acme"}}),
              IsError(ErrorKind::bad_value, "canary tenant \"acme\" is not among the targets"));
  EXPECT_THAT(error({.canary_tenants = {"A", "b", ""}}),
              IsError(ErrorKind::bad_value, "canary tenants \"A\", \"\" are not among the targets"));
  EXPECT_THAT(error({.by_waves = true, .waves = {"gold", "glod"}}),
              IsError(ErrorKind::bad_value, "no target is in wave \"glod\""));
  EXPECT_EQ(error({.by_waves = true, .waves = {"others"}})->hint(), "Their waves are \"free\", \"gold\", \"pro\".");
  EXPECT_THAT(error({.by_waves = true, .waves = {"x", "y"}}, {"a"}),
              IsError(ErrorKind::bad_value, "no target is in waves \"x\", \"y\""));
  EXPECT_EQ(error({.by_waves = true, .waves = {"x"}}, {"a"})->hint(), "The targets have no values to make waves by.");
  EXPECT_THAT(error({.by_waves = true, .waves = {"pro", "gold", "pro"}}),
              IsError(ErrorKind::bad_value, "wave \"pro\" is named twice"));
}

TEST(TargetOrder, IsParsed) {
  EXPECT_EQ(parse_target_order("place"), TargetOrder::place);
  EXPECT_EQ(parse_target_order("oldest"), TargetOrder::oldest);
  EXPECT_EQ(parse_target_order("Newest"), TargetOrder::newest);
  EXPECT_EQ(parse_target_order("random"), TargetOrder::random);
  EXPECT_THAT(error_of([] { return parse_target_order("old"); }),
              IsError(ErrorKind::bad_value, "\"old\" is not an order of targets"));
}

}  // namespace
}  // namespace tenancy::core
