// Where messages of PostgreSQL's protocol begin and end in a stream of bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tenancy::test {

/// One direction of a connection.
class MessageSplitter {
 public:
  struct Piece {
    char type = 0;
    std::string bytes;  ///< all of it
    [[nodiscard]] std::string_view body() const { return std::string_view(bytes).substr(type == 0 ? 4 : 5); }
  };

  /// Messages of clients have no type up to the startup message.
  explicit MessageSplitter(bool from_client) : is_untyped_(from_client) {}

  void add(std::string_view bytes) { buffer_ += bytes; }

  /// The next message that is whole.
  std::optional<Piece> take() {
    const std::size_t head = is_untyped_ ? 4 : 5;
    if (buffer_.size() < head) return std::nullopt;
    const std::size_t size = length_at(head - 4) + head - 4;
    if (buffer_.size() < size) return std::nullopt;
    Piece piece{is_untyped_ ? '\0' : buffer_.front(), buffer_.substr(0, size)};
    buffer_.erase(0, size);
    // Requests for TLS (80877103) and GSS (80877104) are answered, and another message without a type follows.
    constexpr std::size_t kRequestCode = 1234U << 16U;
    if (is_untyped_ && size >= 8) {
      const std::size_t code = number_in(piece.bytes, 4);
      is_untyped_ = code == kRequestCode + 5679 || code == kRequestCode + 5680;
      is_request_ = is_untyped_;
    }
    return piece;
  }

  /// Was the message that was taken last one that is answered by a single byte?
  [[nodiscard]] bool took_request() const noexcept { return is_request_; }
  /// One byte without any form.
  std::optional<char> take_byte() {
    if (buffer_.empty()) return std::nullopt;
    const char byte = buffer_.front();
    buffer_.erase(0, 1);
    return byte;
  }
  /// All that is left.
  std::string take_rest() { return std::exchange(buffer_, {}); }

 private:
  static std::size_t number_in(std::string_view text, std::size_t at) {
    std::size_t number = 0;
    for (std::size_t i = at; i < at + 4; ++i) number = number << 8U | static_cast<unsigned char>(text[i]);
    return number;
  }
  [[nodiscard]] std::size_t length_at(std::size_t at) const { return number_in(buffer_, at); }

  std::string buffer_;
  bool is_untyped_;
  bool is_request_ = false;
};

}  // namespace tenancy::test
