// PostgreSQL's text[], as its input and output functions write it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::core {

/// One element, in double quotes, with quotes and backslashes in it escaped.
[[nodiscard]] std::string array_element(std::string_view text);

/// {"a","b \"c\""}
[[nodiscard]] std::string text_array(std::span<const std::string> elements);

/// The same; nothing, which is NULL as a parameter, for no elements.
[[nodiscard]] std::optional<std::string> text_array_or_null(std::span<const std::string> elements);

/// The elements of an array of one dimension without NULLs. Throws std::invalid_argument for what is none.
[[nodiscard]] std::vector<std::string> parse_text_array(std::string_view text);

/// The same; nothing for NULL.
[[nodiscard]] std::optional<std::vector<std::string>> parse_text_array_or_null(const std::optional<std::string>& text);

}  // namespace tenancy::core
