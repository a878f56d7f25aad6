// Values as bytes, for what the leader and its workers tell each other through shared memory. Both are the same
// library on the same machine, so numbers go as they are.
#pragma once

#include "extension/guard.h"

namespace tenancy {

class WireWriter {
 public:
  template <typename Number>
  void number(Number value) {
    static_assert(std::is_arithmetic_v<Number> || std::is_enum_v<Number>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number<std::uint32_t>(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
  }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads what a WireWriter wrote, in the same order. Throws PgError when there is less than that.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  template <typename Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(view()); }
  /// A text that is not copied.
  std::string_view view() { return take(number<std::uint32_t>()); }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) throw PgError(ERRCODE_PROTOCOL_VIOLATION, "message of a tenancy worker is too short");
    std::string_view const taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view bytes_;
};

}  // namespace tenancy
