#include "core/sql_scanner.h"

#include <algorithm>

#include "core/ascii.h"

namespace tenancy::core {

namespace {

constexpr bool is_identifier_start(char c) noexcept {
  return ascii::is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool is_identifier_part(char c) noexcept { return is_identifier_start(c) || ascii::is_digit(c); }

/// The `$tag$` that begins at `at`, or empty: `$1` is a parameter and `$` may be part of an operator.
std::string_view dollar_tag(std::string_view line, std::size_t at) noexcept {
  std::size_t end = at + 1;
  if (end < line.size() && is_identifier_start(line[end])) {
    while (end < line.size() && is_identifier_part(line[end])) ++end;
  }
  return end < line.size() && line[end] == '$' ? line.substr(at, end + 1 - at) : std::string_view{};
}

std::size_t identifier_end(std::string_view line, std::size_t at) noexcept {
  while (at < line.size() && (is_identifier_part(line[at]) || line[at] == '$')) ++at;
  return at;
}

/// The end of what `--` began: PostgreSQL ends a comment at a lone carriage return, too.
std::size_t line_comment_end(std::string_view text, std::size_t at) noexcept {
  return std::min(text.find_first_of("\r\n", at), text.size());
}

}  // namespace

std::optional<SqlLine> SqlScanner::next() noexcept {
  if (offset_ >= text_.size()) return std::nullopt;
  const std::size_t feed = std::min(text_.find('\n', offset_), text_.size());
  std::string_view line = text_.substr(offset_, feed - offset_);
  if (feed < text_.size() && line.ends_with('\r')) line.remove_suffix(1);

  const SqlLine result{line, offset_, ++number_, state_ == State::plain};
  scan(line);
  if (continuation_ == Continuation::same_line) continuation_ = Continuation::next_line;
  offset_ = feed + 1;
  return result;
}

void SqlScanner::scan(std::string_view line) noexcept {
  std::size_t at = 0;
  while (at < line.size()) {
    switch (state_) {
      case State::plain:
        at = scan_plain(line, at);
        break;
      case State::single_quote:
        at = scan_quote(line, at, '\'');
        break;
      case State::double_quote:
        at = scan_quote(line, at, '"');
        break;
      case State::escape_string:
        at = scan_escape_string(line, at);
        break;
      case State::dollar_quote:
        at = scan_dollar_quote(line, at);
        break;
      case State::block_comment:
        at = scan_block_comment(line, at);
        break;
    }
  }
}

std::size_t SqlScanner::scan_plain(std::string_view line, std::size_t at) noexcept {
  const char c = line[at];
  if (c == '\r' && continuation_ == Continuation::same_line) continuation_ = Continuation::next_line;
  if (ascii::is_space(c)) return at + 1;
  if (line.substr(at).starts_with("--")) return line_comment_end(line, at);

  const bool continues = continuation_ == Continuation::next_line && c == '\'';
  continuation_ = Continuation::none;
  if (continues) {
    state_ = State::escape_string;
    return at + 1;
  }
  return scan_token(line, at);
}

std::size_t SqlScanner::scan_token(std::string_view line, std::size_t at) noexcept {
  const char c = line[at];
  const char following = at + 1 < line.size() ? line[at + 1] : '\0';
  if (c == '\'') {
    state_ = State::single_quote;
  } else if (c == '"') {
    state_ = State::double_quote;
  } else if (c == '/' && following == '*') {
    state_ = State::block_comment;
    depth_ = 1;
    return at + 2;
  } else if ((c == 'e' || c == 'E') && following == '\'') {
    state_ = State::escape_string;
    return at + 2;
  } else if (c == '$') {
    tag_ = dollar_tag(line, at);
    if (!tag_.empty()) state_ = State::dollar_quote;
    return at + std::max<std::size_t>(tag_.size(), 1);
  } else if (is_identifier_start(c)) {
    return identifier_end(line, at);
  }
  return at + 1;
}

std::size_t SqlScanner::scan_quote(std::string_view line, std::size_t at, char quote) noexcept {
  // A doubled quote closes here and opens again, which comes to the same.
  const std::size_t close = line.find(quote, at);
  if (close == std::string_view::npos) return line.size();
  state_ = State::plain;
  return close + 1;
}

std::size_t SqlScanner::scan_escape_string(std::string_view line, std::size_t at) noexcept {
  if (line[at] == '\\') return std::min(at + 2, line.size());
  if (line[at] != '\'') return at + 1;
  if (at + 1 < line.size() && line[at + 1] == '\'') return at + 2;
  state_ = State::plain;
  continuation_ = Continuation::same_line;
  return at + 1;
}

std::size_t SqlScanner::scan_dollar_quote(std::string_view line, std::size_t at) noexcept {
  const std::size_t close = line.find(tag_, at);
  if (close == std::string_view::npos) return line.size();
  state_ = State::plain;
  return close + tag_.size();
}

std::size_t SqlScanner::scan_block_comment(std::string_view line, std::size_t at) noexcept {
  const std::string_view pair = line.substr(at, 2);
  if (pair == "/*") {
    ++depth_;
    return at + 2;
  }
  if (pair != "*/") return at + 1;
  if (--depth_ == 0) state_ = State::plain;
  return at + 2;
}

std::optional<std::size_t> find_code(std::string_view sql) noexcept {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < sql.size()) {
    const std::string_view pair = sql.substr(at, 2);
    if (pair == "/*") {
      ++depth;
      at += 2;
    } else if (depth > 0) {
      if (pair == "*/") --depth;
      at += pair == "*/" ? 2 : 1;
    } else if (pair == "--") {
      at = line_comment_end(sql, at);
    } else if (ascii::is_space(sql[at])) {
      ++at;
    } else {
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace tenancy::core
