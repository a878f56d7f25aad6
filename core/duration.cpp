#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>

#include "core/ascii.h"
#include "core/error.h"
#include "core/message.h"
#include "core/migration_file.h"

namespace tenancy::core {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array<Unit, 6> kUnits{
    {{"", 1}, {"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::int64_t kLongest = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::chrono::milliseconds parse_duration(std::string_view text) {
  const std::string_view trimmed = ascii::trim(text);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), count);
  const std::string_view unit = ascii::trim_left(trimmed.substr(static_cast<std::size_t>(end - trimmed.data())));
  const bool begins_with_digit = !trimmed.empty() && ascii::is_digit(trimmed.front());
  for (const Unit& candidate : kUnits) {
    if (!begins_with_digit || unit != candidate.name) continue;
    if (error != std::errc{} || count > kLongest / candidate.milliseconds) {
      throw Error(ErrorKind::bad_value, quoted_text(text) + " is too long a time",
                  "The longest is 2147483647ms, 24 days.");
    }
    return std::chrono::milliseconds{count * candidate.milliseconds};
  }
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not a time",
              "Write a whole number and one of the units ms, s, min, h and d.");
}

}  // namespace tenancy::core
