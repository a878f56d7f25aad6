#include "extension/migration_watch.h"

#include "extension/object_place.h"

namespace tenancy {

namespace {

/// What the current watch remembers. Plain data: hooks run in frames that a longjmp may leave.
struct WatchState {
  bool active = false;
  Oid schema = InvalidOid;            ///< InvalidOid: anywhere
  const char* schema_name = nullptr;  ///< as it was when the migration began
  Oid tracking_table = InvalidOid;
  MemoryContext context = nullptr;
  List* created = NIL;    ///< ObjectAddress: not yet checked
  List* altered = NIL;    ///< ObjectAddress: not yet checked
  List* transient = NIL;  ///< ObjectAddress: relations that the server made for itself, to rebuild others
  List* temporary = NIL;  ///< ObjectAddress: created, in the temporary schema
  List* prepared = NIL;   ///< char*: names of prepared statements
};

WatchState watch;
object_access_hook_type previous_object_access_hook = nullptr;
ProcessUtility_hook_type previous_process_utility_hook = nullptr;

bool contains(List* list, Oid class_id, Oid object_id) {
  ListCell* cell;
  foreach (cell, list) {
    auto* const object = static_cast<ObjectAddress*>(lfirst(cell));
    if (object->classId == class_id && object->objectId == object_id) return true;
  }
  return false;
}

/// "table public.users"
char* describe(const ObjectAddress& object) {
  return psprintf("%s %s", getObjectTypeDescription(&object, false), getObjectIdentity(&object, false));
}

[[noreturn]] void report_escape(const ObjectAddress& object, const char* did) {
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           OidIsValid(watch.schema)
               ? errmsg("the migration %s %s, outside schema \"%s\"", did, describe(object), watch.schema_name)
               : errmsg("the migration %s %s, which is the session's own", did, describe(object)),
           errhint("Leave names unqualified, so that they mean the tenant's schema. What all tenants share belongs in "
                   "a migration of scope public; if this is meant, add the header line -- MIGRATION_ALLOW_OUTSIDE: "
                   "on.")));
  pg_unreachable();
}

void check_extension(const ObjectAddress& object) {
  Oid const schema =
      oid_of_row(ExtensionRelationId, Anum_pg_extension_oid, object.objectId, Anum_pg_extension_extnamespace);
  if (schema != watch.schema) return;
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("the migration installs extension \"%s\" in schema \"%s\"",
                         get_extension_name(object.objectId), watch.schema_name),
                  errdetail("A database has each extension once: the other tenants would not see it."),
                  errhint("Install it in a migration of scope public, or add SCHEMA and a shared schema's name to "
                          "CREATE EXTENSION.")));
}

List* remember(List* list, Oid class_id, Oid object_id) {
  MemoryContext const outer = MemoryContextSwitchTo(watch.context);
  auto* const object = static_cast<ObjectAddress*>(palloc(sizeof(ObjectAddress)));
  ObjectAddressSet(*object, class_id, object_id);
  list = lappend(list, object);
  MemoryContextSwitchTo(outer);
  return list;
}

/// Is it a table of the session's own, from before the migration?
bool is_callers_temporary_table(Oid class_id, Oid object_id) {
  if (class_id != RelationRelationId) return false;
  char const kind = get_rel_relkind(object_id);
  if (kind != RELKIND_RELATION && kind != RELKIND_VIEW) return false;
  return isTempNamespace(get_rel_namespace(object_id)) && !contains(watch.temporary, class_id, object_id) &&
         !contains(watch.created, class_id, object_id) && !contains(watch.transient, class_id, object_id);
}

bool is_tracking_table(Oid class_id, Oid object_id) {
  return OidIsValid(watch.tracking_table) && class_id == RelationRelationId && object_id == watch.tracking_table;
}

[[noreturn]] void report_tracking_table(const char* did) {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                  errmsg("the migration %s tracking table \"%s\"", did, get_rel_name(watch.tracking_table)),
                  errhint("If it means another tool's table, choose another name for ours with the setting "
                          "tenancy.tracking_table.")));
  pg_unreachable();
}

bool is_escape(const ObjectAddress& object) {
  if (is_callers_temporary_table(object.classId, object.objectId)) return true;
  return OidIsValid(watch.schema) && place_of(object, watch.schema) == Place::outside;
}

void refuse_escape(Oid class_id, Oid object_id, const char* did) {
  ObjectAddress object;
  ObjectAddressSet(object, class_id, object_id);
  if (is_escape(object)) report_escape(object, did);
}

void on_create(Oid class_id, Oid object_id, const void* argument) {
  auto* const create = static_cast<const ObjectAccessPostCreate*>(argument);
  bool const internal = create != nullptr && create->is_internal;
  if (!internal) {
    watch.created = remember(watch.created, class_id, object_id);
  } else if (class_id == RelationRelationId) {
    watch.transient = remember(watch.transient, class_id, object_id);
  }
}

/// The catalogue still shows the object as it was; how it is now, the next check looks at.
void on_alter(Oid class_id, Oid object_id, const void* argument) {
  auto* const alter = static_cast<const ObjectAccessPostAlter*>(argument);
  if (alter != nullptr && alter->is_internal) return;
  if (is_tracking_table(class_id, object_id)) report_tracking_table("alters");
  refuse_escape(class_id, object_id, "alters");
  watch.altered = remember(watch.altered, class_id, object_id);
}

/// Foreign keys keep triggers on the table that they refer to; these come and go with the key.
bool is_internal_trigger(Oid class_id, Oid object_id) {
  if (class_id != TriggerRelationId) return false;
  Relation const catalog = table_open(TriggerRelationId, AccessShareLock);
  HeapTuple const row = get_catalog_object_by_oid(catalog, Anum_pg_trigger_oid, object_id);
  bool const internal = row != nullptr && ((Form_pg_trigger)GETSTRUCT(row))->tgisinternal;
  table_close(catalog, AccessShareLock);
  return internal;
}

/// The object is still there when it is about to be dropped.
void on_drop(Oid class_id, Oid object_id, const void* argument) {
  auto* const drop = static_cast<const ObjectAccessDrop*>(argument);
  if (drop != nullptr && (drop->dropflags & PERFORM_DELETION_INTERNAL) != 0) return;
  if (is_internal_trigger(class_id, object_id)) return;
  if (is_tracking_table(class_id, object_id)) report_tracking_table("drops");
  // A member of an extension can only go with all of the extension.
  if (OidIsValid(getExtensionOfObject(class_id, object_id))) return;
  refuse_escape(class_id, object_id, "drops");
}

void on_function(Oid function) {
  switch (function) {
    case F_PG_ADVISORY_LOCK_INT8:
    case F_PG_ADVISORY_LOCK_INT4_INT4:
    case F_PG_ADVISORY_LOCK_SHARED_INT8:
    case F_PG_ADVISORY_LOCK_SHARED_INT4_INT4:
    case F_PG_TRY_ADVISORY_LOCK_INT8:
    case F_PG_TRY_ADVISORY_LOCK_INT4_INT4:
    case F_PG_TRY_ADVISORY_LOCK_SHARED_INT8:
    case F_PG_TRY_ADVISORY_LOCK_SHARED_INT4_INT4:
    case F_PG_ADVISORY_UNLOCK_INT8:
    case F_PG_ADVISORY_UNLOCK_INT4_INT4:
    case F_PG_ADVISORY_UNLOCK_SHARED_INT8:
    case F_PG_ADVISORY_UNLOCK_SHARED_INT4_INT4:
    case F_PG_ADVISORY_UNLOCK_ALL:
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("a migration cannot use session-level advisory locks (%s)", get_func_name(function)),
                      errhint("Use pg_advisory_xact_lock, which is released when the migration ends.")));
    default:
      return;
  }
}

void object_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void* argument) {
  if (previous_object_access_hook != nullptr) {
    previous_object_access_hook(access, class_id, object_id, sub_id, argument);
  }
  // What an extension's own script does is the extension's.
  if (!watch.active || creating_extension) return;
  switch (access) {
    case OAT_POST_CREATE:
      // A column of a table is no object of its own.
      return sub_id == 0 ? on_create(class_id, object_id, argument) : on_alter(class_id, object_id, nullptr);
    case OAT_POST_ALTER:
      return on_alter(class_id, object_id, argument);
    case OAT_DROP:
      return on_drop(class_id, object_id, argument);
    case OAT_TRUNCATE:
      if (is_tracking_table(class_id, object_id)) report_tracking_table("truncates");
      return refuse_escape(class_id, object_id, "truncates");
    case OAT_FUNCTION_EXECUTE:
      return on_function(object_id);
    default:
      return;
  }
}

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

/// Not every form of ALTER TABLE tells the hook.
void watch_alter_table(AlterTableStmt* alter) {
  Oid const table = RangeVarGetRelid(alter->relation, NoLock, true);
  if (OidIsValid(table)) refuse_escape(RelationRelationId, table, "alters");
}

void watch_utility(Node* statement) {
  if (IsA(statement, AlterTableStmt)) watch_alter_table(castNode(AlterTableStmt, statement));
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

/// Tables and the like, functions and types: what can be made in the temporary schema and dropped by itself.
bool is_droppable(const ObjectAddress& object) {
  switch (object.classId) {
    case RelationRelationId: {
      char const kind = get_rel_relkind(object.objectId);
      return kind != '\0' && kind != RELKIND_INDEX && kind != RELKIND_PARTITIONED_INDEX &&
             kind != RELKIND_COMPOSITE_TYPE;
    }
    case ProcedureRelationId:
      return object_exists(object, PROCOID);
    case TypeRelationId:
      return object_exists(object, TYPEOID) && !is_byproduct(object);
    default:
      return false;
  }
}

void drop_remembered_temporary_objects() {
  ObjectAddresses* const objects = new_object_addresses();
  int count = 0;
  ListCell* cell;
  foreach (cell, watch.temporary) {
    auto* const object = static_cast<ObjectAddress*>(lfirst(cell));
    if (!is_droppable(*object)) continue;
    add_exact_object_address(object, objects);
    ++count;
  }
  if (count > 0) {
    performMultipleDeletions(objects, DROP_CASCADE, PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
    CommandCounterIncrement();
  }
  free_object_addresses(objects);
}

}  // namespace

void install_watch_hooks() {
  previous_object_access_hook = object_access_hook;
  object_access_hook = object_access;
  previous_process_utility_hook = ProcessUtility_hook;
  ProcessUtility_hook = process_utility;
}

MigrationWatch::MigrationWatch(Oid confined_to, Oid tracking_table, MemoryContext context) {
  watch = WatchState{};
  watch.schema = confined_to;
  watch.tracking_table = tracking_table;
  watch.context = context;
  watch.active = false;
  if (OidIsValid(confined_to)) {
    watch.schema_name = guarded([=] {
      const char* const name = get_namespace_name(confined_to);
      if (name == nullptr) ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the schema was dropped")));
      return MemoryContextStrdup(context, name);
    });
  }
  watch.active = true;
}

MigrationWatch::~MigrationWatch() {
  // Prepared statements are of the session: no end of a transaction takes them away. Dropping one touches memory only.
  ListCell* cell;
  foreach (cell, watch.prepared) DropPreparedStatement(static_cast<char*>(lfirst(cell)), false);
  watch = WatchState{};
}

bool MigrationWatch::is_active() noexcept { return watch.active; }

void MigrationWatch::check_objects() {
  ListCell* cell;
  foreach (cell, watch.created) {
    auto* const object = static_cast<ObjectAddress*>(lfirst(cell));
    if (place_of(*object, watch.schema) == Place::temporary) {
      watch.temporary = remember(watch.temporary, object->classId, object->objectId);
    } else if (OidIsValid(watch.schema) && object->classId == ExtensionRelationId) {
      check_extension(*object);
    } else if (is_escape(*object)) {
      report_escape(*object, "creates");
    }
  }
  foreach (cell, watch.altered) {
    auto* const object = static_cast<ObjectAddress*>(lfirst(cell));
    if (OidIsValid(watch.schema) && object->classId == ExtensionRelationId) check_extension(*object);
    if (is_escape(*object)) report_escape(*object, "alters");
  }
  list_free(watch.created);
  list_free(watch.altered);
  watch.created = watch.altered = NIL;
}

void MigrationWatch::drop_temporary_objects() {
  guarded([] {
    watch.active = false;
    drop_remembered_temporary_objects();
  });
}

}  // namespace tenancy
