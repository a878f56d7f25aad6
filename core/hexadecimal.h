// Bytes as people write them.
#pragma once

#include <span>
#include <string>

namespace tenancy::core {

/// Two digits a byte, in lower case.
[[nodiscard]] inline std::string hexadecimal(std::span<const unsigned char> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  digits.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 15];
  }
  return digits;
}

}  // namespace tenancy::core
