#include "driver/fleet/run_statements.h"

#include "core/requirements.h"
#include "driver/fleet/place.h"
#include "driver/output/json_text.h"

namespace tenancy::driver {

namespace {

namespace json = boost::json;

/// As tenancy.run_leader() looks for it: "tncr" and the high half of the number, and its low half.
constexpr std::int64_t kRunLockClass = 0x746e6372;

constexpr const char* kInsertRun =
    "INSERT INTO tenancy.runs (operation, revision, filter, policy, settings, targets, unchanged, led_by)"
    " SELECT $1, $2, $3::jsonb, $4::jsonb,"
    "        (SELECT jsonb_object_agg(s, current_setting(s)) FROM unnest("
    "          '{tenancy.shared_schemas,tenancy.tracking_table,tenancy.out_of_order,tenancy.run_as,"
    "            tenancy.lock_timeout,tenancy.statement_timeout,tenancy.max_attempts,tenancy.retry_delay}'::text[])"
    "           AS s), 0, 0, 'driver' RETURNING id";

constexpr const char* kReopenRun =
    "UPDATE tenancy.runs SET state = 'running', reason = NULL, finished_at = NULL, resumed_at = clock_timestamp()"
    " WHERE id = $1::bigint";

constexpr const char* kFindTargets =
    "SELECT p.index, t.ordinal, t.state"
    "  FROM jsonb_to_recordset($2::jsonb) AS p (index integer, server text, database text, schema text,"
    "                                           migration_set text)"
    "  JOIN tenancy.run_targets t ON t.run = $1::bigint AND t.schema = p.schema AND t.migration_set = p.migration_set"
    "   AND t.database IS NOT DISTINCT FROM p.database AND t.server IS NOT DISTINCT FROM p.server";

constexpr const char* kInsertTargets =
    "INSERT INTO tenancy.run_targets (run, ordinal, wave, tenant, server, database, schema, migration_set, kind,"
    "                                 held_at, versions_wanted, state)"
    " SELECT $1::bigint, p.ordinal, p.wave, p.tenant, p.server, p.database, p.schema, p.migration_set, p.kind,"
    "        p.held_at, '{}', 'pending'"
    "  FROM jsonb_to_recordset($2::jsonb) AS p (ordinal integer, wave text, tenant text, server text, database text,"
    "                                           schema text, migration_set text, kind text, held_at text)"
    "    ON CONFLICT (run, ordinal) DO NOTHING";

constexpr const char* kCountTargets =
    "UPDATE tenancy.runs SET targets = greatest(targets, $2::integer), unchanged = $3::integer WHERE id = $1::bigint";

// What ended already has been recorded: the answer was lost.
constexpr const char* kRecordOutcomes =
    "UPDATE tenancy.run_targets AS t"
    "   SET state = o.state, attempts = o.attempts, waited = make_interval(secs => o.waited),"
    "       from_revision = coalesce(t.from_revision, o.from_revision),"
    "       to_revision = coalesce(o.to_revision, t.to_revision), versions = t.versions || o.versions,"
    "       duration = t.duration + make_interval(secs => o.duration),"
    "       finished_at = CASE WHEN o.state IN ('done', 'failed') THEN clock_timestamp() END, sqlstate = o.sqlstate,"
    "       error = o.error, detail = o.detail, hint = o.hint"
    "  FROM jsonb_to_recordset($2::jsonb)"
    "    AS o (ordinal integer, state text, attempts integer, waited float8, from_revision text, to_revision text,"
    "          versions text[], duration float8, sqlstate text, error text, detail text, hint text),"
    "       tenancy.runs r"
    " WHERE t.run = $1::bigint AND t.ordinal = o.ordinal AND r.id = t.run"
    "   AND (t.finished_at IS NULL OR t.finished_at < coalesce(r.resumed_at, r.started_at))";

constexpr const char* kSettleTargets =
    "UPDATE tenancy.run_targets AS t"
    "   SET state = CASE WHEN s.is_there THEN 'done' ELSE 'failed' END, finished_at = clock_timestamp(),"
    "       sqlstate = CASE WHEN NOT s.is_there THEN '42704' END, detail = NULL, hint = NULL,"
    "       error = CASE WHEN NOT s.is_there THEN format('tenant \"%s\" is no longer registered there', t.tenant) END"
    "  FROM (SELECT g.ordinal, g.tenant IS NULL OR EXISTS ("
    "                 SELECT FROM tenancy.tenants n"
    "                  WHERE n.id = g.tenant AND n.schema = g.schema"
    "                    AND g.migration_set = ANY (n.migration_set || n.further_sets)"
    "                    AND n.server IS NOT DISTINCT FROM g.server"
    "                    AND nullif(n.database, CASE WHEN n.server IS NULL THEN current_database() END)"
    "                        IS NOT DISTINCT FROM g.database) AS is_there"
    "          FROM tenancy.run_targets g JOIN tenancy.runs r ON r.id = g.run"
    "         WHERE g.run = $1::bigint"
    "           AND (g.state IN ('pending', 'retrying') OR $2::boolean AND g.state = 'failed' AND"
    "                g.finished_at < r.resumed_at)) AS s"
    " WHERE t.run = $1::bigint AND t.ordinal = s.ordinal";

// A run that went on may have left alone what failed before.
constexpr const char* kFinishRun =
    "UPDATE tenancy.runs"
    "   SET state = CASE WHEN left_behind THEN 'failed' ELSE $2 END,"
    "       reason = CASE WHEN left_behind THEN 'targets failed before, and were not tried again' ELSE $3 END,"
    "       targets = greatest(targets, $4::integer), unchanged = $5::integer, finished_at = clock_timestamp()"
    "  FROM (SELECT $2 = 'done' AND EXISTS (SELECT FROM tenancy.run_targets"
    "                                        WHERE run = $1::bigint AND state = 'failed') AS left_behind) AS targets"
    " WHERE id = $1::bigint"
    " RETURNING state, reason, targets,"
    "           (SELECT count(*) FROM tenancy.run_targets WHERE run = $1::bigint AND state = 'failed')";

std::vector<Statement> begin_with(const RunHeader& header) {
  // A call of the extension loads it, and with it the defaults of its settings.
  std::vector<Statement> statements{{"BEGIN"}, {"SELECT tenancy.tracking_table()"}};
  for (const auto& [name, value] : header.settings) {
    statements.push_back({"SELECT set_config($1, $2, true)", {name, value}});
  }
  return statements;
}

double seconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

void add_report(json::object& row, const ServerReport& report) {
  row["sqlstate"] = json_or_null(report.sqlstate);
  row["error"] = json_or_null(report.message);
  row["detail"] = json_or_null(report.detail);
  row["hint"] = json_or_null(report.hint);
}

}  // namespace

std::vector<Statement> begin_run(const RunHeader& header) {
  std::vector<Statement> statements = begin_with(header);
  const char* const operation = header.direction == core::Direction::up ? "upgrade" : "downgrade";
  statements.push_back({kInsertRun, {operation, header.revision, header.filter, header.policy}});
  return statements;
}

std::vector<Statement> begin_run_again(const RunHeader& header, std::int64_t run) {
  std::vector<Statement> statements = begin_with(header);
  statements.push_back({kReopenRun, {std::to_string(run)}});
  statements.push_back(
      {"SELECT coalesce(max(ordinal), 0) FROM tenancy.run_targets WHERE run = $1::bigint", {std::to_string(run)}});
  return statements;
}

std::vector<Statement> lead_run(std::int64_t run, int server_version) {
  // Through a pooler of transactions no session is ours but for a transaction. This one has no xid, and no snapshot
  // once a SET has taken the place of the SELECT: nobody waits for it, not even CREATE INDEX CONCURRENTLY.
  auto const low = static_cast<std::int32_t>(static_cast<std::uint32_t>(run));
  std::vector<Statement> statements{{"BEGIN"},
                                    {"SELECT pg_try_advisory_xact_lock($1::integer, $2::integer)",
                                     {std::to_string(kRunLockClass + (run >> 32)), std::to_string(low)}}};
  if (server_version >= 170000) statements.push_back({"SET LOCAL transaction_timeout = 0"});
  statements.push_back({"SET LOCAL idle_in_transaction_session_timeout = 0"});
  return statements;
}

Statement read_run(std::int64_t run) {
  return {"SELECT state, tenancy.run_is_alive(id) FROM tenancy.runs WHERE id = $1::bigint", {std::to_string(run)}};
}

Statement find_targets(std::int64_t run, const json::array& targets) {
  return {kFindTargets, {std::to_string(run), json::serialize(targets)}};
}

std::vector<Statement> add_targets(std::int64_t run, const json::array& targets, std::size_t known,
                                   std::size_t unchanged) {
  return {{kInsertTargets, {std::to_string(run), json::serialize(targets)}},
          {kCountTargets, {std::to_string(run), std::to_string(known), std::to_string(unchanged)}}};
}

json::object target_row(const Target& target, std::size_t ordinal) {
  return {{"ordinal", ordinal},
          {"wave", is_shared(target) ? "shared" : "all"},
          {"tenant", json_or_null(target.tenant)},
          {"server", json_or_null(target.server)},
          {"database", json_or_null(target.database)},
          {"schema", json_string(target.schema)},
          {"migration_set", json_string(target.migration_set)},
          {"kind", core::to_string(target.kind)},
          {"held_at", json_or_null(target.pinned_revision.value_or(""))}};
}

Statement record_outcomes(std::int64_t run, const json::array& outcomes) {
  return {kRecordOutcomes, {std::to_string(run), json::serialize(outcomes)}};
}

json::object outcome_row(const Outcome& outcome, std::size_t ordinal) {
  using State = Outcome::State;
  json::array versions;
  for (const StepOutcome& step : outcome.steps) {
    versions.push_back(json_string(core::version_label({}, step.set, step.version)));
  }
  json::object row{{"ordinal", ordinal},
                   {"state", outcome.state == State::done     ? "done"
                             : outcome.state == State::failed ? "failed"
                                                              : "pending"},
                   {"attempts", outcome.attempts},
                   {"waited", seconds(outcome.waited)},
                   {"from_revision", json_or_null(outcome.from_revision)},
                   {"to_revision", json_or_null(outcome.to_revision)},
                   {"versions", std::move(versions)},
                   {"duration", seconds(outcome.duration)}};
  if (outcome.failure) add_report(row, *outcome.failure);
  return row;
}

json::object retry_row(const ServerReport& report, int failed_attempts, std::size_t ordinal) {
  json::object row{{"ordinal", ordinal}, {"state", "retrying"},      {"attempts", failed_attempts},
                   {"waited", 0},        {"from_revision", nullptr}, {"versions", json::array()},
                   {"duration", 0}};
  add_report(row, report);
  return row;
}

Statement settle_targets(std::int64_t run, bool failed_too) {
  return {kSettleTargets, {std::to_string(run), failed_too ? "t" : "f"}};
}

std::string run_state_of(const Summary& summary) {
  switch (summary.end) {
    case Summary::End::done:
    case Summary::End::nothing_to_do:
      return "done";
    case Summary::End::stopped:
      return "stopped";
    case Summary::End::failures:
    case Summary::End::cannot_connect:
      return "failed";
  }
  return "failed";
}

std::optional<RunEnd> read_end(const Result& rows) {
  if (rows.rows() == 0) return std::nullopt;
  return RunEnd{.state = std::string(rows.text(0, 0)),
                .reason = std::string(rows.text(0, 1)),
                .targets = static_cast<std::size_t>(rows.integer(0, 2)),
                .failed = static_cast<std::size_t>(rows.integer(0, 3))};
}

std::vector<Statement> finish_run(std::int64_t run, const std::string& state, const Summary& summary,
                                  std::size_t unchanged) {
  std::optional<std::string> reason;
  if (!summary.reason.empty()) reason = summary.reason;
  return {{kFinishRun,
           {std::to_string(run), state, std::move(reason), std::to_string(summary.targets), std::to_string(unchanged)}},
          {"SELECT tenancy.prune_runs($1::bigint)", {std::to_string(run)}}};
}

}  // namespace tenancy::driver
