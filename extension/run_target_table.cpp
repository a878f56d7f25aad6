#include "extension/run_target_table.h"

#include "extension/datum_text.h"

namespace tenancy {

namespace {

/// Attribute numbers.
enum Column : int {
  kRun = 1,
  kOrdinal,
  kWave,
  kTenant,
  kDatabase,
  kSchema,
  kMigrationSet,
  kKind,
  kHeldAt,
  kVersionsWanted,
  kState,
  kAttempts,
  kWaited,
  kFromRevision,
  kToRevision,
  kVersions,
  kDuration,
  kFinishedAt,
  kSqlstate,
  kError,
  kDetail,
  kHint,
  kServer
};

constexpr Oid kColumnTypes[] = {INT8OID,     INT4OID, TEXTOID, TEXTOID,      TEXTOID,     TEXTOID,
                                TEXTOID,     TEXTOID, TEXTOID, TEXTARRAYOID, TEXTOID,     INT4OID,
                                INTERVALOID, TEXTOID, TEXTOID, TEXTARRAYOID, INTERVALOID, TIMESTAMPTZOID,
                                TEXTOID,     TEXTOID, TEXTOID, TEXTOID,      TEXTOID};
constexpr int kColumns = kServer;
static_assert(std::size(kColumnTypes) == kColumns);

/// The columns of text that a row begins with.
constexpr std::pair<Column, std::string RunTargetRow::*> kFirstTexts[] = {
    {kWave, &RunTargetRow::wave},      {kTenant, &RunTargetRow::tenant},     {kDatabase, &RunTargetRow::database},
    {kSchema, &RunTargetRow::schema},  {kMigrationSet, &RunTargetRow::set},  {kKind, &RunTargetRow::kind},
    {kHeldAt, &RunTargetRow::held_at}, {kFromRevision, &RunTargetRow::from}, {kSqlstate, &RunTargetRow::sqlstate},
    {kError, &RunTargetRow::error},    {kDetail, &RunTargetRow::detail},     {kHint, &RunTargetRow::hint}};

const char* state_of(const Outcome& outcome) {
  if (outcome.success) return outcome.more ? "pending" : "done";
  return outcome.retry ? "retrying" : "failed";
}

// All below is for guarded frames.

Relation open_table(AclMode right) {
  Oid const oid = get_relname_relid("run_targets", get_namespace_oid("tenancy", false));
  AclResult const result = pg_class_aclcheck(oid, GetUserId(), right);
  if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_TABLE, "run_targets");
  Relation const table = table_open(oid, RowExclusiveLock);
  TupleDesc const shape = RelationGetDescr(table);
  bool ours = shape->natts == kColumns;
  for (int i = 0; ours && i < kColumns; ++i) ours = TupleDescAttr(shape, i)->atttypid == kColumnTypes[i];
  if (!ours) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("table tenancy.run_targets has changed its columns")));
  }
  return table;
}

Datum interval_of(std::chrono::microseconds time) {
  auto* const interval = static_cast<Interval*>(palloc0(sizeof(Interval)));
  interval->time = time.count();
  return IntervalPGetDatum(interval);
}

/// The texts of an array, or of none, and more behind them.
Datum array_of(const Datum* before, const std::vector<std::string>& texts) {
  Datum* elements = nullptr;
  int count = 0;
  if (before != nullptr) {
    deconstruct_array(DatumGetArrayTypeP(*before), TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
  }
  auto* const all = static_cast<Datum*>(palloc((count + texts.size() + 1) * sizeof(Datum)));
  std::copy_n(elements, count, all);
  for (const std::string& text : texts) all[count++] = datum_of(text);
  return PointerGetDatum(construct_array(all, count, TEXTOID, -1, false, TYPALIGN_INT));
}

void fill(TupleTableSlot* slot, std::int64_t run, const RunTargetRow& row) {
  auto const set = [=](Column column, Datum value) {
    slot->tts_values[column - 1] = value;
    slot->tts_isnull[column - 1] = false;
  };
  std::fill_n(slot->tts_isnull, slot->tts_tupleDescriptor->natts, true);
  for (const auto& [column, member] : kFirstTexts) {
    if (const std::string& text = row.*member; !text.empty() || column == kWave) set(column, datum_of(text));
  }
  bool const failed = !row.sqlstate.empty();
  set(kRun, Int64GetDatum(run));
  set(kOrdinal, Int32GetDatum(static_cast<int32>(row.ordinal)));
  set(kVersionsWanted, array_of(nullptr, row.versions_wanted));
  set(kState, datum_of(failed ? "failed" : "pending"));
  set(kAttempts, Int32GetDatum(0));
  set(kWaited, interval_of({}));
  set(kVersions, array_of(nullptr, {}));
  set(kDuration, interval_of({}));
  if (failed) set(kFinishedAt, TimestampTzGetDatum(GetCurrentTimestamp()));
}

/// The row as it is after the outcome.
HeapTuple updated(HeapTuple row, TupleDesc shape, const Outcome& outcome) {
  Datum values[kColumns];
  bool nulls[kColumns];
  heap_deform_tuple(row, shape, values, nulls);
  auto const set = [&](Column column, Datum value) {
    values[column - 1] = value;
    nulls[column - 1] = false;
  };
  auto const set_or_null = [&](Column column, const std::string& text) {
    nulls[column - 1] = text.empty();
    if (!text.empty()) values[column - 1] = datum_of(text);
  };
  bool const ends = outcome.success ? !outcome.more : !outcome.retry;
  set(kState, datum_of(state_of(outcome)));
  set(kAttempts, Int32GetDatum(outcome.attempts));
  set(kWaited, interval_of(outcome.waited));
  if (nulls[kFromRevision - 1]) set_or_null(kFromRevision, outcome.from);
  if (!outcome.to.empty()) set(kToRevision, datum_of(outcome.to));
  if (!outcome.versions.empty()) set(kVersions, array_of(&values[kVersions - 1], outcome.versions));
  set(kDuration, DirectFunctionCall2(interval_pl, values[kDuration - 1], interval_of(outcome.duration)));
  nulls[kFinishedAt - 1] = !ends;
  if (ends) values[kFinishedAt - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
  set_or_null(kSqlstate, outcome.sqlstate);
  set_or_null(kError, outcome.error);
  set_or_null(kDetail, outcome.detail);
  set_or_null(kHint, outcome.hint);
  HeapTuple const result = heap_form_tuple(shape, values, nulls);
  result->t_self = row->t_self;
  return result;
}

void insert_batch(std::int64_t run, std::span<const RunTargetRow> rows) {
  MemoryContext const memory = AllocSetContextCreate(CurrentMemoryContext, "tenancy run", ALLOCSET_DEFAULT_SIZES);
  MemoryContext const outer = MemoryContextSwitchTo(memory);
  PushActiveSnapshot(GetLatestSnapshot());  // for long texts
  Relation const table = open_table(ACL_INSERT);
  auto** const slots = static_cast<TupleTableSlot**>(palloc(rows.size() * sizeof(TupleTableSlot*)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsHeapTuple);
    fill(slots[i], run, rows[i]);
    ExecStoreVirtualTuple(slots[i]);
  }
  CatalogIndexState const indexes = CatalogOpenIndexes(table);
  CatalogTuplesMultiInsertWithInfo(table, slots, static_cast<int>(rows.size()), indexes);
  CatalogCloseIndexes(indexes);
  for (std::size_t i = 0; i < rows.size(); ++i) ExecDropSingleTupleTableSlot(slots[i]);
  table_close(table, NoLock);
  PopActiveSnapshot();
  CommandCounterIncrement();
  MemoryContextSwitchTo(outer);
  MemoryContextDelete(memory);
}

}  // namespace

void RunTargetRow::encode(WireWriter& writer) const {
  writer.number(ordinal);
  for (const auto& [column, member] : kFirstTexts) writer.text(this->*member);
  writer.number(static_cast<std::uint32_t>(versions_wanted.size()));
  for (const std::string& version : versions_wanted) writer.text(version);
}

RunTargetRow RunTargetRow::decode(WireReader& reader) {
  RunTargetRow row;
  row.ordinal = reader.number<std::uint32_t>();
  for (const auto& [column, member] : kFirstTexts) row.*member = reader.text();
  row.versions_wanted.resize(reader.number<std::uint32_t>());
  for (std::string& version : row.versions_wanted) version = reader.text();
  return row;
}

void insert_run_targets(std::int64_t run, std::span<const RunTargetRow> rows) {
  if (!rows.empty()) guarded([=] { insert_batch(run, rows); });
}

void record_outcome(std::int64_t run, std::uint32_t ordinal, const Outcome& outcome) {
  guarded([&] {
    Relation const table = open_table(ACL_UPDATE);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], kRun, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(run));
    ScanKeyInit(&keys[1], kOrdinal, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(static_cast<int32>(ordinal)));
    list_free(RelationGetIndexList(table));  // finds out which is the primary key
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    SysScanDesc const scan =
        systable_beginscan(table, table->rd_pkindex, OidIsValid(table->rd_pkindex), snapshot, 2, keys);
    if (HeapTuple const row = systable_getnext(scan)) {
      HeapTuple const now = updated(row, RelationGetDescr(table), outcome);
      CatalogTupleUpdate(table, &now->t_self, now);
      heap_freetuple(now);
    }
    systable_endscan(scan);
    UnregisterSnapshot(snapshot);
    table_close(table, NoLock);
    CommandCounterIncrement();
  });
}

}  // namespace tenancy
