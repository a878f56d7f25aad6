// Where a place has several migration sets: in which order its targets go.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/plan.h"

namespace tenancy::core {

/// Of neighbours at one place, puts the sets first that others require, downwards last. `depth` says of a target how
/// many sets its own one requires, directly or not.
template <typename Target, typename IsOnePlace, typename Depth>
void order_sets(std::vector<Target>& targets, Direction direction, IsOnePlace is_one_place, Depth depth) {
  for (auto begin = targets.begin(); begin != targets.end();) {
    const auto end =
        std::find_if_not(begin, targets.end(), [&](const Target& one) { return is_one_place(*begin, one); });
    if (end - begin > 1) {
      std::stable_sort(begin, end, [&](const Target& one, const Target& other) {
        const std::size_t left = depth(one);
        const std::size_t right = depth(other);
        return direction == Direction::up ? left < right : left > right;
      });
    }
    begin = end;
  }
}

}  // namespace tenancy::core
