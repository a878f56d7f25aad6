#include "core/version.h"

#include <algorithm>

#include "core/ascii.h"

namespace tenancy::core {

namespace {

constexpr bool is_separator(char c) noexcept { return c == '.' || c == '-' || c == '_'; }

std::string_view leading_digits(std::string_view text) noexcept {
  return text.substr(
      0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), ascii::is_digit) - text.begin()));
}

/// True when `text` is two digits of a number from 1 to `greatest`.
bool is_two_digits(std::string_view text, int greatest) noexcept {
  const int number = (text[0] - '0') * 10 + (text[1] - '0');
  return number >= 1 && number <= greatest;
}

/// Length of a leading `YYYY-MM-DD` of the years 1900 to 2099, or 0. The century tells a date from a
/// version with parts, such as `0001-02-03`.
std::size_t date_length(std::string_view text) noexcept {
  const std::string_view year = leading_digits(text);
  if (year.size() != 4 || !(year.starts_with("19") || year.starts_with("20"))) return 0;
  for (const auto& [at, greatest] : {std::pair<std::size_t, int>{4, 12}, {7, 31}}) {
    if (text.size() < at + 3 || text[at] != '-') return 0;
    const std::string_view digits = leading_digits(text.substr(at + 1));
    if (digits.size() != 2 || !is_two_digits(digits, greatest)) return 0;
  }
  return 10;
}

/// The digits of a leading date and of the time behind it; `version` keeps what follows.
/// Any four or six digits count as a time, so that a counter of that width keeps its order.
std::string take_date(std::string_view& version) {
  const std::size_t length = date_length(version);
  if (length == 0) return {};
  std::string digits{version.substr(0, length)};
  version.remove_prefix(length);
  if (version.starts_with('-')) {
    const std::string_view time = leading_digits(version.substr(1));
    if (time.size() == 4 || time.size() == 6) {
      digits += time;
      version.remove_prefix(1 + time.size());
    }
  }
  std::erase(digits, '-');
  return digits;
}

/// A number sorts by its length, then by its digits; the length in turn is written behind the count of
/// its own digits. So the keys of numbers order as the numbers do, and none is the beginning of another.
void append_number(std::string& key, std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  const std::string length = std::to_string(digits.size());
  key += static_cast<char>('0' + length.size());
  key += length;
  key += digits;
}

}  // namespace

std::string version_key(std::string_view version) {
  std::string key;
  key.reserve(version.size() + 8);
  if (const std::string date = take_date(version); !date.empty()) append_number(key, date);
  while (!version.empty()) {
    if (const std::string_view digits = leading_digits(version); !digits.empty()) {
      append_number(key, digits);
      version.remove_prefix(digits.size());
    } else {
      key += is_separator(version.front()) ? '.' : version.front();
      version.remove_prefix(1);
    }
  }
  return key;
}

std::strong_ordering compare_versions(std::string_view left, std::string_view right) {
  return version_key(left) <=> version_key(right);
}

bool is_version(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxVersionLength) return false;
  if (text == "head" || text == "heads" || text == "base") return false;
  const auto is_alphanumeric = [](char c) { return ascii::is_letter(c) || ascii::is_digit(c); };
  return is_alphanumeric(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
           return is_alphanumeric(c) || is_separator(c) || c == '+' || c == '@';
         });
}

bool is_branch_name(std::string_view text) noexcept {
  constexpr std::size_t kMaxLength = 63;
  return text.size() <= kMaxLength && is_version(text) && text.find_first_of("+@") == std::string_view::npos;
}

}  // namespace tenancy::core
