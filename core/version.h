// Versions of migrations: which strings are versions, and their order.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace tenancy::core {

/// Longest version, in bytes; the tracking table's column is as wide.
inline constexpr std::size_t kMaxVersionLength = 128;

/// A string whose byte order is the natural order of versions. A version is read as numbers (runs of
/// digits, of any length), separators (`-`, `.` and `_`, all alike) and other bytes. Where two versions
/// first differ, the end comes first, then a separator, then a number, then a letter; numbers compare as
/// numbers and letters as bytes: 1 < 1.1 < 1.2 < 1.10 < 1.a < 1a < 2 < 10 < a1.
/// A leading calendar date written with dashes, and four or six digits of time behind one more dash,
/// count as their digits (`2018-04-24-145128` is `20180424145128`), so both spellings may stand in one
/// set, as Diesel's do; more parts may follow. `7` and `007` have the same key: they are the same version.
/// Keys of versions are printable ASCII.
[[nodiscard]] std::string version_key(std::string_view version);

/// Natural order of two versions: the order of their keys.
[[nodiscard]] std::strong_ordering compare_versions(std::string_view left, std::string_view right);

/// True when `text` may be a version: 1 to kMaxVersionLength bytes of ASCII letters, digits,
/// `.`, `_`, `-`, `+`, `@`, beginning with a letter or a digit, and none of the words `head`, `heads` and `base`.
[[nodiscard]] bool is_version(std::string_view text) noexcept;

/// Names of branches: 1 to 63 bytes of what versions are made of, without `+` and `@`.
[[nodiscard]] bool is_branch_name(std::string_view text) noexcept;

}  // namespace tenancy::core
