#include "extension/sql_script.h"

#include "core/statement_refusal.h"

namespace tenancy {

namespace {

/// The offset of the first word at or after `offset`: behind white space and comments, which the parser
/// counts as part of the statement that follows.
int skip_blank(std::string_view sql, int offset) {
  std::size_t at = offset;
  while (at < sql.size()) {
    if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at, 2) == "/*") {
      int depth = 0;
      do {
        if (sql.substr(at, 2) == "/*") {
          ++depth;
          at += 2;
        } else if (sql.substr(at, 2) == "*/") {
          --depth;
          at += 2;
        } else {
          ++at;
        }
      } while (depth > 0 && at < sql.size());
    } else if (scanner_isspace(sql[at])) {
      ++at;
    } else {
      break;
    }
  }
  return static_cast<int>(std::min(at, sql.size()));
}

/// Has the text a line that begins with a backslash, as psql's own commands do?
bool has_meta_command(std::string_view sql) {
  return sql.starts_with('\\') || sql.find("\n\\") != std::string_view::npos;
}

/// Reads '…' as the SQL standard does, whatever the session's setting is: what a backslash means must not depend on who
/// runs a migration.
class StandardStrings {
 public:
  StandardStrings() noexcept : outer_(standard_conforming_strings) { standard_conforming_strings = true; }
  ~StandardStrings() { standard_conforming_strings = outer_; }
  StandardStrings(const StandardStrings&) = delete;
  StandardStrings& operator=(const StandardStrings&) = delete;

 private:
  bool outer_;
};

bool may_write_data(const Node* statement) {
  switch (nodeTag(statement)) {
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
    case T_SelectStmt:
    case T_CallStmt:
    case T_DoStmt:
    case T_ExecuteStmt:
    case T_CopyStmt:
    case T_CreateTableAsStmt:
    case T_RefreshMatViewStmt:
    case T_ExplainStmt:
      return true;
    default:
      return false;
  }
}

}  // namespace

SqlScript::SqlScript(core::SqlSection section, std::string filename, MemoryContext context)
    : section_(std::move(section)), filename_(std::move(filename)) {
  const std::string& sql = section_.sql;
  List* trees = NIL;
  StandardStrings const as_stored;
  try {
    guarded([&] {
      MemoryContext const outer = MemoryContextSwitchTo(context);
      trees = raw_parser(sql.c_str(), RAW_PARSE_DEFAULT);
      MemoryContextSwitchTo(outer);
    });
  } catch (PgError& error) {
    int const offset = offset_of_character(error.report().cursor_position);
    show_line(error, offset);
    error.prefix(place(offset));
    if (error.report().hint.empty() && has_meta_command(sql)) {
      error.report().hint = core::kMetaCommandHint;
    }
    throw;
  }
  int number = 0;
  ListCell* cell;
  foreach (cell, trees) {
    auto* const tree = lfirst_node(RawStmt, cell);
    int const end = tree->stmt_len > 0 ? tree->stmt_location + tree->stmt_len : static_cast<int>(sql.size());
    int const begin = std::min(skip_blank(sql, std::max(tree->stmt_location, 0)), end);
    writes_data_ = writes_data_ || may_write_data(tree->stmt);
    statements_.push_back({tree, ++number, begin, end - begin});
  }
}

std::string SqlScript::place(int offset) const {
  std::string const line = "line " + std::to_string(section_.line_at(offset));
  return filename_.empty() ? line : filename_ + " " + line;
}

std::string SqlScript::name(const ScriptStatement& statement, int offset) const {
  return "statement " + std::to_string(statement.number) + " (" + place(offset) + ")";
}

int SqlScript::offset_of_character(int position) const {
  if (position <= 1) return 0;
  const char* at = section_.sql.data();
  const char* const end = at + section_.sql.size();
  for (int i = 1; i < position && at < end; ++i) at += pg_mblen(at);
  return static_cast<int>(std::min(at, end) - section_.sql.data());
}

void SqlScript::show_line(PgError& error, int offset) const {
  const std::string& sql = section_.sql;
  std::size_t const before = offset == 0 ? std::string::npos : sql.rfind('\n', offset - 1);
  std::size_t const begin = before == std::string::npos ? 0 : before + 1;
  std::size_t const end = std::min(sql.find('\n', offset), sql.size());
  ErrorReport& report = error.report();
  report.internal_query = sql.substr(begin, end - begin);
  report.internal_position = pg_mbstrlen_with_len(sql.data() + begin, offset - static_cast<int>(begin)) + 1;
  report.cursor_position = 0;
}

}  // namespace tenancy
