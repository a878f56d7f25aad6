// The bytes of a file as text: UTF-8 without a byte order mark, lines that end in LF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenancy::core {

/// Drops a UTF-8 byte order mark, also one that an editor put before another, and makes every CRLF (and
/// CR CR LF, of a file converted twice) an LF, inside quotes too: a checksum must not depend on the line
/// ends of a checkout. Throws Error(bad_file) with `name` and the line for UTF-16, a NUL byte and bytes
/// that are not UTF-8.
[[nodiscard]] std::string read_source_text(std::string_view name, std::string_view bytes);

/// The 1-based line of the byte at `offset`.
[[nodiscard]] int line_of(std::string_view text, std::size_t offset) noexcept;

}  // namespace tenancy::core
