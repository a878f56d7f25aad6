// Walks SQL text line by line and knows which lines begin inside a quote, a dollar quote or a comment.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tenancy::core {

/// A line of SQL text, without its line end (LF or CRLF).
struct SqlLine {
  std::string_view text;
  std::size_t offset = 0;  ///< of the first byte, in the whole text
  int number = 1;          ///< 1-based
  bool plain = true;       ///< the line begins outside quotes, dollar quotes and block comments
};

/// Lexes as PostgreSQL does with standard_conforming_strings on: '…' with '' , E'…' with backslashes,
/// "…", $tag$…$tag$, nested /* */ and -- comments. The text must outlive the scanner; never throws.
class SqlScanner {
 public:
  explicit SqlScanner(std::string_view text) noexcept : text_(text) {}

  /// The next line, or nothing at the end. A final line end does not make an empty last line.
  [[nodiscard]] std::optional<SqlLine> next() noexcept;

 private:
  enum class State { plain, single_quote, escape_string, double_quote, dollar_quote, block_comment };

  /// A string that closed goes on, in the same kind, when only white space with a line end stands before
  /// the next quote. That matters for E'…' alone: the other kinds read alike either way.
  enum class Continuation { none, same_line, next_line };

  // Each goes on at `at` and says where the next one does: behind what it read.
  void scan(std::string_view line) noexcept;
  std::size_t scan_plain(std::string_view line, std::size_t at) noexcept;
  std::size_t scan_token(std::string_view line, std::size_t at) noexcept;
  std::size_t scan_quote(std::string_view line, std::size_t at, char quote) noexcept;
  std::size_t scan_escape_string(std::string_view line, std::size_t at) noexcept;
  std::size_t scan_dollar_quote(std::string_view line, std::size_t at) noexcept;
  std::size_t scan_block_comment(std::string_view line, std::size_t at) noexcept;

  std::string_view text_;
  std::size_t offset_ = 0;
  int number_ = 0;
  State state_ = State::plain;
  Continuation continuation_ = Continuation::none;  ///< after an E'…' that closed
  std::string_view tag_;                            ///< the open dollar quote, with both dollars
  int depth_ = 0;                                   ///< of nested block comments
};

/// The offset of the first byte that is neither white space nor comment; nothing when there is none.
[[nodiscard]] std::optional<std::size_t> find_code(std::string_view sql) noexcept;

}  // namespace tenancy::core
