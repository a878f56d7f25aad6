#include "core/sql_statements.h"

#include <utility>

#include "core/ascii.h"
#include "core/sql_lexer.h"

namespace tenancy::core {

namespace {

/// Where a statement stands: no semicolon ends it within parentheses, or within the body of a function.
class Nesting {
 public:
  void read(const SqlToken& token) noexcept {
    const bool follows_begin = std::exchange(begins_, false);
    if (token.is('(')) ++parentheses_;
    if (token.is(')') && parentheses_ > 0) --parentheses_;
    if (parentheses_ == 0 && token.is(';')) return begin_statement();
    if (parentheses_ == 0 && token.kind == SqlToken::Kind::word) {
      if (routine_ && follows_begin && token.is_word("atomic")) {
        ++blocks_;
        return begin_statement();
      }
      read_word(token);
    }
    ++tokens_;
  }

  [[nodiscard]] bool is_open() const noexcept { return parentheses_ > 0 || blocks_ > 0; }

 private:
  /// CREATE [OR REPLACE] FUNCTION | PROCEDURE … BEGIN ATOMIC …; … END: where a statement would begin, as END may also
  /// be the end of CASE, or a name.
  void read_word(const SqlToken& token) noexcept {
    if (tokens_ == 0 && blocks_ > 0 && token.is_word("end")) --blocks_;
    if (tokens_ == 0) makes_ = token.is_word("create");
    if (tokens_ == (replaces_ ? 3U : 1U)) {
      routine_ = makes_ && (token.is_word("function") || token.is_word("procedure"));
      replaces_ = replaces_ || (makes_ && token.is_word("or"));
    }
    begins_ = token.is_word("begin");
  }

  void begin_statement() noexcept {
    tokens_ = 0;
    makes_ = replaces_ = routine_ = false;
  }

  std::size_t parentheses_ = 0;
  std::size_t blocks_ = 0;  ///< bodies, one in the other
  std::size_t tokens_ = 0;  ///< of the innermost statement
  bool makes_ = false;      ///< CREATE
  bool replaces_ = false;   ///< CREATE OR
  bool routine_ = false;    ///< CREATE [OR REPLACE] FUNCTION
  bool begins_ = false;     ///< the last token was BEGIN
};

}  // namespace

std::vector<SqlStatement> split_statements(std::string_view script) {
  std::vector<SqlStatement> statements;
  SqlLexer lexer{script};
  Nesting nesting;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool empty = true;
  const auto finish = [&] {
    if (!empty)
      statements.push_back({script.substr(begin, end - begin), begin, static_cast<int>(statements.size()) + 1});
    nesting = {};
    empty = true;
  };
  while (const std::optional<SqlToken> token = lexer.next()) {
    if (token->is(';') && !nesting.is_open()) {
      finish();
      continue;
    }
    if (empty) begin = token->offset;
    empty = false;
    end = token->offset + token->text.size();
    nesting.read(*token);
  }
  finish();
  return statements;
}

}  // namespace tenancy::core
