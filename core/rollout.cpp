#include "core/rollout.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"

namespace tenancy::core {

namespace {

using Indexes = std::vector<std::size_t>;

/// `"a", "b"`; after five names "and N more".
template <typename Names>
std::string quoted_list(const Names& names) {
  std::vector<std::string> quoted;
  for (const std::string_view name : names) quoted.push_back(quoted_text(name));
  return listed(std::vector<std::string_view>(quoted.begin(), quoted.end()));
}

Indexes ordered(std::span<const RolloutTarget> targets, TargetOrder order, const RandomBelow& random) {
  Indexes indexes(targets.size());
  std::iota(indexes.begin(), indexes.end(), std::size_t{0});
  const auto age = [&](std::size_t index) { return targets[index].created_at; };
  switch (order) {
    case TargetOrder::place:
      break;
    case TargetOrder::oldest:
      std::ranges::stable_sort(indexes, std::less{}, age);
      break;
    case TargetOrder::newest:
      std::ranges::stable_sort(indexes, std::greater{}, age);
      break;
    case TargetOrder::random:
      for (std::size_t left = indexes.size(); left > 1; --left) std::swap(indexes[left - 1], indexes[random(left)]);
      break;
  }
  return indexes;
}

/// The targets of the named tenants, as these are named; a tenant may have more than one.
Indexes named_targets(std::span<const RolloutTarget> targets, const Indexes& order,
                      const std::vector<std::string>& tenants) {
  if (tenants.empty()) return {};
  std::unordered_map<std::string_view, Indexes> by_tenant;
  for (const std::size_t index : order) by_tenant[targets[index].tenant].push_back(index);
  Indexes result;
  std::vector<std::string_view> unknown;
  for (const std::string& tenant : tenants) {
    const auto found = by_tenant.find(tenant);
    if (found == by_tenant.end()) {
      unknown.push_back(tenant);
      continue;
    }
    const Indexes once = std::exchange(found->second, {});
    result.insert(result.end(), once.begin(), once.end());
  }
  if (unknown.empty()) return result;
  throw Error(ErrorKind::bad_value,
              unknown.size() == 1 ? "canary tenant " + quoted_list(unknown) + " is not among the targets"
                                  : "canary tenants " + quoted_list(unknown) + " are not among the targets",
              "Name tenants that this rollout reaches, spelled as they were registered.");
}

/// Takes the canary out of the order.
Indexes take_canary(std::span<const RolloutTarget> targets, const RolloutPolicy& policy, Indexes& order) {
  Indexes canary = named_targets(targets, order, policy.canary_tenants);
  std::vector<bool> is_taken(targets.size());
  for (const std::size_t index : canary) is_taken[index] = true;
  std::erase_if(order, [&](std::size_t index) { return is_taken[index]; });
  const auto others = order.begin() + static_cast<std::ptrdiff_t>(std::min(policy.canary, order.size()));
  canary.insert(canary.end(), order.begin(), others);
  order.erase(order.begin(), others);
  return canary;
}

/// The waves without their targets: those that are named, the other values by their bytes, "others".
std::vector<Wave> waves_by_value(std::span<const RolloutTarget> targets, const std::vector<std::string>& named) {
  std::set<std::string_view> values;
  for (const RolloutTarget& target : targets) {
    if (target.has_wave_value) values.insert(target.wave_value);
  }
  std::set<std::string_view> left = values;
  std::vector<std::string_view> unknown;
  std::vector<Wave> waves;
  for (const std::string& name : named) {
    if (left.erase(name) > 0) {
      waves.push_back({name, false, {}});
    } else if (values.contains(name)) {
      throw Error(ErrorKind::bad_value, "wave " + quoted_text(name) + " is named twice", "Name each wave once.");
    } else {
      unknown.push_back(name);
    }
  }
  if (!unknown.empty()) {
    throw Error(ErrorKind::bad_value,
                (unknown.size() == 1 ? "no target is in wave " : "no target is in waves ") + quoted_list(unknown),
                values.empty() ? "The targets have no values to make waves by."
                               : "Their waves are " + quoted_list(values) + ".");
  }
  for (const std::string_view value : left) waves.push_back({std::string{value}, false, {}});
  waves.push_back({"others", false, {}});
  return waves;
}

/// Puts every target of the order into the wave of its value; the last wave is for those without one.
void fill_waves(std::span<const RolloutTarget> targets, const Indexes& order, std::vector<Wave>& waves) {
  std::unordered_map<std::string_view, std::size_t> by_value;
  for (std::size_t wave = 0; wave + 1 < waves.size(); ++wave) by_value.emplace(waves[wave].name, wave);
  for (const std::size_t index : order) {
    const RolloutTarget& target = targets[index];
    Wave& wave = target.has_wave_value ? waves[by_value.at(target.wave_value)] : waves.back();
    wave.targets.push_back(index);
  }
}

}  // namespace

TargetOrder parse_target_order(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, TargetOrder>, 4> kWords{{{"place", TargetOrder::place},
                                                                            {"oldest", TargetOrder::oldest},
                                                                            {"newest", TargetOrder::newest},
                                                                            {"random", TargetOrder::random}}};
  for (const auto& [word, value] : kWords) {
    if (ascii::equals_ignoring_case(text, word)) return value;
  }
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not an order of targets",
              "The orders are place, oldest, newest and random.");
}

std::vector<Wave> plan_waves(std::span<const RolloutTarget> targets, const RolloutPolicy& policy,
                             const RandomBelow& random) {
  Indexes order = ordered(targets, policy.order, random);
  std::vector<Wave> waves;
  if (policy.by_waves) waves = waves_by_value(targets, policy.waves);
  Wave canary{"canary", true, take_canary(targets, policy, order)};
  if (policy.by_waves) {
    fill_waves(targets, order, waves);
  } else {
    waves.push_back({"all", false, std::move(order)});
  }
  waves.insert(waves.begin(), std::move(canary));
  std::erase_if(waves, [](const Wave& wave) { return wave.targets.empty(); });
  return waves;
}

}  // namespace tenancy::core
