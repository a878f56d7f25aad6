// PostgreSQL's text[], as its input and output functions write it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenancy::driver {

/// {"a","b \"c\""}
[[nodiscard]] std::string text_array(std::span<const std::string> elements);

/// The elements of an array of one dimension without NULLs. Throws std::invalid_argument for what is none.
[[nodiscard]] std::vector<std::string> parse_text_array(std::string_view text);

}  // namespace tenancy::driver
