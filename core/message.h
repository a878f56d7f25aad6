// Pieces of messages: text of others made safe for one line, and lists of names that stay short.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tenancy::core {

/// In double quotes and fit for one line of a message: control characters become `?`, and what is longer
/// than 80 bytes is cut at a character and ends in `...`.
[[nodiscard]] std::string quoted_text(std::string_view text);

/// "001, 002, 003"; after five names "and N more".
[[nodiscard]] std::string listed(std::span<const std::string_view> names);

}  // namespace tenancy::core
