// Slips of the pen: which known word was meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenancy::driver {

/// The candidate that is nearest to the word, when it is near enough to have been meant: a letter or two that were
/// left out, added, changed or swapped, or a beginning of three letters or more that only one candidate has.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace tenancy::driver
