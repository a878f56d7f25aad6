#include "driver/output/figures.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace tenancy::driver {

namespace {

using std::chrono::microseconds;

struct Unit {
  std::int64_t seconds;
  std::string_view name;
};
constexpr std::array<Unit, 4> kUnits{{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};

/// "3 min 10 s": the greatest unit that is there, and the next one.
std::string two_units(std::int64_t seconds) {
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (seconds < kUnits[i].seconds) continue;
    const std::int64_t rest = seconds % kUnits[i].seconds / kUnits[i + 1].seconds;
    std::string text = fmt::format("{} {}", seconds / kUnits[i].seconds, kUnits[i].name);
    if (rest > 0) text += fmt::format(" {} {}", rest, kUnits[i + 1].name);
    return text;
  }
  return fmt::format("{} s", seconds);
}

/// "5 min": the greatest unit that is there.
std::string one_unit(std::int64_t seconds) {
  for (const Unit& unit : kUnits) {
    if (seconds >= unit.seconds) return fmt::format("{} {}", seconds / unit.seconds, unit.name);
  }
  return "0 s";
}

}  // namespace

std::string number_text(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t digits = 3; digits < text.size(); digits += 4) text.insert(text.size() - digits, 1, ',');
  return text;
}

std::string counted(std::size_t number, std::string_view singular, std::string_view plural) {
  return number_text(number) + " " + std::string(number == 1 ? singular : plural);
}

std::string duration_text(microseconds duration) {
  const std::int64_t us = duration.count() < 0 ? 0 : duration.count();
  if (us == 0) return "0 ms";
  // Each bound is the value that would be rounded up to the next unit.
  if (us < 9'950) return fmt::format("{:.1f} ms", std::max(0.1, static_cast<double>(us) / 1e3));
  if (us < 999'500) return fmt::format("{} ms", (us + 500) / 1'000);
  if (us < 9'950'000) return fmt::format("{:.1f} s", static_cast<double>(us) / 1e6);
  return two_units((us + 500'000) / 1'000'000);
}

std::string seconds_text(std::chrono::seconds duration) {
  return two_units(std::max<std::int64_t>(0, duration.count()));
}

std::string rate_text(double per_second) {
  if (per_second <= 0 || !std::isfinite(per_second)) return "0/s";
  if (per_second >= 9.95) return number_text(static_cast<std::size_t>(std::llround(per_second))) + "/s";
  if (per_second >= 0.95) return fmt::format("{:.1f}/s", per_second);
  if (per_second * 60 >= 0.95) return fmt::format("{:.0f}/min", per_second * 60);
  return fmt::format("{:.0f}/h", std::ceil(per_second * 3600));
}

std::string relative_text(std::chrono::system_clock::time_point time, std::chrono::system_clock::time_point now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - time).count();
  if (seconds > -5 && seconds < 5) return "just now";
  return seconds > 0 ? one_unit(seconds) + " ago" : "in " + one_unit(-seconds);
}

std::string iso8601(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string percent_text(std::size_t part, std::size_t whole) {
  return fmt::format("{} %", whole == 0 ? 100 : part * 100 / whole);
}

}  // namespace tenancy::driver
