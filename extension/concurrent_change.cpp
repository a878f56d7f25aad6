#include "extension/concurrent_change.h"

#include "extension/statement_kind.h"

namespace tenancy {

namespace {

bool is_valid(Oid index) {
  HeapTuple const row = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
  if (!HeapTupleIsValid(row)) return false;
  auto* const form = (Form_pg_index)GETSTRUCT(row);
  bool const valid = form->indisvalid && form->indisready && form->indislive;
  ReleaseSysCache(row);
  return valid;
}

Oid table_of_index(const RangeVar* name) {
  Oid const index = RangeVarGetRelid(name, NoLock, true);
  return OidIsValid(index) && get_rel_relkind(index) == RELKIND_INDEX ? IndexGetRelation(index, true) : InvalidOid;
}

/// The table whose indexes a statement makes, drops or rebuilds concurrently.
Oid table_of(Node* statement) {
  if (!is_concurrent(statement)) return InvalidOid;
  switch (nodeTag(statement)) {
    case T_IndexStmt:
      return RangeVarGetRelid(castNode(IndexStmt, statement)->relation, NoLock, true);
    case T_DropStmt:
      return table_of_index(makeRangeVarFromNameList(linitial_node(List, castNode(DropStmt, statement)->objects)));
    case T_ReindexStmt: {
      auto* const reindex = castNode(ReindexStmt, statement);
      if (reindex->kind == REINDEX_OBJECT_INDEX) return table_of_index(reindex->relation);
      return reindex->kind == REINDEX_OBJECT_TABLE ? RangeVarGetRelid(reindex->relation, NoLock, true) : InvalidOid;
    }
    default:
      return InvalidOid;
  }
}

/// The partition that ALTER TABLE … DETACH PARTITION … CONCURRENTLY takes away.
Oid partition_of(Node* statement) {
  if (!IsA(statement, AlterTableStmt) || !is_concurrent(statement)) return InvalidOid;
  auto* const command = linitial_node(AlterTableCmd, castNode(AlterTableStmt, statement)->cmds);
  return RangeVarGetRelid(castNode(PartitionCmd, command->def)->name, NoLock, true);
}

/// The index that CREATE INDEX CONCURRENTLY makes, when its table has one of that name.
Oid index_of(Node* statement) {
  if (!IsA(statement, IndexStmt) || castNode(IndexStmt, statement)->idxname == nullptr) return InvalidOid;
  Oid const table = table_of(statement);
  if (!OidIsValid(table)) return InvalidOid;
  Oid const index = get_relname_relid(castNode(IndexStmt, statement)->idxname, get_rel_namespace(table));
  bool const is_index = OidIsValid(index) && get_rel_relkind(index) == RELKIND_INDEX;
  return is_index && IndexGetRelation(index, true) == table ? index : InvalidOid;
}

/// As REINDEX CONCURRENTLY names what it builds (…_ccnew, …_ccnew1) and what it replaces (…_ccold).
bool is_of_reindex(const char* name) {
  std::string_view base = name;
  while (!base.empty() && base.back() >= '0' && base.back() <= '9') base.remove_suffix(1);
  return base.ends_with("_ccnew") || base.ends_with("_ccold");
}

const char* sql_name(Oid index) {
  return quote_qualified_identifier(get_namespace_name(get_rel_namespace(index)), get_rel_name(index));
}

template <typename Visit>
void for_each_index(Oid table, Visit visit) {
  Relation const relation = OidIsValid(table) ? try_relation_open(table, AccessShareLock) : nullptr;
  if (relation == nullptr) return;
  ListCell* cell;
  foreach (cell, RelationGetIndexList(relation)) visit(lfirst_oid(cell));
  relation_close(relation, AccessShareLock);
}

}  // namespace

ConcurrentChange::ConcurrentChange(Node* statement) : statement_(statement) {
  guarded([this] {
    table_ = table_of(statement_);
    partition_ = partition_of(statement_);
  });
  before_ = indexes_of(table_);
}

std::vector<ConcurrentChange::Index> ConcurrentChange::indexes_of(Oid table) {
  std::vector<Index> indexes;
  guarded([&] { for_each_index(table, [&](Oid index) { indexes.push_back({index, is_valid(index)}); }); });
  return indexes;
}

bool ConcurrentChange::took_effect() const {
  if (OidIsValid(partition_)) {
    return guarded([this] { return !get_rel_relispartition(partition_) || PartitionHasPendingDetach(partition_); });
  }
  std::vector<Index> const now = indexes_of(table_);
  auto const has = [](const std::vector<Index>& indexes, const Index& wanted) {
    return std::any_of(indexes.begin(), indexes.end(),
                       [&](const Index& one) { return one.oid == wanted.oid && one.valid == wanted.valid; });
  };
  switch (nodeTag(statement_)) {
    case T_IndexStmt:
      return std::any_of(now.begin(), now.end(), [&](const Index& one) { return one.valid && !has(before_, one); });
    case T_DropStmt:
      return std::any_of(before_.begin(), before_.end(), [&](const Index& one) { return one.valid && !has(now, one); });
    default:
      return false;
  }
}

std::vector<std::string> ConcurrentChange::remains() const {
  std::vector<std::string> names;
  if (IsA(statement_, DropStmt)) return names;
  for (const Index& one : indexes_of(table_)) {
    bool const was_invalid =
        std::any_of(before_.begin(), before_.end(), [&](const Index& old) { return old.oid == one.oid && !old.valid; });
    if (!one.valid && !was_invalid) names.emplace_back(guarded([&] { return sql_name(one.oid); }));
  }
  return names;
}

bool is_done(Node* statement) {
  return guarded([=] {
    if (!is_concurrent(statement)) return false;
    Oid const index = index_of(statement);
    return OidIsValid(index) && is_valid(index);
  });
}

void require_valid_index(Node* statement) {
  guarded([=] {
    if (!is_concurrent(statement)) return;
    Oid const index = index_of(statement);
    if (!OidIsValid(index) || is_valid(index)) return;
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("index \"%s\" exists, but is INVALID", get_rel_name(index)),
                    errhint("An earlier build of it failed. Drop it: DROP INDEX CONCURRENTLY %s.", sql_name(index))));
  });
}

std::vector<std::string> remains_of_earlier_run(Node* statement) {
  std::vector<std::string> names;
  guarded([&] {
    if (!is_concurrent(statement)) return;
    if (IsA(statement, ReindexStmt)) {
      for_each_index(table_of(statement), [&](Oid index) {
        if (!is_valid(index) && is_of_reindex(get_rel_name(index))) names.emplace_back(sql_name(index));
      });
    } else if (Oid const index = index_of(statement); OidIsValid(index) && !is_valid(index)) {
      names.emplace_back(sql_name(index));
    }
  });
  return names;
}

}  // namespace tenancy
