#include "extension/run_log.h"

#include "core/text_array.h"
#include "extension/store.h"
#include "extension/wire.h"

namespace tenancy {

namespace {

/// First key of the advisory locks of runs, "tncr", to which the high half of the run's id is added; the second is the
/// low half.
constexpr std::uint32_t kRunLockClass = 0x746e6372;

Query insert_run(
    "INSERT INTO tenancy.runs (id, operation, revision, filter, policy, settings, targets, unchanged, rolls_back)"
    " SELECT $1::pg_catalog.int8, $2, $3, coalesce($4, '{}')::pg_catalog.jsonb,"
    "        coalesce($5, '{}')::pg_catalog.jsonb,"
    "        (SELECT pg_catalog.jsonb_object_agg(s, pg_catalog.current_setting(s)) FROM pg_catalog.unnest("
    "          '{tenancy.shared_schemas,tenancy.tracking_table,tenancy.out_of_order,tenancy.run_as,"
    "            tenancy.lock_timeout,tenancy.statement_timeout,tenancy.max_attempts,tenancy.retry_delay}'"
    "          ::pg_catalog.text[]) AS s),"
    "        $6::pg_catalog.int4, $7::pg_catalog.int4, $8::pg_catalog.int8");

Query reopen_run(
    "UPDATE tenancy.runs SET state = 'running', reason = NULL, finished_at = NULL,"
    "       resumed_at = pg_catalog.clock_timestamp()"
    " WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8");

Query settle_targets(
    "UPDATE tenancy.run_targets AS t"
    "   SET state = CASE WHEN s.sqlstate IS NULL THEN 'done' ELSE 'failed' END,"
    "       from_revision = coalesce(t.from_revision, s.revision),"
    "       to_revision = CASE WHEN s.sqlstate IS NULL THEN s.revision ELSE t.to_revision END,"
    "       finished_at = pg_catalog.clock_timestamp(), sqlstate = s.sqlstate, error = s.error, detail = s.detail,"
    "       hint = s.hint"
    "  FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.int4[]), pg_catalog.unnest($3::pg_catalog.text[]),"
    "                  pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.text[]),"
    "                  pg_catalog.unnest($6::pg_catalog.text[]), pg_catalog.unnest($7::pg_catalog.text[]))"
    "    AS s (ordinal, revision, sqlstate, error, detail, hint)"
    " WHERE t.run OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND t.ordinal OPERATOR(pg_catalog.=) s.ordinal");

// A run that went on may have left alone what failed before; of another one the leader has seen every target.
Query finish_run(
    "UPDATE tenancy.runs"
    "   SET state = CASE WHEN left_behind THEN 'failed' ELSE $2 END,"
    "       reason = CASE WHEN left_behind THEN 'targets failed before, and were not tried again' ELSE $3 END,"
    "       finished_at = pg_catalog.clock_timestamp()"
    "  FROM (SELECT $2 OPERATOR(pg_catalog.=) 'done' AND resumed_at IS NOT NULL AND EXISTS ("
    "                 SELECT FROM tenancy.run_targets WHERE run OPERATOR(pg_catalog.=) $1::pg_catalog.int8"
    "                    AND state OPERATOR(pg_catalog.=) 'failed') AS left_behind"
    "          FROM tenancy.runs WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8) AS targets"
    " WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8");

Query prune_runs("SELECT tenancy.prune_runs($1::pg_catalog.int8)");

Query select_state("SELECT state FROM tenancy.runs WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8");

Query select_rights(
    "SELECT pg_catalog.has_table_privilege('tenancy.runs', right_) AND"
    "       pg_catalog.has_table_privilege('tenancy.run_targets', right_)"
    "  FROM pg_catalog.unnest('{SELECT,INSERT,UPDATE,DELETE}'::pg_catalog.text[]) AS right_");

/// A list of texts as an array literal.
class ArrayLiteral {
 public:
  void add(std::string_view text) {
    begin();
    text_ += core::array_element(text);
  }
  void add_null() {
    begin();
    text_ += "NULL";
  }
  void add_or_null(std::string_view text) { text.empty() ? add_null() : add(text); }
  [[nodiscard]] std::string finish() const { return text_ + '}'; }

 private:
  void begin() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_ = "{";
};

Value value_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

LOCKTAG lock_tag(std::int64_t run) {
  LOCKTAG tag;
  auto const id = static_cast<std::uint64_t>(run);
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, kRunLockClass + static_cast<uint32>(id >> 32), static_cast<uint32>(id), 2);
  return tag;
}

RunTargetRow row_of(const RunTargetRecord& record) {
  const FleetTarget& target = *record.target;
  RunTargetRow row;
  row.ordinal = target.ordinal;
  row.wave = record.wave;
  row.tenant = target.target.tenant;
  row.database = target.target.database;
  row.schema = target.target.schema;
  row.set = target.target.set;
  row.kind = to_string(target.target.kind);
  row.held_at = target.held_at.value_or("");
  row.versions_wanted = target.versions;
  row.from = record.from;
  if (record.failure == nullptr) return row;
  row.sqlstate = record.failure->sqlstate;
  row.error = record.failure->error;
  row.detail = record.failure->detail;
  row.hint = record.failure->hint;
  return row;
}

}  // namespace

RunOpening::RunOpening(const RunRecord& run, std::span<const RunTargetRecord> targets) {
  std::string const id = std::to_string(run.id);
  Value rolls_back;
  if (run.rolls_back) rolls_back = std::to_string(*run.rolls_back);
  run_ = {id,
          run.operation,
          run.revision,
          run.filter,
          run.policy,
          std::to_string(run.targets),
          std::to_string(run.unchanged),
          rolls_back};
  WireWriter writer;
  for (const RunTargetRecord& target : targets) row_of(target).encode(writer);
  targets_ = writer.bytes();
  count_ = static_cast<std::uint32_t>(targets.size());
}

RunOpening RunOpening::again(std::int64_t run, std::span<const RunTargetRecord> settled) {
  RunOpening opening;
  opening.run_ = {std::to_string(run)};
  if (settled.empty()) return opening;
  std::array<ArrayLiteral, 6> columns;
  for (const RunTargetRecord& row : settled) {
    const Outcome none;
    const Outcome& failure = row.failure != nullptr ? *row.failure : none;
    std::size_t column = 0;
    columns[column++].add(std::to_string(row.target->ordinal));
    columns[column++].add_or_null(row.from);
    columns[column++].add_or_null(failure.sqlstate);
    columns[column++].add_or_null(failure.error);
    columns[column++].add_or_null(failure.detail);
    columns[column++].add_or_null(failure.hint);
  }
  opening.settled_ = opening.run_;
  for (const ArrayLiteral& column : columns) opening.settled_.emplace_back(column.finish());
  return opening;
}

void RunOpening::execute() const {
  const auto& r = run_;
  if (r.size() == 1) {
    reopen_run.run({r[0]});
    const auto& s = settled_;
    if (!s.empty()) settle_targets.run({s[0], s[1], s[2], s[3], s[4], s[5], s[6]});
    return;
  }
  insert_run.run({r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]});
  WireReader reader(targets_);
  std::vector<RunTargetRow> rows;
  for (std::uint32_t i = 0; i < count_; ++i) {
    constexpr std::size_t kMostAtOnce = 500;
    rows.push_back(RunTargetRow::decode(reader));
    if (rows.size() < kMostAtOnce && i + 1 < count_) continue;
    insert_run_targets(std::stoll(*r[0]), rows);
    rows.clear();
  }
}

std::string RunOpening::encode() const {
  WireWriter writer;
  auto const write = [&](const std::vector<Value>& values) {
    writer.number(static_cast<std::uint32_t>(values.size()));
    for (const Value& value : values) {
      writer.number(value.has_value());
      if (value) writer.text(*value);
    }
  };
  write(run_);
  write(settled_);
  writer.number(count_);
  writer.text(targets_);
  return writer.bytes();
}

RunOpening RunOpening::decode(std::string_view bytes) {
  RunOpening opening;
  WireReader reader(bytes);
  auto const read = [&](std::vector<Value>& values) {
    values.resize(reader.number<std::uint32_t>());
    for (Value& value : values) {
      if (reader.number<bool>()) value = reader.text();
    }
  };
  read(opening.run_);
  read(opening.settled_);
  opening.count_ = reader.number<std::uint32_t>();
  opening.targets_ = reader.text();
  return opening;
}

void RunClosing::execute() const {
  std::string const id = std::to_string(run);
  finish_run.run_on_latest({id, state, value_or_null(reason)});
  prune_runs.run({id});
}

void require_run_log_rights() {
  guarded([] { PreventCommandIfReadOnly("a fleet operation"); });
  for (const Row& row : select_rights.run()) {
    if (row[0] == "t") continue;
    throw PgError(ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied to record the run",
                  "Fleet operations are recorded in tenancy.runs and tenancy.run_targets.",
                  "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy to the role that migrates.");
  }
}

std::int64_t next_run_id() {
  return guarded([] {
    Oid const sequence = get_relname_relid("runs_id_seq", get_namespace_oid("tenancy", false));
    // As for an identity column, the right to insert is what counts.
    return nextval_internal(sequence, false);
  });
}

std::optional<std::string> recorded_run_state(std::int64_t run) {
  std::vector<Row> const rows = select_state.peek({std::to_string(run)});
  return rows.empty() ? std::nullopt : rows.front()[0];
}

RunLock::RunLock(std::int64_t run) : run_(run) {
  bool const taken = guarded([=] {
    LOCKTAG const tag = lock_tag(run);
    return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
  });
  if (taken) return;
  throw PgError(ERRCODE_OBJECT_IN_USE, "run " + std::to_string(run) + " is going on in another session", {},
                "SELECT tenancy.abort(" + std::to_string(run) + ") stops it.");
}

RunLock::~RunLock() {
  // A session lock: no end of a transaction gives it back. Only a broken server can fail here.
  try {
    guarded([this] {
      LOCKTAG const tag = lock_tag(run_);
      LockRelease(&tag, ExclusiveLock, true);
    });
  } catch (...) {
  }
}

}  // namespace tenancy
