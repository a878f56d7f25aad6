#include "core/tool_checksum.h"

#include <array>

namespace tenancy::core {

namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = make_table();

}  // namespace

std::int32_t flyway_checksum(std::string_view bytes) noexcept {
  if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char c : bytes) {
    if (c != '\n' && c != '\r') value = (value >> 8) ^ kTable[(value ^ static_cast<unsigned char>(c)) & 0xFFU];
  }
  return static_cast<std::int32_t>(~value);
}

std::string tool_checksum(Format format, std::string_view bytes, const Sha256& sha256) {
  if (format == Format::flyway) return std::to_string(flyway_checksum(bytes));
  if (format == Format::prisma && sha256) return sha256(bytes);
  return {};
}

}  // namespace tenancy::core
