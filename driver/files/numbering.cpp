#include "driver/files/numbering.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/ascii.h"
#include "driver/command/failure.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kTimestampDigits = 14;  // YYYYMMDDhhmmss
constexpr std::size_t kFirstWidth = 3;

bool is_separator(char c) noexcept { return c == '-' || c == '.' || c == '_'; }

std::string digits_of(std::string_view version) {
  std::string digits(version);
  std::erase_if(digits, is_separator);
  return digits;
}

/// Puts digits into the places that those of `pattern` have: "2024-01-31-120000".
std::string spelled_as(std::string_view pattern, std::string_view digits) {
  std::string result;
  for (char const c : pattern) {
    if (digits.empty()) break;
    if (is_separator(c)) {
      result += c;
    } else {
      result += digits.front();
      digits.remove_prefix(1);
    }
  }
  return result + std::string(digits);
}

}  // namespace

std::optional<std::uint64_t> version_number(std::string_view version) noexcept {
  constexpr std::size_t most_digits = 18;
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  if (version.empty() || version.size() > most_digits || error != std::errc{} ||
      end != version.data() + version.size()) {
    return std::nullopt;
  }
  return number;
}

bool is_timestamp(std::string_view version) noexcept {
  std::size_t digits = 0;
  for (char const c : version) {
    if (!core::ascii::is_digit(c) && !is_separator(c)) return false;
    digits += core::ascii::is_digit(c) ? 1 : 0;
  }
  bool const has_century = version.starts_with("19") || version.starts_with("20");
  // Diesel and its like count on behind the seconds; a first migration of zeros comes before all times.
  bool const is_first = digits >= kTimestampDigits && version.find_first_not_of("0-._") == std::string_view::npos;
  return is_first ||
         (has_century && digits >= kTimestampDigits - 2 && digits <= kTimestampDigits + 4 && digits % 2 == 0);
}

std::string next_version(const std::optional<std::string>& newest, std::string_view now) {
  if (!newest) return fmt::format("{:0{}}", 1, kFirstWidth);
  const std::string& version = *newest;
  if (is_timestamp(version)) {
    std::string const digits = digits_of(version);
    std::string_view const same_width = now.substr(0, std::min(now.size(), digits.size()));
    if (same_width > digits) return spelled_as(version, same_width);
    // The newest is of this second, or of a clock that goes ahead.
    return spelled_as(version, std::to_string(*version_number(digits) + 1));
  }
  if (std::optional<std::uint64_t> const number = version_number(version)) {
    return fmt::format("{:0{}}", *number + 1, version.size());
  }
  throw UsageError(fmt::format("version {} has no next one: it is neither a number nor a timestamp", version),
                   "Name the new file yourself: VERSION_words.sql.");
}

}  // namespace tenancy::driver
