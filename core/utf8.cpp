#include "core/utf8.h"

namespace tenancy::core {

namespace {

using Byte = unsigned char;

constexpr bool is_continuation(Byte byte) noexcept { return (byte & 0xc0) == 0x80; }

/// Bytes of a character by its first byte; 0 when no character begins so.
constexpr std::size_t character_length(Byte first) noexcept {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;  // a continuation, or an overlong form of ASCII
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

/// The second byte is where overlong forms, surrogates and too great code points show.
constexpr bool is_second_byte(Byte first, Byte second) noexcept {
  switch (first) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
    default:
      return is_continuation(second);
  }
}

bool begins_with_character(std::string_view text, std::size_t length) noexcept {
  if (length == 0 || text.size() < length) return false;
  if (length == 1) return true;
  if (!is_second_byte(static_cast<Byte>(text[0]), static_cast<Byte>(text[1]))) return false;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(static_cast<Byte>(text[i]))) return false;
  }
  return true;
}

}  // namespace

std::size_t valid_utf8_length(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = character_length(static_cast<Byte>(text[at]));
    if (!begins_with_character(text.substr(at), length)) return at;
    at += length;
  }
  return at;
}

std::string_view first_characters(std::string_view text, std::size_t count) noexcept {
  std::size_t seen = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_continuation(static_cast<Byte>(text[at]))) continue;
    if (seen == count) return text.substr(0, at);
    ++seen;
  }
  return text;
}

}  // namespace tenancy::core
