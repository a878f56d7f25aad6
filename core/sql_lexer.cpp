#include "core/sql_lexer.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/sql_scanner.h"

namespace tenancy::core {

namespace {

constexpr bool is_identifier_start(char c) noexcept {
  return ascii::is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool is_identifier_part(char c) noexcept { return is_identifier_start(c) || ascii::is_digit(c); }

char at_or_nul(std::string_view sql, std::size_t at) noexcept { return at < sql.size() ? sql[at] : '\0'; }

/// Behind the quote that closes what was opened before `at`; a doubled quote does not, nor one behind a backslash
/// where `escapes`.
std::size_t quote_end(std::string_view sql, std::size_t at, char quote, bool escapes) noexcept {
  while (at < sql.size()) {
    if (escapes && sql[at] == '\\') {
      at += 2;
    } else if (sql[at] != quote) {
      ++at;
    } else if (at_or_nul(sql, at + 1) == quote) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return sql.size();
}

/// A string that closed at `at` goes on behind white space and line comments with a line end among them: where its next
/// part begins, behind the quote.
std::optional<std::size_t> continuation(std::string_view sql, std::size_t at) noexcept {
  bool line_ended = false;
  while (at < sql.size()) {
    if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find_first_of("\r\n", at), sql.size());
    } else if (ascii::is_space(sql[at])) {
      line_ended = line_ended || sql[at] == '\n' || sql[at] == '\r';
      ++at;
    } else {
      break;
    }
  }
  if (!line_ended || at_or_nul(sql, at) != '\'') return std::nullopt;
  return at + 1;
}

std::size_t string_end(std::string_view sql, std::size_t at, bool escapes) noexcept {
  std::size_t end = quote_end(sql, at, '\'', escapes);
  while (const std::optional<std::size_t> next = continuation(sql, end)) end = quote_end(sql, *next, '\'', escapes);
  return end;
}

std::size_t dollar_quote_end(std::string_view sql, std::size_t at, std::string_view tag) noexcept {
  const std::size_t close = sql.find(tag, at + tag.size());
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

std::size_t digits_end(std::string_view sql, std::size_t at) noexcept {
  while (ascii::is_digit(at_or_nul(sql, at))) ++at;
  return at;
}

std::size_t number_end(std::string_view sql, std::size_t at) noexcept {
  at = digits_end(sql, at);
  if (at_or_nul(sql, at) == '.' && at_or_nul(sql, at + 1) != '.') at = digits_end(sql, at + 1);
  if (ascii::to_lower(at_or_nul(sql, at)) != 'e') return at;
  const char sign = at_or_nul(sql, at + 1);
  const std::size_t exponent = at + (sign == '+' || sign == '-' ? 2 : 1);
  return ascii::is_digit(at_or_nul(sql, exponent)) ? digits_end(sql, exponent) : at;
}

std::size_t word_end(std::string_view sql, std::size_t at) noexcept {
  while (at < sql.size() && (is_identifier_part(sql[at]) || sql[at] == '$')) ++at;
  return at;
}

}  // namespace

bool SqlToken::is_word(std::string_view keyword) const noexcept {
  return kind == Kind::word && ascii::equals_ignoring_case(text, keyword);
}

std::string_view leading_dollar_tag(std::string_view text) noexcept {
  std::size_t end = 1;
  if (end < text.size() && is_identifier_start(text[end])) {
    while (end < text.size() && is_identifier_part(text[end])) ++end;
  }
  return at_or_nul(text, 0) == '$' && at_or_nul(text, end) == '$' ? text.substr(0, end + 1) : std::string_view{};
}

std::optional<SqlToken> SqlLexer::next() noexcept {
  const std::optional<std::size_t> code = find_code(sql_.substr(at_));
  if (!code) {
    at_ = sql_.size();
    return std::nullopt;
  }
  const std::size_t begin = at_ + *code;
  const char c = sql_[begin];
  std::size_t end = begin + 1;
  SqlToken::Kind kind = SqlToken::Kind::symbol;
  if (const bool escapes = ascii::to_lower(c) == 'e' && at_or_nul(sql_, begin + 1) == '\''; escapes || c == '\'') {
    kind = SqlToken::Kind::string;
    end = string_end(sql_, begin + (escapes ? 2 : 1), escapes);
  } else if (c == '"') {
    kind = SqlToken::Kind::identifier;
    end = quote_end(sql_, begin + 1, '"', false);
  } else if (const std::string_view tag = leading_dollar_tag(sql_.substr(begin)); !tag.empty()) {
    kind = SqlToken::Kind::string;
    end = dollar_quote_end(sql_, begin, tag);
  } else if (is_identifier_start(c)) {
    kind = SqlToken::Kind::word;
    end = word_end(sql_, begin);
  } else if (ascii::is_digit(c)) {
    kind = SqlToken::Kind::number;
    end = number_end(sql_, begin);
  }
  at_ = std::min(end, sql_.size());
  return SqlToken{kind, sql_.substr(begin, at_ - begin), begin};
}

}  // namespace tenancy::core
