// What the two halves of MigrationWatch share: migration_watch.cpp sees objects, statement_watch.cpp sees statements.
#pragma once

#include "extension/pg.h"

namespace tenancy {

/// What the current watch remembers. Plain data: hooks run in frames that a longjmp may leave.
struct WatchState {
  bool active = false;
  Oid schema = InvalidOid;  ///< InvalidOid: anywhere
  const char* schema_name = nullptr;
  Oid tracking_table = InvalidOid;
  MemoryContext context = nullptr;
  List* created = NIL;    ///< ObjectAddress: not yet checked
  List* altered = NIL;    ///< ObjectAddress: not yet checked
  bool moves = false;     ///< a statement may have put what it altered into another schema
  List* transient = NIL;  ///< ObjectAddress: relations that the server made for itself, to rebuild others
  List* temporary = NIL;  ///< ObjectAddress: created, in the temporary schema
  List* prepared = NIL;   ///< char*: names of prepared statements
};

extern WatchState watch;

/// ereports when the object is not one that the watched migration may touch: "the migration <did> table public.t".
void refuse_escape(Oid class_id, Oid object_id, const char* did);

void install_statement_hook();

}  // namespace tenancy
