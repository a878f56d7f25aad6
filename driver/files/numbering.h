// How a folder numbers its migrations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenancy::driver {

/// "007" as a number, for versions of digits alone, up to 18 of them.
[[nodiscard]] std::optional<std::uint64_t> version_number(std::string_view version) noexcept;

/// Is the version a date with a time, such as 20240131120000 or 2024-01-31-120000?
[[nodiscard]] bool is_timestamp(std::string_view version) noexcept;

/// The version of a migration behind `newest`, in its style: one more, as wide; or `now`
/// ("20240131120000", UTC), spelled alike, and later than it. "001" for the first. Throws UsageError for
/// a style that has no next one.
[[nodiscard]] std::string next_version(const std::optional<std::string>& newest, std::string_view now);

}  // namespace tenancy::driver
