// Text as it stands on a terminal: how wide it is, cut and filled to a width, with nothing in it that a terminal obeys.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::driver {

/// The text of others (names, messages of servers) made fit for one line: control characters, escape sequences,
/// characters that turn the direction of writing or cannot be seen, and bytes that are not UTF-8 come as `\n`, `\x1b`,
/// `\u202e`. Everything that others wrote passes through here before it is shown.
[[nodiscard]] std::string visible(std::string_view text);

/// The same line by line; without an empty line at the end.
[[nodiscard]] std::vector<std::string> visible_lines(std::string_view text);

/// Columns on a terminal: 2 for East Asian and emoji characters, 0 for combining ones. `text` is visible().
[[nodiscard]] std::size_t display_width(std::string_view text);

enum class Align { left, right };

/// Cut to at most `width` columns, with `ellipsis` at the end when something is missing. `text` is visible().
[[nodiscard]] std::string truncated(std::string_view text, std::size_t width, std::string_view ellipsis = "…");

/// Filled with spaces up to `width` columns; wider text comes back as it is.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width, Align align = Align::left);

}  // namespace tenancy::driver
