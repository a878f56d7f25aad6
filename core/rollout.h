// Rollouts: in which waves a fleet is migrated, and how many failures stop it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::core {

/// How many targets may fail before a rollout stops. The default allows none.
struct FailureBudget {
  std::size_t most = 0;         ///< targets, or whole percent of them
  bool is_percent = false;      ///< of all targets
  std::size_t thousandths = 0;  ///< of a percent, on top of `most`

  /// Exact for up to 10^14 targets: 5% of 19 targets allows none to fail, and of 20 one.
  [[nodiscard]] bool allows(std::size_t failed, std::size_t all) const noexcept;
};

/// "10" is a number of targets; "5%" and "2.5%" are a part of all, from 0% to 100%, with up to three digits
/// behind the point. White space around either and in front of the `%` is allowed. Throws Error(bad_value).
[[nodiscard]] FailureBudget parse_failure_budget(std::string_view text);

enum class TargetOrder { place, oldest, newest, random };

/// "place", "oldest", "newest" or "random", in any case; throws Error(bad_value).
[[nodiscard]] TargetOrder parse_target_order(std::string_view text);

struct RolloutTarget {
  std::string tenant;
  std::string wave_value;  ///< what waves are made by; empty without has_wave_value
  bool has_wave_value = false;
  std::int64_t created_at = 0;  ///< microseconds; only compared
};

struct RolloutPolicy {
  std::size_t canary = 0;                     ///< so many targets are the canary: the first of the order
  std::vector<std::string> canary_tenants{};  ///< and the targets of these, which do not count in `canary`
  bool by_waves = false;                      ///< a wave for each distinct wave value, behind the canary
  std::vector<std::string> waves{};           ///< wave values, in the order of their waves; for by_waves only
  TargetOrder order = TargetOrder::place;     ///< within a wave; place: as given
};

/// A part of a fleet that is migrated before the next part begins.
struct Wave {
  std::string name;  ///< "canary", the wave value, "others" for targets without one, "all" without by_waves
  bool is_canary = false;
  std::vector<std::size_t> targets;  ///< indexes into the targets given, in order
};

/// A number from 0 to `bound` - 1, each as likely as another.
using RandomBelow = std::function<std::uint64_t(std::uint64_t bound)>;

/// Every target is in exactly one wave, and no wave is empty. First the canary: the targets of
/// canary_tenants as these are named, then `canary` others from the front of the order. Then the waves: those
/// that the policy names, the other values by their bytes, the targets without a value. A value may be
/// spelled "canary" or "others" too: names alone need not tell waves apart.
/// Targets of equal age keep their order. `random` is called for TargetOrder::random alone.
/// Throws Error(bad_value), as likely slips of the pen, for canary tenants that are not among the targets,
/// and for waves that no target has, not even one of the canary's, or that are named twice.
[[nodiscard]] std::vector<Wave> plan_waves(std::span<const RolloutTarget> targets, const RolloutPolicy& policy,
                                           const RandomBelow& random);

}  // namespace tenancy::core
