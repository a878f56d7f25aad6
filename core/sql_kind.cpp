#include "core/sql_kind.h"

#include <algorithm>
#include <array>

#include "core/ascii.h"
#include "core/sql_lexer.h"
#include "core/sql_statements.h"

namespace tenancy::core {

namespace {

/// Enough for every statement of which more than the beginning matters.
constexpr std::size_t kMostWords = 4096;

template <std::size_t kSize>
bool is_one_of(std::string_view word, const std::array<std::string_view, kSize>& words) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

SqlKind::SqlKind(std::string_view statement) : text_(statement) {
  read(statement);
  find_concurrently();
}

void SqlKind::read(std::string_view statement) {
  SqlLexer lexer{statement};
  std::size_t depth = 0;
  while (const std::optional<SqlToken> token = lexer.next()) {
    if (token->is(')') && depth > 0 && --depth == 0) words_.back().end = token->offset + 1;
    if (depth == 0 && !token->is(')')) {
      if (words_.size() == kMostWords) return;
      Word word{std::string(token->text), token->offset, token->offset + token->text.size()};
      if (token->kind == SqlToken::Kind::word)
        std::transform(word.text.begin(), word.text.end(), word.text.begin(), ascii::to_upper);
      if (token->kind == SqlToken::Kind::string) word.text = "'";
      words_.push_back(std::move(word));
    }
    if (token->is('(')) ++depth;
  }
}

bool SqlKind::is(std::size_t at, std::string_view word) const noexcept {
  return at < words_.size() && words_[at].text == word;
}

bool SqlKind::begins(std::initializer_list<std::string_view> words) const noexcept {
  std::size_t at = 0;
  return std::all_of(words.begin(), words.end(), [&](std::string_view word) { return is(at++, word); });
}

std::optional<std::size_t> SqlKind::find(std::string_view word, std::size_t from) const noexcept {
  for (std::size_t at = from; at < words_.size(); ++at) {
    if (words_[at].text == word) return at;
  }
  return std::nullopt;
}

/// IF EXISTS or IF NOT EXISTS among the words [from, to).
bool SqlKind::has_if_exists(std::size_t from, std::size_t to) const noexcept {
  for (std::size_t at = from; at + 1 < std::min(to, words_.size()); ++at) {
    if (is(at, "IF") && (is(at + 1, "EXISTS") || (is(at + 1, "NOT") && is(at + 2, "EXISTS")))) return true;
  }
  return false;
}

std::size_t SqlKind::behind_name(std::size_t at) const noexcept {
  while (is(at + 1, ".")) at += 2;
  return at + 1;
}

std::string SqlKind::name_at(std::size_t at) const {
  const std::size_t end = std::min(behind_name(at), words_.size());
  return at < end ? std::string(text_.substr(words_[at].begin, words_[end - 1].end - words_[at].begin)) : std::string();
}

/// Is an option in the parentheses behind the command on? `(VERBOSE, CONCURRENTLY)`, `(CONCURRENTLY TRUE)`.
bool SqlKind::option_is_on(std::string_view option) const {
  if (!is(1, "(")) return false;
  SqlLexer lexer{text_.substr(words_[1].begin + 1, words_[1].end - words_[1].begin - 1)};
  bool on = false;
  while (const std::optional<SqlToken> token = lexer.next()) {
    if (!token->is_word(option)) continue;
    const std::optional<SqlToken> value = lexer.next();
    on = !value || !(value->is_word("false") || value->is_word("off") || value->text == "0" ||
                     value->text == "'false'" || value->text == "'off'");
  }
  return on;
}

/// The index of the word behind CREATE [UNIQUE] INDEX, or 0 when it is another statement.
std::size_t SqlKind::behind_index_words() const noexcept {
  if (begins({"CREATE", "INDEX"})) return 2;
  return begins({"CREATE", "UNIQUE", "INDEX"}) ? 3 : 0;
}

/// The index of INDEX, TABLE, SCHEMA, DATABASE or SYSTEM behind REINDEX.
std::size_t SqlKind::reindex_kind() const noexcept { return is(1, "(") ? 2 : 1; }

bool SqlKind::reindexes_one_table() const noexcept {
  return is(reindex_kind(), "INDEX") || is(reindex_kind(), "TABLE");
}

void SqlKind::find_concurrently() {
  std::size_t at = 0;
  if (behind_index_words() > 0) {
    at = behind_index_words();
  } else if (begins({"DROP", "INDEX"})) {
    at = 2;
  } else if (begins({"REINDEX"})) {
    at = reindex_kind() + 1;
    if (option_is_on("concurrently")) concurrent_at_ = 1;
  } else if (begins({"ALTER", "TABLE"})) {
    const std::optional<std::size_t> detach = find("DETACH");
    if (detach && is(*detach + 1, "PARTITION")) at = behind_name(*detach + 2);
  }
  if (at > 0 && is(at, "CONCURRENTLY")) concurrent_at_ = at;
}

SqlKind::Command SqlKind::concurrent_command() const noexcept {
  if (!concurrent_at_) return Command::other;
  if (is(0, "CREATE")) return Command::create_index;
  if (is(0, "DROP")) return Command::drop_index;
  return is(0, "REINDEX") ? Command::reindex : Command::detach_partition;
}

std::string_view SqlKind::transaction_control() const noexcept {
  if (is(0, "BEGIN")) return "BEGIN";
  if (begins({"START", "TRANSACTION"})) return "START TRANSACTION";
  if (begins({"PREPARE", "TRANSACTION", "'"})) return "PREPARE TRANSACTION";
  if (is(0, "COMMIT")) return is(1, "PREPARED") ? "COMMIT PREPARED" : "COMMIT";
  if (is(0, "END")) return "COMMIT";
  if (is(0, "ROLLBACK")) return is(1, "PREPARED") ? "ROLLBACK PREPARED" : "ROLLBACK";
  if (is(0, "ABORT")) return "ROLLBACK";
  if (is(0, "SAVEPOINT")) return "SAVEPOINT";
  return is(0, "RELEASE") ? "RELEASE" : "";
}

bool SqlKind::is_meta_command() const noexcept { return find("\\").has_value(); }

bool SqlKind::copies_with_client() const noexcept {
  if (!is(0, "COPY")) return false;
  for (std::size_t at = 1; at < words_.size(); ++at) {
    if (is(at, "FROM") || is(at, "TO")) return is(at + 1, "STDIN") || is(at + 1, "STDOUT");
  }
  return false;
}

bool SqlKind::clusters_all() const noexcept {
  std::size_t at = 1;
  if (is(at, "VERBOSE") || is(at, "(")) ++at;
  return is(0, "CLUSTER") && at >= words_.size();
}

// The list follows the callers of PreventInTransactionBlock() in PostgreSQL 15 to 18.
std::string_view SqlKind::top_level_only() const noexcept {
  switch (concurrent_command()) {
    case Command::create_index:
      return "CREATE INDEX CONCURRENTLY";
    case Command::drop_index:
      return "DROP INDEX CONCURRENTLY";
    case Command::reindex:
      return "REINDEX CONCURRENTLY";
    case Command::detach_partition:
      return "ALTER TABLE … DETACH PARTITION … CONCURRENTLY";
    case Command::other:
      break;
  }
  if (is(0, "REINDEX")) return reindexes_one_table() ? "" : "REINDEX of a schema or database";
  if (is(0, "VACUUM")) return "VACUUM";
  if (clusters_all()) return "CLUSTER of all tables";
  if (begins({"CREATE", "DATABASE"})) return "CREATE DATABASE";
  if (begins({"DROP", "DATABASE"})) return "DROP DATABASE";
  if (begins({"ALTER", "DATABASE"})) {
    return is(3, "SET") && is(4, "TABLESPACE") ? "ALTER DATABASE SET TABLESPACE" : "";
  }
  if (begins({"CREATE", "TABLESPACE"})) return "CREATE TABLESPACE";
  if (begins({"DROP", "TABLESPACE"})) return "DROP TABLESPACE";
  if (begins({"ALTER", "SYSTEM"})) return "ALTER SYSTEM";
  if (begins({"CREATE", "SUBSCRIPTION"})) return "CREATE SUBSCRIPTION";
  if (begins({"ALTER", "SUBSCRIPTION"})) return is(3, "RENAME") || is(3, "OWNER") ? "" : "ALTER SUBSCRIPTION";
  if (begins({"DROP", "SUBSCRIPTION"})) return "DROP SUBSCRIPTION";
  return begins({"DISCARD", "ALL"}) ? "DISCARD ALL" : "";
}

bool SqlKind::runs_at_top_level() const noexcept {
  constexpr std::array<std::string_view, 5> kMaintenance{"REINDEX", "CLUSTER", "VACUUM", "ANALYZE", "ANALYSE"};
  return (!words_.empty() && is_one_of(words_[0].text, kMaintenance)) || !top_level_only().empty();
}

bool SqlKind::may_commit() const noexcept {
  if (is(0, "CALL")) return true;
  if (!is(0, "DO")) return false;
  const auto is_part_of_word = [](char c) { return ascii::is_letter(c) || ascii::is_digit(c) || c == '_' || c == '$'; };
  for (auto begin = text_.begin(); begin != text_.end();) {
    begin = std::find_if(begin, text_.end(), is_part_of_word);
    const auto end = std::find_if_not(begin, text_.end(), is_part_of_word);
    const std::string_view word{begin, end};
    for (const std::string_view ending : {"COMMIT", "ROLLBACK", "CALL"}) {
      if (ascii::equals_ignoring_case(word, ending)) return true;
    }
    begin = end;
  }
  return false;
}

std::string_view SqlKind::beyond_one_schema() const noexcept {
  const bool vacuums = is(0, "VACUUM");
  if (vacuums || is(0, "ANALYZE") || is(0, "ANALYSE")) {
    constexpr std::array<std::string_view, 6> kOptions{"(", "FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"};
    std::size_t at = 1;
    while (at < words_.size() && is_one_of(words_[at].text, kOptions)) ++at;
    if (at < words_.size()) return "";
    return vacuums ? "VACUUM of all tables" : "ANALYZE of all tables";
  }
  if (begins({"ALTER", "DATABASE"})) {
    const bool of_another_kind = is(3, "RENAME") || is(3, "OWNER") || is(3, "RESET") || is(3, "REFRESH") ||
                                 (is(3, "SET") && !is(4, "TABLESPACE"));
    return of_another_kind ? "" : "ALTER DATABASE";
  }
  if (is(0, "REINDEX")) return reindexes_one_table() ? "" : "REINDEX of a schema or database";
  return concurrent_at_ || is(0, "DISCARD") ? "" : top_level_only();
}

bool SqlKind::is_setting() const noexcept { return (is(0, "SET") && !is(1, "CONSTRAINTS")) || is(0, "RESET"); }

bool SqlKind::is_local_setting() const noexcept { return begins({"SET", "LOCAL"}); }

bool SqlKind::is_role_setting() const noexcept {
  if (!is_setting()) return false;
  const std::size_t at = is(1, "SESSION") && !is(2, "CHARACTERISTICS") && !is(2, "TO") && !is(2, "=") ? 2 : 1;
  return is(at, "ROLE") || is(at, "SESSION_AUTHORIZATION") || is(at, "AUTHORIZATION") ||
         (is(at, "SESSION") && is(at + 1, "AUTHORIZATION"));
}

bool SqlKind::sets_isolation() const noexcept {
  if (!is(0, "SET")) return false;
  const std::size_t at = is(1, "LOCAL") || is(1, "SESSION") ? 2 : 1;
  if (!is(at, "TRANSACTION")) return false;
  const std::optional<std::size_t> level = find("LEVEL", at);
  return is(at + 1, "SNAPSHOT") || (level && (is(*level + 1, "REPEATABLE") || is(*level + 1, "SERIALIZABLE")));
}

std::string_view SqlKind::session_command() const noexcept {
  if (is(0, "LISTEN")) return "LISTEN";
  if (is(0, "UNLISTEN")) return "UNLISTEN";
  if (is(0, "DISCARD")) return "DISCARD";
  if (is(0, "DECLARE")) return "DECLARE CURSOR";
  return begins({"DEALLOCATE", "ALL"}) || begins({"DEALLOCATE", "PREPARE", "ALL"}) ? "DEALLOCATE ALL" : "";
}

bool SqlKind::makes_table_as() const noexcept {
  const std::size_t at = behind_create_words();
  if (is(at, "MATERIALIZED")) return true;
  return is(at, "TABLE") && find("AS", at + 1).has_value();
}

bool SqlKind::may_write_data() const noexcept {
  constexpr std::array<std::string_view, 15> kCommands{"INSERT", "UPDATE",  "DELETE", "MERGE",   "SELECT",
                                                       "VALUES", "TABLE",   "WITH",   "(",       "CALL",
                                                       "DO",     "EXECUTE", "COPY",   "REFRESH", "EXPLAIN"};
  return (!words_.empty() && is_one_of(words_[0].text, kCommands)) || makes_table_as();
}

bool SqlKind::is_definition() const noexcept {
  constexpr std::array<std::string_view, 6> kCommands{"CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE"};
  return !words_.empty() && is_one_of(words_[0].text, kCommands) && !makes_table_as();
}

/// Behind CREATE and what may stand in front of the kind of object; 0 when it is another statement.
std::size_t SqlKind::behind_create_words() const noexcept {
  if (!is(0, "CREATE")) return 0;
  constexpr std::array<std::string_view, 9> kWords{"OR",        "REPLACE",  "GLOBAL",    "LOCAL",  "TEMP",
                                                   "TEMPORARY", "UNLOGGED", "RECURSIVE", "TRUSTED"};
  std::size_t at = 1;
  while (at < words_.size() && is_one_of(words_[at].text, kWords)) ++at;
  return at;
}

bool SqlKind::creates_repeatably() const noexcept {
  if (const std::size_t at = behind_index_words(); at > 0) {
    return has_if_exists(at, at + 4) || (concurrent_at_ && !is(at + 1, "ON"));
  }
  const std::size_t at = behind_create_words();
  if (is(at, "FUNCTION") || is(at, "PROCEDURE") || is(at, "VIEW")) return begins({"CREATE", "OR", "REPLACE"});
  const bool can_say = is(at, "TABLE") || is(at, "SEQUENCE") || is(at, "SCHEMA") || is(at, "EXTENSION") ||
                       (is(at, "MATERIALIZED") && is(at + 1, "VIEW"));
  return can_say && has_if_exists(at + 1, at + 5);
}

/// DROP of what stands in a schema; roles, databases and the like are other statements to PostgreSQL.
bool SqlKind::drops_plain_objects() const noexcept {
  constexpr std::array<std::string_view, 7> kOthers{"DATABASE",     "TABLESPACE", "ROLE", "USER",
                                                    "SUBSCRIPTION", "OWNED",      "GROUP"};
  return is(0, "DROP") && words_.size() > 1 &&
         (!is_one_of(words_[1].text, kOthers) || begins({"DROP", "USER", "MAPPING"}));
}

/// Every subcommand has IF [NOT] EXISTS.
bool SqlKind::alters_repeatably() const noexcept {
  std::size_t at = 2;
  if (is(at, "IF")) at += 2;
  if (is(at, "ONLY")) ++at;
  at = behind_name(at);
  while (at < words_.size()) {
    const std::size_t end = find(",", at).value_or(words_.size());
    if ((!is(at, "ADD") && !is(at, "DROP")) || !has_if_exists(at, std::min(end, at + 5))) return false;
    at = end + 1;
  }
  return words_.size() > 3;
}

bool SqlKind::adds_enum_value() const noexcept {
  if (!begins({"ALTER", "TYPE"})) return false;
  const std::size_t at = behind_name(2);
  return is(at, "ADD") && is(at + 1, "VALUE");
}

bool SqlKind::is_repeatable() const noexcept {
  if (is_setting() || is(0, "REINDEX") || is(0, "VACUUM") || is(0, "ANALYZE") || is(0, "ANALYSE")) return true;
  if (is(0, "CLUSTER") || is(0, "REFRESH") || begins({"COMMENT", "ON"})) return true;
  if (is(0, "DROP")) return drops_plain_objects() && (concurrent_at_ || has_if_exists(1, 6));
  if (begins({"ALTER", "TYPE"})) return adds_enum_value();
  if (begins({"ALTER", "TABLE"})) return alters_repeatably();
  return is(0, "CREATE") && creates_repeatably();
}

std::string SqlKind::repeatable_text() const {
  std::string text(text_);
  if (is(0, "DROP") && concurrent_at_ && !has_if_exists(1, 6)) text.insert(words_[*concurrent_at_].end, " IF EXISTS");
  if (begins({"ALTER", "TYPE"}) && !has_if_exists(3, words_.size())) {
    if (const std::optional<std::size_t> value = find("VALUE", behind_name(2))) {
      text.insert(words_[*value].end, " IF NOT EXISTS");
    }
  }
  return text;
}

std::optional<std::string> SqlKind::transactional_text() const {
  if (is(0, "VACUUM") || is(0, "ANALYZE") || is(0, "ANALYSE") || is(0, "REINDEX")) return std::nullopt;
  std::string text(text_);
  if (concurrent_at_) {
    const Word& word = words_[*concurrent_at_];
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(word.begin),
              text.begin() + static_cast<std::ptrdiff_t>(word.end), ' ');
  }
  return text;
}

std::string SqlKind::object() const {
  if (!concurrent_at_) return {};
  if (concurrent_command() == Command::detach_partition) {
    std::size_t at = 2;
    if (is(at, "IF")) at += 2;
    if (is(at, "ONLY")) ++at;
    return name_at(at);
  }
  const bool by_option = is(*concurrent_at_, "(");
  std::size_t at = (by_option ? reindex_kind() : *concurrent_at_) + 1;
  if (is(at, "IF")) at += is(at + 1, "NOT") ? 3 : 2;
  return is(0, "CREATE") && is(at, "ON") ? std::string() : name_at(at);
}

std::string SqlKind::second_object() const {
  if (concurrent_command() == Command::detach_partition)
    return name_at(find("PARTITION", 3).value_or(words_.size()) + 1);
  if (concurrent_command() != Command::create_index) return {};
  std::size_t at = find("ON", *concurrent_at_).value_or(words_.size()) + 1;
  if (is(at, "ONLY")) ++at;
  return name_at(at);
}

bool adds_enum_value(std::string_view script) {
  const std::vector<SqlStatement> statements = split_statements(script);
  return std::any_of(statements.begin(), statements.end(),
                     [](const SqlStatement& statement) { return SqlKind(statement.text).adds_enum_value(); });
}

}  // namespace tenancy::core
