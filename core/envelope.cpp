#include "core/envelope.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ascii.h"
#include "core/sql_lexer.h"
#include "core/sql_statements.h"

namespace tenancy::core {

namespace {

constexpr std::array<std::string_view, 6> kTransactionWords{"begin", "start", "commit", "end", "rollback", "abort"};

/// The words of a statement that has no more than two, and nothing else; otherwise the first one alone.
struct Command {
  SqlToken first{};
  SqlToken second{};
  bool is_plain = false;  ///< nothing follows
};

Command command_of(const SqlStatement& statement) {
  SqlLexer lexer{statement.text};
  Command command;
  command.first = lexer.next().value_or(SqlToken{});
  const std::optional<SqlToken> second = lexer.next();
  if (second) command.second = *second;
  command.is_plain = !second || !lexer.next();
  return command;
}

bool has_no_options(const Command& command) {
  return command.is_plain &&
         (command.second.text.empty() || command.second.is_word("work") || command.second.is_word("transaction"));
}

bool begins(const Command& command) {
  if (command.first.is_word("start")) return command.is_plain && command.second.is_word("transaction");
  return command.first.is_word("begin") && has_no_options(command);
}

bool commits(const Command& command) {
  return (command.first.is_word("commit") || command.first.is_word("end")) && has_no_options(command);
}

bool controls_transaction(const Command& command) {
  return std::any_of(kTransactionWords.begin(), kTransactionWords.end(),
                     [&](std::string_view word) { return command.first.is_word(word); });
}

/// The statements that are BEGIN, COMMIT, BEGIN, …, COMMIT; none when transactions are controlled in any other way.
std::vector<const SqlStatement*> find_envelopes(const std::vector<SqlStatement>& statements) {
  std::vector<const SqlStatement*> found;
  for (const SqlStatement& statement : statements) {
    const Command command = command_of(statement);
    if (!controls_transaction(command)) continue;
    const bool is_open = found.size() % 2 == 1;
    if (is_open ? !commits(command) : !begins(command)) return {};
    found.push_back(&statement);
  }
  return found.size() % 2 == 0 ? found : std::vector<const SqlStatement*>{};
}

/// Takes the statement and its semicolon out.
void erase(std::string& sql, std::size_t offset, std::size_t size) {
  std::size_t end = offset + size;
  SqlLexer lexer{std::string_view{sql}.substr(end)};
  if (const auto token = lexer.next(); token && token->is(';')) end += token->offset + 1;
  sql.erase(offset, end - offset);
}

}  // namespace

bool take_off_envelope(std::string& sql) {
  const std::vector<SqlStatement> statements = split_statements(sql);
  const std::vector<const SqlStatement*> envelopes = find_envelopes(statements);
  std::string inside = sql;
  for (auto statement = envelopes.rbegin(); statement != envelopes.rend(); ++statement) {
    erase(inside, (*statement)->offset, (*statement)->text.size());
  }
  inside.resize(ascii::trim_right(inside).size());
  if (envelopes.empty() || inside.empty()) return false;
  sql = std::move(inside) + '\n';
  return true;
}

}  // namespace tenancy::core
