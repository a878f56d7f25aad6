#include "extension/object_place.h"

namespace tenancy {

namespace {

/// Objects that stand in no schema and belong to the database or the cluster.
bool is_global_class(Oid class_id) {
  switch (class_id) {
    case AuthIdRelationId:
    case DatabaseRelationId:
    case TableSpaceRelationId:
    case EventTriggerRelationId:
    case PublicationRelationId:
    case SubscriptionRelationId:
    case ForeignDataWrapperRelationId:
    case ForeignServerRelationId:
    case LanguageRelationId:
      return true;
    default:
      return false;
  }
}

Place place_of_namespace(Oid schema, Oid target) {
  if (isTempOrTempToastNamespace(schema)) return Place::temporary;
  if (!OidIsValid(schema) || schema == PG_TOAST_NAMESPACE) return Place::nowhere;
  return schema == target ? Place::inside : Place::outside;
}

Place place_of_table(Oid table, Oid target) {
  return OidIsValid(table) ? place_of_namespace(get_rel_namespace(table), target) : Place::gone;
}

}  // namespace

bool object_exists(const ObjectAddress& object, int cache) {
  return SearchSysCacheExists1(cache, ObjectIdGetDatum(object.objectId));
}

Oid oid_of_row(Oid catalog_id, AttrNumber key_column, Oid object, AttrNumber value_column) {
  Relation const catalog = table_open(catalog_id, AccessShareLock);
  HeapTuple const row = get_catalog_object_by_oid(catalog, key_column, object);
  bool is_null = true;
  Datum const value = row == nullptr ? 0 : heap_getattr(row, value_column, RelationGetDescr(catalog), &is_null);
  table_close(catalog, AccessShareLock);
  return is_null ? InvalidOid : DatumGetObjectId(value);
}

bool is_byproduct(const ObjectAddress& object) {
  if (object.classId == TypeRelationId) {
    Oid const table = get_typ_typrelid(object.objectId);
    if (OidIsValid(table)) return get_rel_relkind(table) != RELKIND_COMPOSITE_TYPE;
    return OidIsValid(get_element_type(object.objectId));
  }
  if (object.classId != RewriteRelationId) return false;
  Oid const table = oid_of_row(RewriteRelationId, Anum_pg_rewrite_oid, object.objectId, Anum_pg_rewrite_ev_class);
  char const kind = OidIsValid(table) ? get_rel_relkind(table) : '\0';
  return kind == RELKIND_VIEW || kind == RELKIND_MATVIEW;
}

Place place_of(const ObjectAddress& object, Oid target) {
  if (is_byproduct(object)) return Place::nowhere;
  switch (object.classId) {
    case TriggerRelationId:
      return place_of_table(
          oid_of_row(TriggerRelationId, Anum_pg_trigger_oid, object.objectId, Anum_pg_trigger_tgrelid), target);
    case PolicyRelationId:
      return place_of_table(oid_of_row(PolicyRelationId, Anum_pg_policy_oid, object.objectId, Anum_pg_policy_polrelid),
                            target);
    case RewriteRelationId:
      return place_of_table(
          oid_of_row(RewriteRelationId, Anum_pg_rewrite_oid, object.objectId, Anum_pg_rewrite_ev_class), target);
    case NamespaceRelationId:
      return place_of_namespace(object.objectId, target);
    default:
      break;
  }
  if (is_global_class(object.classId)) return Place::outside;
  if (!is_objectclass_supported(object.classId)) return Place::nowhere;
  int const cache = get_object_catcache_oid(object.classId);
  if (cache < 0 || get_object_attnum_namespace(object.classId) == InvalidAttrNumber) return Place::nowhere;
  if (!object_exists(object, cache)) return Place::gone;
  return place_of_namespace(get_object_namespace(&object), target);
}

}  // namespace tenancy
