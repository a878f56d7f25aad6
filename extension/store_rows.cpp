#include "extension/store_rows.h"

#include "extension/datum_text.h"

namespace tenancy {

namespace {

constexpr std::size_t kMaxColumns = 32;
constexpr std::size_t kMaxKeys = 2;

/// Where the columns and keys are in the table, and how a value becomes text. In a guarded frame.
struct Shape {
  int columns[kMaxColumns];
  Oid output[kMaxColumns];
  int keys[kMaxKeys];
};

Relation open_table(const char* table) {
  Oid const oid = get_relname_relid(table, get_namespace_oid("tenancy", false));
  if (!OidIsValid(oid)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"tenancy.%s\" does not exist", table)));
  }
  if (!superuser()) {
    AclResult const result = pg_class_aclcheck(oid, GetUserId(), ACL_SELECT);
    if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_TABLE, table);
  }
  Relation const relation = table_open(oid, AccessShareLock);
  if (relation->rd_rel->relrowsecurity && check_enable_rls(oid, InvalidOid, false) == RLS_ENABLED) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("table \"tenancy.%s\" has row-level security, which is not for the store", table),
                    errhint("Say ALTER TABLE tenancy.%s DISABLE ROW LEVEL SECURITY.", table)));
  }
  return relation;
}

int column_number(Relation relation, const char* name) {
  AttrNumber const number = get_attnum(RelationGetRelid(relation), name);
  if (number == InvalidAttrNumber) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("column \"%s\" of tenancy.%s does not exist", name, RelationGetRelationName(relation))));
  }
  return number;
}

Oid output_function(Oid type) {
  switch (type) {
    case TEXTOID:
      return InvalidOid;
    case BOOLOID:
      return F_BOOLOUT;
    case INT4OID:
      return F_INT4OUT;
    case TEXTARRAYOID:
      return F_ARRAY_OUT;
    default:
      ereport(ERROR, (errmsg_internal("a column of type %u in the store", type)));
      pg_unreachable();
  }
}

void find_columns(Relation relation, std::span<const StoreColumn> columns, std::span<const StoreKey> keys,
                  Shape* shape) {
  TupleDesc const types = RelationGetDescr(relation);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    shape->columns[i] = column_number(relation, columns[i].name);
    Oid const type = TupleDescAttr(types, shape->columns[i] - 1)->atttypid;
    shape->output[i] = columns[i].whether_set ? InvalidOid : output_function(type);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) shape->keys[i] = column_number(relation, keys[i].column);
}

bool has_keys(HeapTuple tuple, TupleDesc types, std::span<const StoreKey> keys, const Shape& shape) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    bool is_null;
    Datum const value = heap_getattr(tuple, shape.keys[i], types, &is_null);
    if (is_null || text_of(value) != keys[i].value) return false;
  }
  return true;
}

void copy_row(HeapTuple tuple, TupleDesc types, std::span<const StoreColumn> columns, const Shape& shape, Row& row) {
  row.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    bool is_null;
    Datum const value = heap_getattr(tuple, shape.columns[i], types, &is_null);
    if (columns[i].whether_set) {
      row[i].emplace(is_null ? "f" : "t");
    } else if (is_null) {
      continue;
    } else if (shape.output[i] == InvalidOid) {
      row[i].emplace(text_of(value));
    } else {
      row[i].emplace(OidOutputFunctionCall(shape.output[i], value));
    }
  }
}

/// Equality of a column of type text, for a scan of its index.
void set_key(ScanKey key, Relation relation, int column, std::string_view value) {
  Oid const collation = TupleDescAttr(RelationGetDescr(relation), column - 1)->attcollation;
  ScanKeyEntryInitialize(key, 0, static_cast<AttrNumber>(column), BTEqualStrategyNumber, InvalidOid, collation,
                         F_TEXTEQ, datum_of(value));
}

std::vector<Row> read(const char* table, std::span<const StoreColumn> columns, std::span<const StoreKey> keys,
                      bool by_index) {
  if (columns.size() > kMaxColumns || keys.size() > kMaxKeys) throw std::logic_error("too many columns to read");
  std::vector<Row> rows;
  ScopedContext const memory(CurrentMemoryContext, "tenancy store");
  guarded([&] {
    MemoryContext const outer = MemoryContextSwitchTo(memory.get());
    Relation const relation = open_table(table);
    TupleDesc const types = RelationGetDescr(relation);
    Shape shape;
    find_columns(relation, columns, keys, &shape);
    ScanKeyData index_keys[kMaxKeys];
    for (std::size_t i = 0; by_index && i < keys.size(); ++i) {
      set_key(&index_keys[i], relation, shape.keys[i], keys[i].value);
    }
    Oid const index =
        by_index ? get_relname_relid(psprintf("%s_pkey", table), RelationGetNamespace(relation)) : InvalidOid;
    // What this transaction has stored is seen, and what others have: as a statement would.
    CommandCounterIncrement();
    Snapshot const snapshot = RegisterSnapshot(GetTransactionSnapshot());
    SysScanDesc const scan = systable_beginscan(relation, index, by_index, snapshot,
                                                by_index ? static_cast<int>(keys.size()) : 0, index_keys);
    for (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple); tuple = systable_getnext(scan)) {
      if (has_keys(tuple, types, keys, shape)) copy_row(tuple, types, columns, shape, rows.emplace_back());
    }
    systable_endscan(scan);
    UnregisterSnapshot(snapshot);
    table_close(relation, NoLock);
    MemoryContextSwitchTo(outer);
  });
  return rows;
}

}  // namespace

std::vector<Row> read_rows(const char* table, std::span<const StoreColumn> columns, std::span<const StoreKey> keys) {
  return read(table, columns, keys, false);
}

std::vector<Row> find_row(const char* table, std::span<const StoreColumn> columns, std::span<const StoreKey> keys) {
  return read(table, columns, keys, true);
}

}  // namespace tenancy
