// Which statements a stored migration may hold. PostgreSQL would refuse the others too, but only when they
// run, in the middle of a deploy.
#include "extension/sql_script.h"
#include "extension/statement_kind.h"

namespace tenancy {

namespace {

struct Refusal {
  const char* what = nullptr;
  const char* why = nullptr;
  const char* hint = nullptr;
};

/// Each statement of a non-transactional migration is a transaction of its own.
Refusal refused_setting(const VariableSetStmt* set) {
  if (set->is_local) return {"SET LOCAL", "would be over at once", "Use SET: it is put back when the migration ends."};
  std::string_view const name = set->name == nullptr ? "" : set->name;
  if (name != "role" && name != "session_authorization") return {};
  return {"SET of the role", "does not hold from one statement to the next without a transaction",
          "Say who runs it with run_as, or with the setting tenancy.run_as."};
}

Refusal refusal(Node* statement, bool transactional, bool confined) {
  if (IsA(statement, TransactionStmt)) {
    return {GetCommandTagName(CreateCommandTag(statement)), "is transaction control",
            transactional ? "Take it out: every migration runs in one transaction with its tracking row."
                          : "Take it out: each statement of a non-transactional migration is a transaction."};
  }
  if (IsA(statement, CopyStmt)) {
    auto* const copy = castNode(CopyStmt, statement);
    if (copy->filename == nullptr) {
      return {"COPY", "from or to the client has no client here",
              "Use INSERT, or COPY from a file or program of the server."};
    }
  }
  if (confined) {
    if (const char* const what = beyond_one_schema(statement)) {
      return {what, "is not a matter of one tenant",
              "Name tables, or make it a migration of scope public; if it is meant to run for every tenant, add the "
              "header line -- MIGRATION_ALLOW_OUTSIDE: on."};
    }
  }
  if (transactional) {
    if (const char* const what = top_level_only(statement)) {
      return {what, "cannot run inside a transaction",
              "Move it to a migration of its own with the header line -- MIGRATION_TRANSACTION: off "
              "(transactional => false in tenancy.add_migration). CALL tenancy.rollout() runs such migrations."};
    }
  } else if (IsA(statement, VariableSetStmt)) {
    return refused_setting(castNode(VariableSetStmt, statement));
  }
  return {};
}

}  // namespace

void check_statements(const SqlScript& script, bool transactional, bool confined) {
  for (const ScriptStatement& statement : script.statements()) {
    Refusal found;
    guarded([&] { found = refusal(statement.tree->stmt, transactional, confined); });
    if (found.what == nullptr) continue;
    PgError error(ERRCODE_FEATURE_NOT_SUPPORTED,
                  script.place(statement.offset) + ": statement " + std::to_string(statement.number) + ", " +
                      found.what + ", " + found.why,
                  {}, found.hint);
    script.show_line(error, statement.offset);
    throw error;
  }
}

}  // namespace tenancy
