// Which statements a stored migration may hold. PostgreSQL would refuse the others too, but only when they
// run, in the middle of a deploy.
#include "extension/sql_script.h"

namespace tenancy {

namespace {

DefElem* find_option(List* options, std::string_view name) {
  ListCell* cell;
  foreach (cell, options) {
    auto* const option = lfirst_node(DefElem, cell);
    if (name == option->defname) return option;
  }
  return nullptr;
}

bool has_option(List* options, std::string_view name) { return find_option(options, name) != nullptr; }

bool option_is_on(List* options, std::string_view name) {
  DefElem* const option = find_option(options, name);
  return option != nullptr && defGetBoolean(option);
}

/// What PostgreSQL runs only outside a transaction block, as a person would name it; nullptr for all else.
/// The list follows the callers of PreventInTransactionBlock() in PostgreSQL 15 to 18.
const char* top_level_only(Node* statement) {
  switch (nodeTag(statement)) {
    case T_IndexStmt:
      return castNode(IndexStmt, statement)->concurrent ? "CREATE INDEX CONCURRENTLY" : nullptr;
    case T_DropStmt:
      return castNode(DropStmt, statement)->concurrent ? "DROP INDEX CONCURRENTLY" : nullptr;
    case T_ReindexStmt: {
      auto* const reindex = castNode(ReindexStmt, statement);
      if (option_is_on(reindex->params, "concurrently")) return "REINDEX CONCURRENTLY";
      return reindex->kind == REINDEX_OBJECT_INDEX || reindex->kind == REINDEX_OBJECT_TABLE
                 ? nullptr
                 : "REINDEX of a schema or database";
    }
    case T_AlterTableStmt: {
      ListCell* cell;
      foreach (cell, castNode(AlterTableStmt, statement)->cmds) {
        auto* const command = lfirst_node(AlterTableCmd, cell);
        if (command->subtype == AT_DetachPartition && castNode(PartitionCmd, command->def)->concurrent) {
          return "ALTER TABLE … DETACH PARTITION … CONCURRENTLY";
        }
      }
      return nullptr;
    }
    case T_VacuumStmt:
      return castNode(VacuumStmt, statement)->is_vacuumcmd ? "VACUUM" : nullptr;
    case T_ClusterStmt:
      return castNode(ClusterStmt, statement)->relation == nullptr ? "CLUSTER of all tables" : nullptr;
    case T_CreatedbStmt:
      return "CREATE DATABASE";
    case T_DropdbStmt:
      return "DROP DATABASE";
    case T_AlterDatabaseStmt:
      return has_option(castNode(AlterDatabaseStmt, statement)->options, "tablespace") ? "ALTER DATABASE SET TABLESPACE"
                                                                                       : nullptr;
    case T_CreateTableSpaceStmt:
      return "CREATE TABLESPACE";
    case T_DropTableSpaceStmt:
      return "DROP TABLESPACE";
    case T_AlterSystemStmt:
      return "ALTER SYSTEM";
    case T_CreateSubscriptionStmt:
      return "CREATE SUBSCRIPTION";
    case T_AlterSubscriptionStmt:
      return "ALTER SUBSCRIPTION";
    case T_DropSubscriptionStmt:
      return "DROP SUBSCRIPTION";
    case T_DiscardStmt:
      return castNode(DiscardStmt, statement)->target == DISCARD_ALL ? "DISCARD ALL" : nullptr;
    default:
      return nullptr;
  }
}

struct Refusal {
  const char* what = nullptr;
  const char* why = nullptr;
  const char* hint = nullptr;
};

Refusal refusal(Node* statement, bool transactional) {
  if (IsA(statement, TransactionStmt)) {
    return {GetCommandTagName(CreateCommandTag(statement)), "is transaction control",
            "Take it out: every migration runs in one transaction with its tracking row."};
  }
  if (IsA(statement, CopyStmt)) {
    auto* const copy = castNode(CopyStmt, statement);
    if (copy->filename == nullptr) {
      return {"COPY", "from or to the client has no client here",
              "Use INSERT, or COPY from a file or program of the server."};
    }
  }
  if (transactional) {
    if (const char* const what = top_level_only(statement)) {
      return {what, "cannot run inside a transaction",
              "Move it to a migration of its own with the header line -- MIGRATION_TRANSACTION: off "
              "(transactional => false in tenancy.add_migration). That one cannot run inside a function; the call that "
              "meets it says what to do."};
    }
  }
  return {};
}

}  // namespace

void check_statements(const SqlScript& script, bool transactional) {
  for (const ScriptStatement& statement : script.statements()) {
    Refusal found;
    guarded([&] { found = refusal(statement.tree->stmt, transactional); });
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
