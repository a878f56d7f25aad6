#include "extension/migration_watch.h"

#include "extension/object_place.h"
#include "extension/watch_state.h"

namespace tenancy {

WatchState watch;

namespace {

object_access_hook_type previous_object_access_hook = nullptr;

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

}  // namespace

void refuse_escape(Oid class_id, Oid object_id, const char* did) {
  ObjectAddress object;
  ObjectAddressSet(object, class_id, object_id);
  if (is_escape(object)) report_escape(object, did);
}

namespace {

void on_create(Oid class_id, Oid object_id, const void* argument) {
  auto* const create = static_cast<const ObjectAccessPostCreate*>(argument);
  bool const internal = create != nullptr && create->is_internal;
  if (!internal) {
    watch.created = remember(watch.created, class_id, object_id);
  } else if (class_id == RelationRelationId) {
    watch.transient = remember(watch.transient, class_id, object_id);
  }
}

/// The catalogue still shows the object as it was; where it is now, the next check looks at.
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
  install_statement_hook();
}

MigrationWatch::MigrationWatch(Oid confined_to, const std::string& schema_name, Oid tracking_table,
                               MemoryContext context) {
  watch = WatchState{};
  watch.schema = confined_to;
  watch.tracking_table = tracking_table;
  watch.context = context;
  watch.schema_name = schema_name.c_str();
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
  foreach (cell, watch.moves ? watch.altered : NIL) {
    auto* const object = static_cast<ObjectAddress*>(lfirst(cell));
    if (OidIsValid(watch.schema) && object->classId == ExtensionRelationId) check_extension(*object);
    if (is_escape(*object)) report_escape(*object, "alters");
  }
  list_free(watch.created);
  list_free(watch.altered);
  watch.created = watch.altered = NIL;
  watch.moves = false;
}

void MigrationWatch::drop_temporary_objects() {
  guarded([] {
    watch.active = false;
    drop_remembered_temporary_objects();
  });
}

}  // namespace tenancy
