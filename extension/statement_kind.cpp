#include "extension/statement_kind.h"

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

bool is_of_one_table(const ReindexStmt* reindex) {
  return reindex->kind == REINDEX_OBJECT_INDEX || reindex->kind == REINDEX_OBJECT_TABLE;
}

bool detaches_concurrently(const AlterTableStmt* alter) {
  ListCell* cell;
  foreach (cell, alter->cmds) {
    auto* const command = lfirst_node(AlterTableCmd, cell);
    if (command->subtype == AT_DetachPartition && castNode(PartitionCmd, command->def)->concurrent) return true;
  }
  return false;
}

/// Every subcommand has IF [NOT] EXISTS.
bool is_repeatable(const AlterTableStmt* alter) {
  ListCell* cell;
  foreach (cell, alter->cmds) {
    if (!lfirst_node(AlterTableCmd, cell)->missing_ok) return false;
  }
  return true;
}

}  // namespace

// The list follows the callers of PreventInTransactionBlock() in PostgreSQL 15 to 18.
const char* top_level_only(Node* statement) {
  switch (nodeTag(statement)) {
    case T_IndexStmt:
      return castNode(IndexStmt, statement)->concurrent ? "CREATE INDEX CONCURRENTLY" : nullptr;
    case T_DropStmt:
      return castNode(DropStmt, statement)->concurrent ? "DROP INDEX CONCURRENTLY" : nullptr;
    case T_ReindexStmt: {
      auto* const reindex = castNode(ReindexStmt, statement);
      if (option_is_on(reindex->params, "concurrently")) return "REINDEX CONCURRENTLY";
      return is_of_one_table(reindex) ? nullptr : "REINDEX of a schema or database";
    }
    case T_AlterTableStmt:
      return detaches_concurrently(castNode(AlterTableStmt, statement))
                 ? "ALTER TABLE … DETACH PARTITION … CONCURRENTLY"
                 : nullptr;
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

bool runs_at_top_level(Node* statement) {
  switch (nodeTag(statement)) {
    case T_ReindexStmt:
    case T_ClusterStmt:
    case T_VacuumStmt:
      return true;
    default:
      return top_level_only(statement) != nullptr;
  }
}

bool is_concurrent(Node* statement) {
  switch (nodeTag(statement)) {
    case T_IndexStmt:
      return castNode(IndexStmt, statement)->concurrent;
    case T_DropStmt:
      return castNode(DropStmt, statement)->concurrent;
    case T_ReindexStmt:
      return option_is_on(castNode(ReindexStmt, statement)->params, "concurrently");
    case T_AlterTableStmt:
      return detaches_concurrently(castNode(AlterTableStmt, statement));
    default:
      return false;
  }
}

bool is_setting(Node* statement) { return IsA(statement, VariableSetStmt); }

bool is_repeatable(Node* statement) {
  switch (nodeTag(statement)) {
    case T_VariableSetStmt:
    case T_ReindexStmt:
    case T_VacuumStmt:
    case T_ClusterStmt:
    case T_RefreshMatViewStmt:
    case T_CommentStmt:
      return true;
    case T_IndexStmt: {
      auto* const index = castNode(IndexStmt, statement);
      return index->if_not_exists || (index->concurrent && index->idxname != nullptr);
    }
    case T_DropStmt:
      return castNode(DropStmt, statement)->concurrent || castNode(DropStmt, statement)->missing_ok;
    case T_AlterEnumStmt:
      return castNode(AlterEnumStmt, statement)->oldVal == nullptr;
    case T_AlterTableStmt:
      return is_repeatable(castNode(AlterTableStmt, statement));
    case T_CreateStmt:
      return castNode(CreateStmt, statement)->if_not_exists;
    case T_CreateTableAsStmt:
      return castNode(CreateTableAsStmt, statement)->if_not_exists;
    case T_CreateSchemaStmt:
      return castNode(CreateSchemaStmt, statement)->if_not_exists;
    case T_CreateSeqStmt:
      return castNode(CreateSeqStmt, statement)->if_not_exists;
    case T_CreateExtensionStmt:
      return castNode(CreateExtensionStmt, statement)->if_not_exists;
    case T_CreateFunctionStmt:
      return castNode(CreateFunctionStmt, statement)->replace;
    case T_ViewStmt:
      return castNode(ViewStmt, statement)->replace;
    default:
      return false;
  }
}

void make_repeatable(Node* statement) {
  if (IsA(statement, DropStmt)) castNode(DropStmt, statement)->missing_ok = true;
  if (IsA(statement, AlterEnumStmt)) castNode(AlterEnumStmt, statement)->skipIfNewValExists = true;
}

bool make_transactional(Node* statement) {
  switch (nodeTag(statement)) {
    case T_VacuumStmt:
    case T_ReindexStmt:
      return false;
    case T_IndexStmt:
      castNode(IndexStmt, statement)->concurrent = false;
      return true;
    case T_DropStmt:
      castNode(DropStmt, statement)->concurrent = false;
      return true;
    case T_AlterTableStmt: {
      ListCell* cell;
      foreach (cell, castNode(AlterTableStmt, statement)->cmds) {
        auto* const command = lfirst_node(AlterTableCmd, cell);
        if (command->subtype == AT_DetachPartition) castNode(PartitionCmd, command->def)->concurrent = false;
      }
      return true;
    }
    default:
      return true;
  }
}

bool sets_isolation(Node* statement) {
  if (!IsA(statement, VariableSetStmt)) return false;
  auto* const set = castNode(VariableSetStmt, statement);
  if (set->kind != VAR_SET_MULTI) return false;
  if (std::strcmp(set->name, "TRANSACTION SNAPSHOT") == 0) return true;
  if (std::strcmp(set->name, "TRANSACTION") != 0) return false;
  ListCell* cell;
  foreach (cell, set->args) {
    auto* const mode = lfirst_node(DefElem, cell);
    if (std::strcmp(mode->defname, "transaction_isolation") != 0) continue;
    const char* const level = strVal(&castNode(A_Const, mode->arg)->val);
    if (std::strcmp(level, "repeatable read") == 0 || std::strcmp(level, "serializable") == 0) return true;
  }
  return false;
}

const char* beyond_one_schema(Node* statement) {
  switch (nodeTag(statement)) {
    case T_VacuumStmt:
      if (castNode(VacuumStmt, statement)->rels != NIL) return nullptr;
      return castNode(VacuumStmt, statement)->is_vacuumcmd ? "VACUUM of all tables" : "ANALYZE of all tables";
    case T_AlterDatabaseStmt:
      return "ALTER DATABASE";
    case T_ReindexStmt:
      return is_of_one_table(castNode(ReindexStmt, statement)) ? nullptr : "REINDEX of a schema or database";
    case T_ClusterStmt:
    case T_AlterSystemStmt:
    case T_CreatedbStmt:
    case T_DropdbStmt:
    case T_CreateTableSpaceStmt:
    case T_DropTableSpaceStmt:
    case T_CreateSubscriptionStmt:
    case T_AlterSubscriptionStmt:
    case T_DropSubscriptionStmt:
      return top_level_only(statement);
    default:
      return nullptr;
  }
}

}  // namespace tenancy
