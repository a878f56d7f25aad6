#include "extension/tracking.h"

#include "core/tracking_sql.h"
#include "extension/compat.h"
#include "extension/datum_text.h"
#include "extension/tool_table.h"

namespace tenancy {

namespace {

constexpr int kColumns = static_cast<int>(core::kTrackingColumns.size());

// Attribute numbers, in the order of core::kTrackingColumns.
enum Column : int { kSet = 1, kVersion, kDescription, kChecksum, kState, kAppliedAt, kAppliedBy, kDuration };
static_assert(core::kTrackingColumns[kSet - 1].name == "migration_set");
static_assert(core::kTrackingColumns[kVersion - 1].name == "version");
static_assert(core::kTrackingColumns[kDescription - 1].name == "description");
static_assert(core::kTrackingColumns[kChecksum - 1].name == "checksum");
static_assert(core::kTrackingColumns[kState - 1].name == "state");
static_assert(core::kTrackingColumns[kAppliedAt - 1].name == "applied_at");
static_assert(core::kTrackingColumns[kAppliedBy - 1].name == "applied_by");
static_assert(core::kTrackingColumns[kDuration - 1].name == "duration");

constexpr Oid kColumnTypes[] = {VARCHAROID, VARCHAROID,     VARCHAROID, VARCHAROID,
                                VARCHAROID, TIMESTAMPTZOID, NAMEOID,    INTERVALOID};
static_assert(std::size(kColumnTypes) == core::kTrackingColumns.size());

constexpr std::string_view kApplied = "applied";

std::string_view to_word(TrackingState state) { return state == TrackingState::applied ? kApplied : "running"; }

bool has_our_shape(Relation relation) {
  TupleDesc const shape = RelationGetDescr(relation);
  if (relation->rd_rel->relkind != RELKIND_RELATION || shape->natts < kColumns) return false;
  for (int i = 0; i < kColumns; ++i) {
    Form_pg_attribute const column = TupleDescAttr(shape, i);
    if (column->attisdropped || column->atttypid != kColumnTypes[i]) return false;
    if (core::kTrackingColumns[i].name != NameStr(column->attname)) return false;
  }
  return true;
}

/// From construction to destruction, what is done to tables is not counted in pg_stat_all_tables: nobody asks, and the
/// counters of ten thousand small tables cost time and shared memory.
class Uncounted {
 public:
  Uncounted() noexcept : outer_(std::exchange(pgstat_track_counts, false)) {}
  ~Uncounted() { pgstat_track_counts = outer_; }
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;

 private:
  bool outer_;
};

/// Calls `visit(slot)` for each row that the newest snapshot sees, until it returns false. In a guarded frame.
template <typename Visit>
void scan(Relation relation, Visit visit) {
  Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
  TupleTableSlot* const slot = table_slot_create(relation, nullptr);
  TableScanDesc const scan = table_beginscan(relation, snapshot, 0, nullptr);
  while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    slot_getsomeattrs(slot, kColumns);
    if (!visit(slot)) break;
  }
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  UnregisterSnapshot(snapshot);
}

std::string_view column_text(const TupleTableSlot* slot, Column column) {
  return slot->tts_isnull[column - 1] ? std::string_view() : text_of(slot->tts_values[column - 1]);
}

void require_right(Oid relation, AclMode right) {
  if (superuser()) return;  // spares a look into the catalogue
  AclResult const result = pg_class_aclcheck(relation, GetUserId(), right);
  if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_TABLE, get_rel_name(relation));
}

/// Its expressions would run in the session of whoever migrates.
[[noreturn]] void refuse_own_code(Relation relation) {
  ereport(ERROR,
          (errcode(ERRCODE_WRONG_OBJECT_TYPE),
           errmsg("tracking table \"%s\" has expressions of its own", RelationGetRelationName(relation)),
           errhint("Drop its CHECK constraints, generated columns, and indexes with expressions or conditions.")));
  pg_unreachable();
}

Relation open_to_write(Oid oid, AclMode right) {
  PreventCommandIfReadOnly("a migration");
  Relation const relation = table_open(oid, RowExclusiveLock);
  if (!has_our_shape(relation)) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("tracking table \"%s\" has changed its columns", RelationGetRelationName(relation))));
  }
  const TupleConstr* const constraints = RelationGetDescr(relation)->constr;
  if (constraints != nullptr && (constraints->num_check > 0 || constraints->has_generated_stored)) {
    refuse_own_code(relation);
  }
  require_right(oid, right);
  return relation;
}

void refuse_own_indexes(Relation relation, const ResultRelInfo* opened) {
  for (int i = 0; i < opened->ri_NumIndices; ++i) {
    const IndexInfo* const index = opened->ri_IndexRelationInfo[i];
    if (index->ii_Expressions != NIL || index->ii_Predicate != NIL || index->ii_ExclusionOps != nullptr) {
      refuse_own_code(relation);
    }
  }
}

/// Rows are seldom deleted, so there is room in the last page or nowhere; to ask the free space map, a file that small
/// tables do not even have, takes as long as to write the row. PostgreSQL asks it where the page is full.
void begin_at_last_page(Relation relation) {
  if (RelationGetTargetBlock(relation) != InvalidBlockNumber) return;
  BlockNumber const pages = RelationGetNumberOfBlocks(relation);
  if (pages > 0) RelationSetTargetBlock(relation, pages - 1);
}

/// Writes a row whose columns `fill(slot)` sets.
template <typename Fill>
void insert_row(Relation relation, Fill fill) {
  EState* const estate = CreateExecutorState();
  auto* const result_relation = makeNode(ResultRelInfo);
  // Index 0: there is no range table, which the message of a failing constraint would look into.
  InitResultRelInfo(result_relation, relation, 0, nullptr, 0);
  ExecOpenIndices(result_relation, false);
  refuse_own_indexes(relation, result_relation);
  TupleTableSlot* const slot = table_slot_create(relation, nullptr);
  ExecClearTuple(slot);
  fill(slot);
  ExecStoreVirtualTuple(slot);
  if (relation->rd_att->constr != nullptr) ExecConstraints(result_relation, slot, estate);
  begin_at_last_page(relation);
  table_tuple_insert(relation, slot, GetCurrentCommandId(true), 0, nullptr);
  if (result_relation->ri_NumIndices > 0) compat::insert_index_tuples(result_relation, slot, estate);
  ExecCloseIndices(result_relation);
  ExecDropSingleTupleTableSlot(slot);
  FreeExecutorState(estate);
}

/// Deletes the rows of a migration, after `visit(slot)` has seen each; returns how many.
template <typename Visit>
std::size_t delete_rows(Relation relation, std::string_view set, std::string_view version, Visit visit) {
  Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
  std::size_t deleted = 0;
  scan(relation, [&](TupleTableSlot* slot) {
    if (column_text(slot, kSet) == set && column_text(slot, kVersion) == version) {
      visit(slot);
      simple_table_tuple_delete(relation, &slot->tts_tid, snapshot);
      ++deleted;
    }
    return true;
  });
  UnregisterSnapshot(snapshot);
  return deleted;
}

/// Opens the table for a short read when it is ours; sets `shape` and `oid` in any case.
Relation open_to_read(Oid schema, const char* table, WhenLocked when_locked, TrackingShape* shape, Oid* oid) {
  *oid = get_relname_relid(table, schema);
  *shape = TrackingShape::missing;
  if (!OidIsValid(*oid)) return nullptr;
  // Rights first, and from the catalogue: a lock on a table that one may not read is not ours to take.
  *shape = TrackingShape::denied;
  if (!superuser()) {
    if (compat::namespace_aclcheck(schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK) return nullptr;
    if (pg_class_aclcheck(*oid, GetUserId(), ACL_SELECT) != ACLCHECK_OK) return nullptr;
  }
  *shape = TrackingShape::foreign;
  if (when_locked == WhenLocked::wait) {
    LockRelationOid(*oid, AccessShareLock);
  } else if (!ConditionalLockRelationOid(*oid, AccessShareLock)) {
    *shape = TrackingShape::locked;
    return nullptr;
  }
  // Behind the lock the cache knows whether it is still there, without another look into the catalogue.
  Relation const relation = RelationIdGetRelation(*oid);
  if (relation == nullptr) {
    UnlockRelationOid(*oid, AccessShareLock);
    *shape = TrackingShape::missing;
    return nullptr;
  }
  if (!has_our_shape(relation)) {
    relation_close(relation, AccessShareLock);
    return nullptr;
  }
  *shape = TrackingShape::ours;
  return relation;
}

}  // namespace

Tracking read_tracking(Oid schema, const std::string& table, const std::string& set, WhenLocked when_locked) {
  Tracking tracking;
  Uncounted const uncounted;
  guarded([&] {
    Relation const relation = open_to_read(schema, table.c_str(), when_locked, &tracking.shape, &tracking.relation);
    if (relation == nullptr) return;
    scan(relation, [&](const TupleTableSlot* slot) {
      if (column_text(slot, kSet) != set) return true;
      core::AppliedMigration& applied = tracking.applied.emplace_back();
      applied.version = column_text(slot, kVersion);
      applied.checksum = column_text(slot, kChecksum);
      applied.in_doubt = column_text(slot, kState) != kApplied;
      if (!slot->tts_isnull[kAppliedAt - 1]) {
        applied.applied_at = DatumGetTimestampTz(slot->tts_values[kAppliedAt - 1]);
        tracking.last_applied_at =
            std::max(tracking.last_applied_at, DatumGetTimestampTz(slot->tts_values[kAppliedAt - 1]));
      }
      return true;
    });
    table_close(relation, AccessShareLock);
  });
  return tracking;
}

TrackingShape read_history(Oid schema, const std::string& table, std::vector<HistoryRow>& rows) {
  TrackingShape shape = TrackingShape::missing;
  Uncounted const uncounted;
  guarded([&] {
    Oid oid;
    Relation const relation = open_to_read(schema, table.c_str(), WhenLocked::wait, &shape, &oid);
    if (relation == nullptr) return;
    scan(relation, [&](const TupleTableSlot* slot) {
      HistoryRow& row = rows.emplace_back();
      row.set = column_text(slot, kSet);
      row.version = column_text(slot, kVersion);
      row.description = column_text(slot, kDescription);
      row.checksum = column_text(slot, kChecksum);
      row.state = column_text(slot, kState);
      if (!slot->tts_isnull[kAppliedAt - 1]) row.applied_at = DatumGetTimestampTz(slot->tts_values[kAppliedAt - 1]);
      if (!slot->tts_isnull[kAppliedBy - 1]) row.applied_by = NameStr(*DatumGetName(slot->tts_values[kAppliedBy - 1]));
      if (!slot->tts_isnull[kDuration - 1]) {
        row.duration = std::chrono::microseconds(DatumGetIntervalP(slot->tts_values[kDuration - 1])->time);
      }
      return true;
    });
    table_close(relation, AccessShareLock);
  });
  return shape;
}

void insert_tracking_row(Oid oid, const TrackingRow& row) {
  std::string_view const description = core::tracked_description(row.description);
  Uncounted const uncounted;
  guarded([&] {
    Relation const relation = open_to_write(oid, ACL_INSERT);
    insert_row(relation, [&](TupleTableSlot* slot) {
      for (int i = 0; i < slot->tts_tupleDescriptor->natts; ++i) slot->tts_isnull[i] = i >= kColumns;
      auto* const duration = static_cast<Interval*>(palloc0(sizeof(Interval)));
      duration->time = row.duration.count();
      auto* const applied_by = static_cast<NameData*>(palloc0(sizeof(NameData)));
      namestrcpy(applied_by, GetUserNameFromId(GetUserId(), false));
      slot->tts_values[kSet - 1] = datum_of(row.set);
      slot->tts_values[kVersion - 1] = datum_of(row.version);
      slot->tts_values[kDescription - 1] = datum_of(description);
      slot->tts_values[kChecksum - 1] = datum_of(row.checksum);
      slot->tts_values[kState - 1] = datum_of(to_word(row.state));
      slot->tts_values[kAppliedAt - 1] =
          TimestampTzGetDatum(row.applied_at == 0 ? GetCurrentTimestamp() : row.applied_at);
      slot->tts_values[kAppliedBy - 1] = NameGetDatum(applied_by);
      slot->tts_values[kDuration - 1] = IntervalPGetDatum(duration);
    });
    table_close(relation, NoLock);
    CommandCounterIncrement();
  });
}

std::size_t delete_tracking_rows(Oid oid, std::string_view set, std::string_view version) {
  return guarded([&] {
    Relation const relation = open_to_write(oid, ACL_DELETE);
    std::size_t const deleted = delete_rows(relation, set, version, [](const TupleTableSlot*) {});
    table_close(relation, NoLock);
    CommandCounterIncrement();
    return deleted;
  });
}

void set_tracking_state(Oid oid, std::string_view set, std::string_view version, TrackingState state) {
  guarded([&] {
    Relation const relation = open_to_write(oid, ACL_INSERT | ACL_DELETE);
    List* rows = NIL;
    delete_rows(relation, set, version,
                [&](TupleTableSlot* slot) { rows = lappend(rows, ExecCopySlotHeapTuple(slot)); });
    ListCell* cell;
    foreach (cell, rows) {
      insert_row(relation, [&](TupleTableSlot* slot) {
        heap_deform_tuple(static_cast<HeapTuple>(lfirst(cell)), RelationGetDescr(relation), slot->tts_values,
                          slot->tts_isnull);
        slot->tts_values[kState - 1] = datum_of(to_word(state));
      });
    }
    table_close(relation, NoLock);
    CommandCounterIncrement();
  });
}

PgError foreign_tracking_table(Oid relation, const std::string& table) {
  core::ForeignTable const text = core::describe_foreign_table(column_names(relation));
  return {ERRCODE_WRONG_OBJECT_TYPE, "\"" + table + "\" is not a tracking table of tenancy", text.detail, text.hint};
}

}  // namespace tenancy
