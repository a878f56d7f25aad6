#include "core/message.h"

#include <algorithm>
#include <cstddef>

namespace tenancy::core {

namespace {

constexpr std::size_t kLongestQuote = 80;
constexpr std::size_t kLongestList = 5;

constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

constexpr bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string quoted_text(std::string_view text) {
  const bool cut = text.size() > kLongestQuote;
  if (cut) {
    std::size_t end = kLongestQuote;
    while (end > 0 && is_continuation(text[end])) --end;
    text = text.substr(0, end);
  }
  std::string result = "\"";
  result += text;
  std::replace_if(result.begin() + 1, result.end(), is_control, '?');
  result += cut ? "...\"" : "\"";
  return result;
}

std::string listed(std::span<const std::string_view> names) {
  std::string result;
  const std::size_t shown = std::min(names.size(), kLongestList);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) result += ", ";
    result += names[i];
  }
  if (shown < names.size()) result += " and " + std::to_string(names.size() - shown) + " more";
  return result;
}

}  // namespace tenancy::core
