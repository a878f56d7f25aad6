// Makes the tracking table of a schema.
#include "core/tracking_sql.h"
#include "extension/compat.h"
#include "extension/script_runner.h"
#include "extension/tracking.h"

namespace tenancy {

namespace {

#if PG_VERSION_NUM < 170000

// Before 17 the build of a B-tree, also of an empty one, ends with an fsync of its file: its pages are written past the
// shared buffers, where a checkpoint that begins meanwhile would not find them (_bt_load() says so). A small new tenant
// waits for little else. The single page of an empty tree can be made in the shared buffers and logged instead, as the
// hash access method makes its first pages (_hash_init()): the next checkpoint writes it then. Since 17 PostgreSQL
// itself leaves the fsync to the next checkpoint (smgr_bulk_finish()).
constexpr core::PrimaryKey kPrimaryKey = core::PrimaryKey::left_out;

void write_empty_btree(Relation index) {
  bool const all_equal_image = _bt_allequalimage(index, false);
  Buffer const buffer = ReadBuffer(index, P_NEW);
  LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
  START_CRIT_SECTION();
  _bt_initmetapage(BufferGetPage(buffer), P_NONE, 0, all_equal_image);
  MarkBufferDirty(buffer);
  if (RelationNeedsWAL(index)) log_newpage_buffer(buffer, true);
  END_CRIT_SECTION();
  UnlockReleaseBuffer(buffer);
}

/// What PRIMARY KEY in CREATE TABLE would make, but for the fsync. The table is of this transaction, and empty.
void add_primary_key(Oid table) {
  constexpr int columns = core::kTrackingKey.size();
  Relation const relation = table_open(table, ShareLock);
  IndexInfo* const key = compat::make_unique_index_info(columns, BTREE_AM_OID);
  List* names = NIL;
  Oid collations[columns];
  Oid operator_classes[columns];
  int16 options[columns] = {};
  for (int i = 0; i < columns; ++i) {
    Form_pg_attribute const column = TupleDescAttr(RelationGetDescr(relation), i);
    key->ii_IndexAttrNumbers[i] = column->attnum;
    names = lappend(names, NameStr(column->attname));
    collations[i] = column->attcollation;
    operator_classes[i] = GetDefaultOpClass(column->atttypid, BTREE_AM_OID);
  }
  char* const name =
      ChooseRelationName(RelationGetRelationName(relation), nullptr, "pkey", RelationGetNamespace(relation), true);
  Oid const oid = index_create(relation, name, InvalidOid, InvalidOid, InvalidOid, InvalidOid, key, names, BTREE_AM_OID,
                               relation->rd_rel->reltablespace, collations, operator_classes, options, 0,
                               INDEX_CREATE_IS_PRIMARY | INDEX_CREATE_ADD_CONSTRAINT | INDEX_CREATE_SKIP_BUILD, 0,
                               false, false, nullptr);
  Relation const index = index_open(oid, NoLock);
  write_empty_btree(index);
  index_close(index, NoLock);
  table_close(relation, NoLock);
}

#else

constexpr core::PrimaryKey kPrimaryKey = core::PrimaryKey::declared;

void add_primary_key(Oid /*table*/) {}

#endif

}  // namespace

Oid create_tracking_table(const std::string& schema, const std::string& table) {
  run_internal_sql(core::create_tracking_table_sql(schema, table, kPrimaryKey));
  return guarded([&] {
    Oid const oid = get_relname_relid(table.c_str(), get_namespace_oid(schema.c_str(), false));
    add_primary_key(oid);
    return oid;
  });
}

}  // namespace tenancy
