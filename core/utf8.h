// UTF-8 text: whether it is well formed, and its first characters.
#pragma once

#include <cstddef>
#include <string_view>

namespace tenancy::core {

/// How many bytes from the beginning are well-formed UTF-8: `text.size()` when all are. Overlong forms,
/// surrogates and what is above U+10FFFF are not.
[[nodiscard]] std::size_t valid_utf8_length(std::string_view text) noexcept;

/// The first `count` characters of UTF-8 text, or all of it when it has fewer.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t count) noexcept;

}  // namespace tenancy::core
