// Numbers and times as people read them.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace tenancy::driver {

/// "1,234,567".
[[nodiscard]] std::string number_text(std::size_t number);

/// "1 target", "1,200 targets".
[[nodiscard]] std::string counted(std::size_t number, std::string_view singular, std::string_view plural);

/// "0 ms", "0.4 ms", "12 ms", "1.2 s", "45 s", "3 min 10 s", "2 h 5 min", "3 d 4 h".
[[nodiscard]] std::string duration_text(std::chrono::microseconds duration);

/// "0 s", "5 s", "3 min 10 s": a duration that goes on, down to the second.
[[nodiscard]] std::string seconds_text(std::chrono::seconds duration);

/// "1,843/s", "2.5/s"; below one in a second "12/min", below one in a minute "3/h".
[[nodiscard]] std::string rate_text(double per_second);

/// "just now", "5 min ago", "3 h ago", "2 d ago", or "in 5 min".
[[nodiscard]] std::string relative_text(std::chrono::system_clock::time_point time,
                                        std::chrono::system_clock::time_point now);

/// "2026-11-21T14:09:04Z": ISO 8601, in UTC.
[[nodiscard]] std::string iso8601(std::chrono::system_clock::time_point time);

/// "52 %", rounded down: 100 % means all.
[[nodiscard]] std::string percent_text(std::size_t part, std::size_t whole);

}  // namespace tenancy::driver
