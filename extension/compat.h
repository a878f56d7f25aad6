// Differences between PostgreSQL 15, 16, 17 and 18, in one place: the newest signature wins.
#pragma once

#include "extension/pg.h"

namespace tenancy::compat {

inline void executor_run(QueryDesc* query, ScanDirection direction, uint64 count) {
#if PG_VERSION_NUM >= 180000
  ExecutorRun(query, direction, count);
#else
  ExecutorRun(query, direction, count, true);
#endif
}

/// Runs a portal to its end, at top level, and drops the rows.
inline void portal_run(Portal portal) {
#if PG_VERSION_NUM >= 180000
  PortalRun(portal, FETCH_ALL, true, None_Receiver, None_Receiver, nullptr);
#else
  PortalRun(portal, FETCH_ALL, true, true, None_Receiver, None_Receiver, nullptr);
#endif
}

inline List* insert_index_tuples(ResultRelInfo* result_relation, TupleTableSlot* slot, EState* estate) {
#if PG_VERSION_NUM >= 160000
  return ExecInsertIndexTuples(result_relation, slot, estate, false, false, nullptr, NIL, false);
#else
  return ExecInsertIndexTuples(result_relation, slot, estate, false, false, nullptr, NIL);
#endif
}

inline AclResult namespace_aclcheck(Oid schema, Oid role, AclMode mode) {
#if PG_VERSION_NUM >= 160000
  return object_aclcheck(NamespaceRelationId, schema, role, mode);
#else
  return pg_namespace_aclcheck(schema, role, mode);
#endif
}

/// Of a unique index on columns alone, to be made without CONCURRENTLY.
inline IndexInfo* make_unique_index_info(int columns, Oid access_method) {
#if PG_VERSION_NUM >= 160000
  return makeIndexInfo(columns, columns, access_method, NIL, NIL, true, false, true, false, false);
#else
  return makeIndexInfo(columns, columns, access_method, NIL, NIL, true, false, true, false);
#endif
}

/// May `member` act as `role`? Since 16 that is a grant option of its own.
inline bool can_set_role(Oid member, Oid role) {
#if PG_VERSION_NUM >= 160000
  return member_can_set_role(member, role);
#else
  return is_member_of_role(member, role);
#endif
}

}  // namespace tenancy::compat
