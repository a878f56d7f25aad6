// Tokens of SQL text, as PostgreSQL's lexer cuts them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tenancy::core {

struct SqlToken {
  enum class Kind {
    word,        ///< a keyword or an identifier without quotes
    identifier,  ///< "…"
    string,      ///< '…', E'…' or $tag$…$tag$, as far as it goes on over lines
    number,
    symbol,  ///< any other byte, alone: operators come as several
  };
  Kind kind = Kind::symbol;
  std::string_view text;
  std::size_t offset = 0;

  [[nodiscard]] bool is(char symbol) const noexcept { return kind == Kind::symbol && text.front() == symbol; }
  /// Is it this keyword, in any case?
  [[nodiscard]] bool is_word(std::string_view keyword) const noexcept;
};

/// Lexes with standard_conforming_strings on, and passes white space and comments by. What is not closed goes to the
/// end of the text. The text must outlive lexer and tokens; never throws.
class SqlLexer {
 public:
  explicit SqlLexer(std::string_view sql) noexcept : sql_(sql) {}

  [[nodiscard]] std::optional<SqlToken> next() noexcept;

 private:
  std::string_view sql_;
  std::size_t at_ = 0;
};

/// The `$tag$` with which the text begins, or empty: `$1` is a parameter and `$` may be part of an operator.
[[nodiscard]] std::string_view leading_dollar_tag(std::string_view text) noexcept;

}  // namespace tenancy::core
