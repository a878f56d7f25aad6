// The statements that a watched migration runs, before they run.
#include "extension/object_place.h"
#include "extension/watch_state.h"

namespace tenancy {

namespace {

ProcessUtility_hook_type previous_process_utility_hook = nullptr;

bool is_own_prepared(const char* name) {
  if (name == nullptr) return false;
  ListCell* cell;
  foreach (cell, watch.prepared) {
    if (strcmp(static_cast<char*>(lfirst(cell)), name) == 0) return true;
  }
  return false;
}

/// A command whose effect on the session cannot be put back, or not without harm, as a person would name it.
const char* session_command(Node* statement) {
  switch (nodeTag(statement)) {
    case T_ListenStmt:
      return "LISTEN";
    case T_UnlistenStmt:
      return "UNLISTEN";
    case T_DiscardStmt:
      return "DISCARD";
    case T_DeallocateStmt:
      if (castNode(DeallocateStmt, statement)->name == nullptr) return "DEALLOCATE ALL";
      return is_own_prepared(castNode(DeallocateStmt, statement)->name) ? nullptr
                                                                        : "DEALLOCATE of what it did not prepare";
    case T_DeclareCursorStmt:
      return "DECLARE CURSOR";
    default:
      return nullptr;
  }
}

void refuse_outside(const RangeVar* name, const char* did) {
  Oid const relation = name == nullptr ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
  if (OidIsValid(relation)) refuse_escape(RelationRelationId, relation, did);
}

/// Not every form of ALTER TABLE tells the hook.
void watch_alter_table(AlterTableStmt* alter) {
  refuse_outside(alter->relation, "alters");
  ListCell* cell;
  foreach (cell, alter->cmds) {
    auto* const command = lfirst_node(AlterTableCmd, cell);
    if (command->subtype == AT_DetachPartition) refuse_outside(castNode(PartitionCmd, command->def)->name, "detaches");
  }
}

/// Maintenance, of which the hook learns nothing, or, when it works concurrently, learns when it is too late: the first
/// of its own transactions is committed then.
void watch_maintenance(Node* statement) {
  ListCell* cell;
  switch (nodeTag(statement)) {
    case T_IndexStmt:
      if (castNode(IndexStmt, statement)->concurrent)
        refuse_outside(castNode(IndexStmt, statement)->relation, "indexes");
      return;
    case T_DropStmt:
      if (!castNode(DropStmt, statement)->concurrent) return;
      foreach (cell, castNode(DropStmt, statement)->objects) {
        refuse_outside(makeRangeVarFromNameList(lfirst_node(List, cell)), "drops");
      }
      return;
    case T_ReindexStmt:
      return refuse_outside(castNode(ReindexStmt, statement)->relation, "reindexes");
    case T_ClusterStmt:
      return refuse_outside(castNode(ClusterStmt, statement)->relation, "clusters");
    case T_VacuumStmt: {
      const char* const did = castNode(VacuumStmt, statement)->is_vacuumcmd ? "vacuums" : "analyzes";
      foreach (cell, castNode(VacuumStmt, statement)->rels) {
        refuse_outside(lfirst_node(VacuumRelation, cell)->relation, did);
      }
      return;
    }
    default:
      return;
  }
}

/// ALTER … SET SCHEMA alone moves what exists; of extensions the script decides.
bool moves_objects(Node* statement) {
  return IsA(statement, AlterObjectSchemaStmt) || IsA(statement, AlterExtensionStmt) ||
         IsA(statement, AlterExtensionContentsStmt);
}

void watch_utility(Node* statement) {
  watch.moves = watch.moves || moves_objects(statement);
  if (IsA(statement, AlterTableStmt)) watch_alter_table(castNode(AlterTableStmt, statement));
  watch_maintenance(statement);
  if (const char* const command = session_command(statement)) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("a migration cannot run %s", command),
                    errdetail("It changes the session, and the next tenant would get what this one left.")));
  }
  if (IsA(statement, PrepareStmt) && FetchPreparedStatement(castNode(PrepareStmt, statement)->name, false) == nullptr) {
    MemoryContext const outer = MemoryContextSwitchTo(watch.context);
    watch.prepared = lappend(watch.prepared, pstrdup(castNode(PrepareStmt, statement)->name));
    MemoryContextSwitchTo(outer);
  }
}

/// Takes the tracking table out of a DROP TABLE. False when nothing is left to drop.
bool keep_tracking_table(DropStmt* drop) {
  List* others = NIL;
  ListCell* cell;
  foreach (cell, drop->objects) {
    RangeVar* const name = makeRangeVarFromNameList(lfirst_node(List, cell));
    if (RangeVarGetRelid(name, NoLock, true) != watch.tracking_table) {
      others = lappend(others, lfirst(cell));
      continue;
    }
    ereport(NOTICE, (errmsg("table \"%s\" is the tracking table and is not dropped", name->relname)));
  }
  drop->objects = others;
  return others != NIL;
}

/// Takes the extensions that all tenants use out of a DROP EXTENSION. False when nothing is left to drop.
bool keep_shared_extensions(DropStmt* drop) {
  List* others = NIL;
  ListCell* cell;
  foreach (cell, drop->objects) {
    const char* const name = strVal(lfirst(cell));
    Oid const extension = get_extension_oid(name, true);
    Oid const schema =
        oid_of_row(ExtensionRelationId, Anum_pg_extension_oid, extension, Anum_pg_extension_extnamespace);
    if (!OidIsValid(extension) || schema == watch.schema) {
      others = lappend(others, lfirst(cell));
      continue;
    }
    ereport(NOTICE, (errmsg("extension \"%s\" belongs to the whole database and is not dropped", name)));
  }
  drop->objects = others;
  return others != NIL;
}

bool drops_extensions(Node* statement) {
  return IsA(statement, DropStmt) && castNode(DropStmt, statement)->removeType == OBJECT_EXTENSION;
}

bool drops_tables(Node* statement) {
  return IsA(statement, DropStmt) && castNode(DropStmt, statement)->removeType == OBJECT_TABLE;
}

void process_utility(PlannedStmt* planned, const char* sql, bool read_only_tree, ProcessUtilityContext context,
                     ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* receiver,
                     QueryCompletion* completion) {
  if (watch.active) watch_utility(planned->utilityStmt);
  if (watch.active && OidIsValid(watch.tracking_table) && drops_tables(planned->utilityStmt)) {
    planned = static_cast<PlannedStmt*>(copyObjectImpl(planned));
    if (!keep_tracking_table(castNode(DropStmt, planned->utilityStmt))) return;
  }
  if (watch.active && OidIsValid(watch.schema) && drops_extensions(planned->utilityStmt)) {
    planned = static_cast<PlannedStmt*>(copyObjectImpl(planned));
    if (!keep_shared_extensions(castNode(DropStmt, planned->utilityStmt))) return;
  }
  auto* const next = previous_process_utility_hook != nullptr ? previous_process_utility_hook : standard_ProcessUtility;
  next(planned, sql, read_only_tree, context, parameters, environment, receiver, completion);
}

}  // namespace

void install_statement_hook() {
  previous_process_utility_hook = ProcessUtility_hook;
  ProcessUtility_hook = process_utility;
}

}  // namespace tenancy
