// Which statements a stored migration may hold. PostgreSQL would refuse the others too, but only when they
// run, in the middle of a deploy.
#include "extension/sql_script.h"
#include "extension/statement_kind.h"

#include "core/statement_refusal.h"

namespace tenancy {

namespace {

core::StatementRefusal refused_setting(const VariableSetStmt* set) {
  if (set->is_local) return core::refused_local_setting();
  std::string_view const name = set->name == nullptr ? "" : set->name;
  bool const is_role = name == "role" || name == "session_authorization";
  return is_role ? core::refused_role_setting() : core::StatementRefusal{};
}

core::StatementRefusal refusal(Node* statement, bool transactional, bool confined) {
  if (IsA(statement, TransactionStmt)) {
    return core::refused_transaction_control(GetCommandTagName(CreateCommandTag(statement)), transactional);
  }
  if (IsA(statement, CopyStmt) && castNode(CopyStmt, statement)->filename == nullptr) return core::refused_copy();
  if (sets_isolation(statement)) return core::refused_isolation();
  if (confined) {
    if (const char* const what = beyond_one_schema(statement)) return core::refused_beyond_schema(what);
  }
  if (transactional) {
    const char* const what = top_level_only(statement);
    return what == nullptr ? core::StatementRefusal{} : core::refused_inside_transaction(what);
  }
  return IsA(statement, VariableSetStmt) ? refused_setting(castNode(VariableSetStmt, statement))
                                         : core::StatementRefusal{};
}

}  // namespace

void check_statements(const SqlScript& script, bool transactional, bool confined) {
  for (const ScriptStatement& statement : script.statements()) {
    core::StatementRefusal found;
    guarded([&] { found = refusal(statement.tree->stmt, transactional, confined); });
    if (found.is_empty()) continue;
    PgError error(ERRCODE_FEATURE_NOT_SUPPORTED,
                  script.place(statement.offset) + ": " + found.message(statement.number), {}, std::string(found.hint));
    script.show_line(error, statement.offset);
    throw error;
  }
}

}  // namespace tenancy
