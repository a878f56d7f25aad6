#include "core/statement_refusal.h"

namespace tenancy::core {

std::string StatementRefusal::message(int statement) const {
  return "statement " + std::to_string(statement) + ", " + std::string(what) + ", " + std::string(why);
}

StatementRefusal refused_transaction_control(std::string_view command, bool transactional) noexcept {
  return {command, "is transaction control",
          transactional ? "Take it out: every migration runs in one transaction with its tracking row."
                        : "Take it out: each statement of a non-transactional migration is a transaction."};
}

StatementRefusal refused_copy() noexcept {
  return {"COPY", "from or to the client has no client here",
          "Use INSERT, or COPY from a file or program of the server."};
}

StatementRefusal refused_beyond_schema(std::string_view what) noexcept {
  return {what, "is not a matter of one tenant",
          "Name tables, or make it a migration of scope public; if it is meant to run for every tenant, add the "
          "header line -- MIGRATION_ALLOW_OUTSIDE: on."};
}

StatementRefusal refused_inside_transaction(std::string_view what) noexcept {
  return {what, "cannot run inside a transaction",
          "Move it to a migration of its own with the header line -- MIGRATION_TRANSACTION: off "
          "(transactional => false in tenancy.add_migration). CALL tenancy.rollout() runs such migrations."};
}

StatementRefusal refused_local_setting() noexcept {
  return {"SET LOCAL", "would be over at once", "Use SET: it is put back when the migration ends."};
}

StatementRefusal refused_role_setting() noexcept {
  return {"SET of the role", "does not hold from one statement to the next without a transaction",
          "Say who runs it with run_as, or with the setting tenancy.run_as."};
}

StatementRefusal refused_isolation() noexcept {
  return {"SET TRANSACTION", "cannot change the isolation of a migration",
          "Take it out: migrations run READ COMMITTED, in a transaction that has begun by then. LOCK TABLE holds still "
          "what several statements must see alike."};
}

StatementRefusal refused_commit_as_owner() noexcept {
  return {"CALL, and DO that commits,", "cannot run as the owner of the schema",
          "Run it as a role that owns the schema, or is a member of its owner: a superuser acts as the owner."};
}

StatementRefusal refusal(const SqlKind& statement, bool transactional, bool confined) noexcept {
  if (statement.is_meta_command()) return {"a command of psql", "is not SQL", kMetaCommandHint};
  if (const std::string_view command = statement.transaction_control(); !command.empty()) {
    return refused_transaction_control(command, transactional);
  }
  if (statement.copies_with_client()) return refused_copy();
  if (statement.sets_isolation()) return refused_isolation();
  if (const std::string_view what = statement.beyond_one_schema(); confined && !what.empty()) {
    return refused_beyond_schema(what);
  }
  if (transactional) {
    const std::string_view what = statement.top_level_only();
    return what.empty() ? StatementRefusal{} : refused_inside_transaction(what);
  }
  if (statement.is_local_setting()) return refused_local_setting();
  return statement.is_role_setting() ? refused_role_setting() : StatementRefusal{};
}

}  // namespace tenancy::core
