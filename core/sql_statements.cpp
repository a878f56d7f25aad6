#include "core/sql_statements.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/sql_lexer.h"

namespace tenancy::core {

namespace {

/// Where a statement stands: no semicolon ends it within parentheses, or within the body of a function.
class Nesting {
 public:
  void read(const SqlToken& token) noexcept {
    if (token.is('(')) ++parentheses_;
    if (token.is(')') && parentheses_ > 0) --parentheses_;
    if (token.kind == SqlToken::Kind::word) read_word(token);
    ++tokens_;
  }

  [[nodiscard]] bool is_open() const noexcept { return parentheses_ > 0 || blocks_ > 0; }

 private:
  /// CREATE [OR REPLACE] FUNCTION | PROCEDURE … BEGIN ATOMIC … END, with CASE … END in it.
  void read_word(const SqlToken& token) noexcept {
    if (tokens_ == 0) makes_ = token.is_word("create");
    if (tokens_ == (replaces_ ? 3U : 1U)) {
      routine_ = makes_ && (token.is_word("function") || token.is_word("procedure"));
      replaces_ = replaces_ || (makes_ && token.is_word("or"));
    }
    if (!routine_) return;
    if (blocks_ > 0 && token.is_word("case")) ++blocks_;
    if (blocks_ > 0 && token.is_word("end")) --blocks_;
    if (begins_ && token.is_word("atomic")) ++blocks_;
    begins_ = token.is_word("begin");
  }

  std::size_t tokens_ = 0;
  std::size_t parentheses_ = 0;
  std::size_t blocks_ = 0;
  bool makes_ = false;     ///< CREATE
  bool replaces_ = false;  ///< CREATE OR
  bool routine_ = false;   ///< CREATE [OR REPLACE] FUNCTION
  bool begins_ = false;    ///< the last word was BEGIN
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
