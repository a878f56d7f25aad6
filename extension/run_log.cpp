#include "extension/run_log.h"

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

Query insert_targets(
    "INSERT INTO tenancy.run_targets (run, ordinal, wave, tenant, database, schema, migration_set, kind, held_at,"
    "                                 versions_wanted, state, from_revision, finished_at, sqlstate, error, detail,"
    "                                 hint)"
    " SELECT $1::pg_catalog.int8, ordinal, wave, tenant, database, schema, migration_set, kind, held_at,"
    "        wanted::pg_catalog.text[], CASE WHEN sqlstate IS NULL THEN 'pending' ELSE 'failed' END, from_revision,"
    "        CASE WHEN sqlstate IS NOT NULL THEN pg_catalog.clock_timestamp() END, sqlstate, error, detail, hint"
    "   FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.int4[]), pg_catalog.unnest($3::pg_catalog.text[]),"
    "                   pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.text[]),"
    "                   pg_catalog.unnest($6::pg_catalog.text[]), pg_catalog.unnest($7::pg_catalog.text[]),"
    "                   pg_catalog.unnest($8::pg_catalog.text[]), pg_catalog.unnest($9::pg_catalog.text[]),"
    "                   pg_catalog.unnest($10::pg_catalog.text[]), pg_catalog.unnest($11::pg_catalog.text[]),"
    "                   pg_catalog.unnest($12::pg_catalog.text[]), pg_catalog.unnest($13::pg_catalog.text[]),"
    "                   pg_catalog.unnest($14::pg_catalog.text[]), pg_catalog.unnest($15::pg_catalog.text[]))"
    "     AS t (ordinal, wave, tenant, database, schema, migration_set, kind, held_at, wanted, from_revision,"
    "           sqlstate, error, detail, hint)");

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

Query update_target(
    "UPDATE tenancy.run_targets"
    "   SET state = $3, attempts = $4::pg_catalog.int4, waited = $5::pg_catalog.interval,"
    "       from_revision = coalesce(from_revision, $6), to_revision = coalesce($7, to_revision),"
    "       versions = versions OPERATOR(pg_catalog.||) $8::pg_catalog.text[],"
    "       duration = duration OPERATOR(pg_catalog.+) $9::pg_catalog.interval,"
    "       finished_at = CASE WHEN $3 OPERATOR(pg_catalog.=) ANY ('{done,failed}'::pg_catalog.text[])"
    "                          THEN pg_catalog.clock_timestamp() END,"
    "       sqlstate = $10, error = $11, detail = $12, hint = $13"
    " WHERE run OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND ordinal OPERATOR(pg_catalog.=) $2::pg_catalog.int4");

// A run that went on may have left alone what failed before.
Query finish_run(
    "UPDATE tenancy.runs"
    "   SET state = CASE WHEN left_behind THEN 'failed' ELSE $2 END,"
    "       reason = CASE WHEN left_behind THEN 'targets failed before, and were not tried again' ELSE $3 END,"
    "       finished_at = pg_catalog.clock_timestamp()"
    "  FROM (SELECT $2 OPERATOR(pg_catalog.=) 'done' AND EXISTS ("
    "                 SELECT FROM tenancy.run_targets WHERE run OPERATOR(pg_catalog.=) $1::pg_catalog.int8"
    "                    AND state OPERATOR(pg_catalog.=) 'failed') AS left_behind) AS targets"
    " WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8");

// Not what another session prunes at this moment.
Query prune_runs(
    "WITH old AS ("
    "  SELECT id FROM tenancy.runs"
    "   WHERE started_at OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-)"
    "         pg_catalog.current_setting('tenancy.run_retention')::pg_catalog.interval)"
    "     AND finished_at IS NOT NULL AND id OPERATOR(pg_catalog.<>) $1::pg_catalog.int8"
    "   ORDER BY id FOR UPDATE SKIP LOCKED), "
    "targets AS (DELETE FROM tenancy.run_targets AS t USING old WHERE t.run OPERATOR(pg_catalog.=) old.id)"
    " DELETE FROM tenancy.runs AS r USING old WHERE r.id OPERATOR(pg_catalog.=) old.id");

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
    text_ += quoted_element(text);
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

std::string array_of(std::span<const std::string> texts) {
  ArrayLiteral array;
  for (const std::string& text : texts) array.add(text);
  return array.finish();
}

std::string interval_of(std::chrono::microseconds time) { return std::to_string(time.count()) + " microseconds"; }

Value value_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

const char* state_of(const Outcome& outcome) {
  if (outcome.success) return outcome.more ? "pending" : "done";
  return outcome.retry ? "retrying" : "failed";
}

LOCKTAG lock_tag(std::int64_t run) {
  LOCKTAG tag;
  auto const id = static_cast<std::uint64_t>(run);
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, kRunLockClass + static_cast<uint32>(id >> 32), static_cast<uint32>(id), 2);
  return tag;
}

/// Parameters of insert_targets.
std::vector<Value> insertion_of(const std::string& run, std::span<const RunTargetRecord> targets) {
  std::array<ArrayLiteral, 14> columns;
  for (const RunTargetRecord& row : targets) {
    const FleetTarget& target = *row.target;
    std::string const ordinal = std::to_string(target.ordinal);
    const Outcome none;
    const Outcome& failure = row.failure != nullptr ? *row.failure : none;
    std::size_t column = 0;
    columns[column++].add(ordinal);
    columns[column++].add(row.wave);
    columns[column++].add_or_null(target.target.tenant);
    columns[column++].add_or_null(target.target.database);
    columns[column++].add(target.target.schema);
    columns[column++].add(target.target.set);
    columns[column++].add(to_string(target.target.kind));
    columns[column++].add_or_null(target.held_at.value_or(""));
    columns[column++].add(array_of(target.versions));
    columns[column++].add_or_null(row.from);
    columns[column++].add_or_null(failure.sqlstate);
    columns[column++].add_or_null(failure.error);
    columns[column++].add_or_null(failure.detail);
    columns[column++].add_or_null(failure.hint);
  }
  std::vector<Value> parameters{run};
  for (const ArrayLiteral& column : columns) parameters.emplace_back(column.finish());
  return parameters;
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
  constexpr std::size_t kMostInStatement = 5000;
  for (std::size_t i = 0; i == 0 || i < targets.size(); i += kMostInStatement) {
    targets_.push_back(insertion_of(id, targets.subspan(i, std::min(kMostInStatement, targets.size() - i))));
  }
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
  std::vector<Value>& settling = opening.targets_.emplace_back();
  settling.push_back(opening.run_.front());
  for (const ArrayLiteral& column : columns) settling.push_back(column.finish());
  return opening;
}

void RunOpening::execute() const {
  const auto& r = run_;
  bool const goes_on = r.size() == 1;
  if (goes_on) {
    reopen_run.run({r[0]});
  } else {
    insert_run.run({r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]});
  }
  for (const std::vector<Value>& t : targets_) {
    if (goes_on) {
      settle_targets.run({t[0], t[1], t[2], t[3], t[4], t[5], t[6]});
    } else {
      insert_targets.run(
          {t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], t[12], t[13], t[14]});
    }
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
  writer.number(static_cast<std::uint32_t>(targets_.size()));
  for (const std::vector<Value>& values : targets_) write(values);
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
  opening.targets_.resize(reader.number<std::uint32_t>());
  for (std::vector<Value>& values : opening.targets_) read(values);
  return opening;
}

void RunClosing::execute() const {
  std::string const id = std::to_string(run);
  finish_run.run_on_latest({id, state, value_or_null(reason)});
  if (current_settings().keeps_all_runs) return;
  prune_runs.run({id});
}

std::string quoted_element(std::string_view text) {
  std::string quoted = "\"";
  for (char const c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
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

void record_outcome(std::int64_t run, std::uint32_t ordinal, const Outcome& outcome) {
  // Workers may have written the row behind the snapshot of this transaction.
  update_target.run_on_latest(
      {std::to_string(run), std::to_string(ordinal), state_of(outcome), std::to_string(outcome.attempts),
       interval_of(outcome.waited), value_or_null(outcome.from), value_or_null(outcome.to), array_of(outcome.versions),
       interval_of(outcome.duration), value_or_null(outcome.sqlstate), value_or_null(outcome.error),
       value_or_null(outcome.detail), value_or_null(outcome.hint)});
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
