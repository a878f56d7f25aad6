#include "extension/tool_table.h"

#include "extension/compat.h"

namespace tenancy {

namespace {

/// A column of the table; attribute 0: it has none for that.
struct Column {
  AttrNumber attribute = InvalidAttrNumber;
  Oid type = InvalidOid;
  Oid output = InvalidOid;
};

struct Columns {
  Column version, state, kind, undone, group, order, applied_at;
};

/// Its output function is PostgreSQL's own, also that of a domain.
Column find_column(Relation relation, const std::string& name) {
  if (name.empty()) return {};
  TupleDesc const shape = RelationGetDescr(relation);
  for (int i = 0; i < shape->natts; ++i) {
    Form_pg_attribute const attribute = TupleDescAttr(shape, i);
    if (attribute->attisdropped || name != NameStr(attribute->attname)) continue;
    Oid const type = getBaseType(attribute->atttypid);
    if (type >= FirstUnpinnedObjectId) {
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("column \"%s\" of table \"%s\" has a type of its own",
                                                                 name.c_str(), RelationGetRelationName(relation))));
    }
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    return {attribute->attnum, type, output};
  }
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                  errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(relation), name.c_str()),
                  errhint("It is not this tool's, or of another version of it.")));
  pg_unreachable();
}

bool is_null(const TupleTableSlot* slot, const Column& column) {
  return column.attribute == InvalidAttrNumber || slot->tts_isnull[column.attribute - 1];
}

void take_text(const TupleTableSlot* slot, const Column& column, std::optional<std::string>& text) {
  if (!is_null(slot, column)) text = OidOutputFunctionCall(column.output, slot->tts_values[column.attribute - 1]);
}

/// Times as PostgreSQL counts them, numbers as they are.
std::int64_t number_of(const TupleTableSlot* slot, const Column& column) {
  if (is_null(slot, column)) return 0;
  Datum const value = slot->tts_values[column.attribute - 1];
  switch (column.type) {
    case INT4OID:
      return DatumGetInt32(value);
    case INT8OID:
      return DatumGetInt64(value);
    case TIMESTAMPTZOID:
      return DatumGetTimestampTz(value);
    case TIMESTAMPOID:
      return DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, value));
    default:
      return 0;
  }
}

bool is_time(const Column& column) { return column.type == TIMESTAMPTZOID || column.type == TIMESTAMPOID; }

/// A tenant's table must not fill the memory of whoever migrates it.
constexpr std::size_t kMostRows = 100'000;

void read_rows(Relation relation, const Columns& columns, std::vector<core::ToolRow>& rows) {
  Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
  TupleTableSlot* const slot = table_slot_create(relation, nullptr);
  TableScanDesc const scan = table_beginscan(relation, snapshot, 0, nullptr);
  while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    CHECK_FOR_INTERRUPTS();
    if (rows.size() == kMostRows) {
      ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                      errmsg("table \"%s\" has more than %zu rows", RelationGetRelationName(relation), kMostRows),
                      errhint("No tool writes so many; see what they are.")));
    }
    slot_getallattrs(slot);
    core::ToolRow& row = rows.emplace_back();
    take_text(slot, columns.version, row.version);
    take_text(slot, columns.state, row.state);
    take_text(slot, columns.kind, row.kind);
    take_text(slot, columns.undone, row.undone);
    take_text(slot, columns.group, row.group);
    row.order = number_of(slot, columns.order);
    if (is_time(columns.applied_at)) row.applied_at = number_of(slot, columns.applied_at);
  }
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  UnregisterSnapshot(snapshot);
}

/// Rights first: a lock on a table that one may not read is not ours to take.
void require_readable(Oid schema, Oid table) {
  AclResult const in_schema = compat::namespace_aclcheck(schema, GetUserId(), ACL_USAGE);
  if (in_schema != ACLCHECK_OK) aclcheck_error(in_schema, OBJECT_SCHEMA, get_namespace_name(schema));
  AclResult const result = pg_class_aclcheck(table, GetUserId(), ACL_SELECT);
  if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_TABLE, get_rel_name(table));
}

Relation open_table(Oid schema, const char* name, bool wait) {
  Oid const oid = get_relname_relid(name, schema);
  if (!OidIsValid(oid)) return nullptr;
  require_readable(schema, oid);
  if (wait) {
    LockRelationOid(oid, AccessShareLock);
  } else if (!ConditionalLockRelationOid(oid, AccessShareLock)) {
    ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE), errmsg("table \"%s\" is locked by another session", name)));
  }
  Relation const relation = try_relation_open(oid, NoLock);
  if (relation == nullptr) {
    UnlockRelationOid(oid, AccessShareLock);
    return nullptr;
  }
  if (relation->rd_rel->relkind != RELKIND_RELATION) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a plain table", name),
                    errhint("Only a table of the tool's own making is read.")));
  }
  return relation;
}

}  // namespace

std::optional<std::vector<core::ToolRow>> read_tool_table(Oid schema, const core::HistoryTool& tool, bool wait) {
  std::vector<core::ToolRow> rows;
  bool const is_there = guarded([&] {
    Relation const relation = open_table(schema, tool.table.c_str(), wait);
    if (relation == nullptr) return false;
    Columns const columns{find_column(relation, tool.version),   find_column(relation, tool.state),
                          find_column(relation, tool.kind),      find_column(relation, tool.undone),
                          find_column(relation, tool.group),     find_column(relation, tool.order),
                          find_column(relation, tool.applied_at)};
    read_rows(relation, columns, rows);
    relation_close(relation, AccessShareLock);
    return true;
  });
  if (!is_there) return std::nullopt;
  return rows;
}

std::optional<core::ToolTrace> find_tool_trace(Oid schema, bool wait) {
  static const std::vector<std::string> kTables = core::history_tables();
  for (const std::string& table : kTables) {
    Oid const relation = guarded([&] {
      Oid const oid = get_relname_relid(table.c_str(), schema);
      return OidIsValid(oid) && get_rel_relkind(oid) == RELKIND_RELATION ? oid : InvalidOid;
    });
    if (!OidIsValid(relation)) continue;
    std::optional<core::ToolTrace> const trace = core::recognise_table(table, column_names(relation));
    if (!trace) continue;
    std::optional<std::vector<core::ToolRow>> const rows = read_tool_table(schema, *trace->tool, wait);
    if (rows && core::has_applied_something(*trace->tool, *rows)) return trace;
  }
  return std::nullopt;
}

std::vector<std::string> column_names(Oid relation) {
  std::vector<std::string> names;
  guarded([&] {
    HeapTuple const table = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(table)) return;
    AttrNumber const count = ((Form_pg_class)GETSTRUCT(table))->relnatts;
    ReleaseSysCache(table);
    for (AttrNumber attribute = 1; attribute <= count; ++attribute) {
      HeapTuple const row = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(attribute));
      if (!HeapTupleIsValid(row)) continue;
      auto* const form = (Form_pg_attribute)GETSTRUCT(row);
      if (!form->attisdropped) names.emplace_back(NameStr(form->attname));
      ReleaseSysCache(row);
    }
  });
  return names;
}

}  // namespace tenancy
