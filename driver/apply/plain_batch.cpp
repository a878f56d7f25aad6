#include "driver/apply/plain_batch.h"

#include <algorithm>

#include "core/tool_sql.h"
#include "driver/apply/failure.h"

namespace tenancy::driver {

using Purpose = PlainBatch::Purpose;

void PlainBatch::add(Origin origin, core::TargetStatement statement) {
  statements_.push_back({std::move(statement.sql), std::move(statement.parameters), keeps_ && statement.is_kept});
  origins_.push_back(origin);
}

void PlainBatch::add(Purpose purpose, std::vector<core::TargetStatement> statements) {
  for (core::TargetStatement& statement : statements) add(purpose, std::move(statement));
}

const Result* PlainBatch::find(const BatchResult& reply, Purpose purpose, std::size_t step) const {
  for (std::size_t i = 0; i < reply.results.size(); ++i) {
    if (origins_[i].purpose == purpose && origins_[i].step == step) return &reply.results[i];
  }
  return nullptr;
}

namespace {

void add_facts(PlainBatch& batch, const core::TargetPlace& place, std::chrono::milliseconds lock_timeout) {
  batch.keep_statements(true);
  batch.add(Purpose::transaction, core::begin_statement());
  batch.add(Purpose::settings, core::own_settings(lock_timeout));
  batch.add(Purpose::facts, core::read_facts(place));
  batch.add(Purpose::role, core::take_role(place));
}

void add_rows(PlainBatch& batch, const core::TargetPlace& place, std::span<const std::string> other_sets) {
  batch.add(Purpose::lock_tracking, core::lock_tracking(place, false));
  batch.add(Purpose::check_tracking, core::check_tracking(place));
  batch.add(Purpose::applied, core::read_applied(place));
  for (std::size_t i = 0; i < other_sets.size(); ++i) {
    batch.begin_step(i);
    batch.add(Purpose::applied_of_other, core::read_applied(with_set(place, other_sets[i])));
  }
  batch.add(Purpose::transaction, core::TargetStatement{"COMMIT"});
}

}  // namespace

bool PlainFacts::is_in_doubt() const {
  const auto any = [](const std::vector<core::AppliedMigration>& rows) {
    return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.in_doubt; });
  };
  return any(applied) || std::any_of(applied_of_others.begin(), applied_of_others.end(),
                                     [&](const auto& other) { return any(other.second); });
}

core::TargetPlace with_set(const core::TargetPlace& place, const std::string& set) {
  core::TargetPlace result = place;
  result.migration_set = set;
  return result;
}

void add_look(PlainBatch& batch, const core::TargetPlace& place, std::span<const std::string> other_sets,
              std::chrono::milliseconds lock_timeout) {
  add_facts(batch, place, lock_timeout);
  add_rows(batch, place, other_sets);
}

void add_look_at_end(PlainBatch& batch, const core::TargetPlace& place, std::span<const std::string> other_sets,
                     std::chrono::milliseconds lock_timeout) {
  add_facts(batch, place, lock_timeout);
  batch.add(Purpose::lock_target, core::lock_target_by_name(place));
  add_rows(batch, place, other_sets);
}

std::vector<core::AppliedMigration> read_rows(const Result& rows) {
  std::vector<core::AppliedMigration> applied;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    applied.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1)), rows.text(row, 2) == "t",
                       rows.integer(row, 3)});
  }
  return applied;
}

std::vector<core::ToolRow> read_tool_rows(const core::HistoryTool& tool, const Result& rows) {
  if (rows.rows() > core::kMostToolRows) {
    throw ServerError(ServerError::Kind::refused, make_report("54000",
                                                              "table \"" + tool.table + "\" has more than " +
                                                                  std::to_string(core::kMostToolRows) + " rows",
                                                              "No tool writes so many; see what they are."));
  }
  std::vector<core::ToolRow> read(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    read[row] = {.version = rows.value(row, core::kToolVersion),
                 .state = rows.value(row, core::kToolState),
                 .kind = rows.value(row, core::kToolKind),
                 .undone = rows.value(row, core::kToolUndone),
                 .group = rows.value(row, core::kToolGroup),
                 .order = static_cast<std::int64_t>(row),
                 .applied_at = rows.integer(row, core::kToolAppliedAt)};
  }
  return read;
}

namespace {

/// Our own rights and names again, whatever a migration has set.
void add_own_session(PlainBatch& batch, const PlainPart& part) {
  batch.add(Purpose::settings, core::own_settings(part.limits.lock_timeout));
  if (part.facts.role) batch.add(Purpose::role, core::take_named_role(*part.facts.role));
}

}  // namespace

void add_entry(PlainBatch& batch, const PlainPart& part) {
  batch.add(Purpose::transaction, core::begin_statement());
  batch.add(Purpose::settings, core::own_settings(part.limits.lock_timeout));
  batch.add(Purpose::lock_target, core::lock_target(part.facts.schema));
  batch.add(Purpose::check_target, core::check_schema(part.place, part.facts.schema));
  if (part.needs_empty_schema) batch.add(Purpose::check_target, core::check_empty(part.place, part.facts.schema));
  if (part.facts.role) batch.add(Purpose::role, core::take_named_role(*part.facts.role));
  if (part.facts.is_tracked) {
    batch.add(Purpose::lock_tracking, core::lock_tracking(part.place, true));
    batch.add(Purpose::check_tracking, core::check_tracking(part.place));
    batch.add(Purpose::check_target, core::check_applied(part.place, part.facts.applied));
    for (const auto& [set, rows] : part.facts.applied_of_others) {
      batch.add(Purpose::check_target, core::check_applied(with_set(part.place, set), rows));
    }
  } else {
    batch.add(Purpose::create_tracking, core::create_tracking(part.place));
  }
}

std::optional<core::ToolSync> tool_sync_of(const PlainPart& part, const core::MigrationSet& set) {
  const std::optional<core::SyncedTool> synced = part.store.synced_tool(set.name());
  if (!synced) return std::nullopt;
  return core::ToolSync(*synced, set, part.place.schema, part.facts.rows_of(set.name(), part.place.migration_set));
}

void add_tool_check(PlainBatch& batch, const PlainPart& part, const core::MigrationSet& set,
                    const core::ToolSync& sync) {
  const auto file_of = [&](std::size_t index) { return core::tool_file(part.store.migration(set.name(), index)); };
  std::vector<core::Step> steps;
  for (const core::Step& step : part.steps) {
    if (step.set == &set) steps.push_back(step);
  }
  batch.add(Purpose::tool_sync, sync.check(steps, file_of));
}

void add_tool_record(PlainBatch& batch, const PlainPart& part, core::ToolSync& sync, const core::Step& step) {
  const core::Migration& migration = part.store.migration(step.set->name(), step.migration);
  batch.add(Purpose::tool_sync, sync.record(step.migration, step.direction, core::tool_file(migration)));
}

namespace {

/// One set, while its steps are added.
struct SetPart {
  core::TargetPlace place;
  std::size_t rows;  ///< in the tracking table
  std::optional<core::ToolSync> sync{};
};

/// As the statement stands, or fit for a transaction; nothing for maintenance that a new table does not need.
std::optional<std::string> text_of(const Script::Statement& statement, bool transactional) {
  if (transactional) return std::string(statement.source.text);
  return statement.kind.transactional_text();
}

void add_script(PlainBatch& batch, const PlainPart& part, const Script& script, bool transactional, bool confined) {
  const std::vector<Script::Statement>& statements = script.statements();
  for (std::size_t i = 0; i < statements.size(); ++i) {
    batch.begin_statement(i);
    if (std::optional<std::string> text = text_of(statements[i], transactional)) {
      batch.add(Purpose::statement, core::TargetStatement{*std::move(text)});
    }
    if (confined && part.checks_each_statement) {
      batch.add(Purpose::check_statement, core::leave_path());
      batch.add(Purpose::check_statement, core::check_escapes(part.place, part.facts.schema));
      batch.add(Purpose::check_statement, core::return_to_path());
    }
  }
}

/// Where functions may have been called, or the role set, anything may be left.
bool may_leave_a_role(const Script& script) {
  return script.writes_data() || std::any_of(script.statements().begin(), script.statements().end(),
                                             [](const auto& one) { return one.kind.is_role_setting(); });
}

void add_record(PlainBatch& batch, SetPart& set, const core::Step& step) {
  const core::StoredMigration& stored = step.stored();
  const bool up = step.direction == core::Direction::up;
  if (!up) {
    batch.add(Purpose::record, core::delete_row(set.place, stored.version));
    --set.rows;
    return;
  }
  if (step.again) batch.add(Purpose::check_migration, core::delete_row(set.place, stored.version));
  batch.add(Purpose::record, core::insert_row(set.place, stored));
  if (!step.again) ++set.rows;
}

void add_step(PlainBatch& batch, const PlainPart& part, SetPart& set, const core::Step& step) {
  const core::Migration& migration = part.store.migration(step.set->name(), step.migration);
  const Script& script = part.scripts.script(step);
  const bool confined = part.kind == core::TargetKind::tenant && !migration.allow_outside;
  const core::MigrationSettings limits{migration.lock_timeout.value_or(part.limits.lock_timeout),
                                       migration.statement_timeout.value_or(part.limits.statement_timeout)};
  batch.add(Purpose::prepare, core::migration_settings(part.place, limits, true));
  // Nothing may be left to fire later, with the rights of whoever commits.
  if (part.facts.role) batch.add(Purpose::prepare, core::TargetStatement{"SET CONSTRAINTS ALL IMMEDIATE"});
  add_script(batch, part, script, migration.transactional, confined);
  if (part.facts.role || script.writes_data()) {
    // Their errors are this migration's own, and the next one can alter the same tables.
    batch.add(Purpose::constraints, core::TargetStatement{"SET CONSTRAINTS ALL IMMEDIATE"});
    batch.add(Purpose::constraints, core::TargetStatement{"SET CONSTRAINTS ALL DEFERRED"});
  }
  if (may_leave_a_role(script)) {
    batch.add(Purpose::reset, core::TargetStatement{"RESET SESSION AUTHORIZATION"});
    batch.add(Purpose::reset, core::TargetStatement{"RESET ROLE"});
  }
  add_own_session(batch, part);
  batch.add(Purpose::check_migration, core::check_migration(part.place, part.facts.schema));
  if (confined && !part.checks_each_statement) {
    batch.add(Purpose::check_migration, core::check_escapes(part.place, part.facts.schema));
  }
  if (script.writes_data()) batch.add(Purpose::check_migration, core::check_rows(set.place, set.rows));
  add_record(batch, set, step);
}

/// What definitions call of a tenant's has the same rights as the caller then, and nothing to win by it.
bool may_keep_statements(const PlainPart& part) {
  if (!part.keeps_statements || part.facts.role) return false;
  return std::none_of(part.steps.begin(), part.steps.end(), [&](const core::Step& step) {
    const Script& script = part.scripts.script(step);
    return std::any_of(script.statements().begin(), script.statements().end(),
                       [](const Script::Statement& one) { return !one.kind.is_definition(); });
  });
}

}  // namespace

void add_part(PlainBatch& batch, const PlainPart& part) {
  const bool keeps = may_keep_statements(part);
  batch.keep_statements(keeps);
  add_entry(batch, part);
  std::map<const core::MigrationSet*, SetPart> sets;
  for (std::size_t i = 0; i < part.steps.size(); ++i) {
    const core::MigrationSet& set = *part.steps[i].set;
    if (sets.contains(&set)) continue;
    SetPart added{with_set(part.place, set.name()), part.facts.rows_of(set.name(), part.place.migration_set).size(),
                  tool_sync_of(part, set)};
    batch.begin_step(i);
    if (added.sync) add_tool_check(batch, part, set, *added.sync);
    sets.emplace(&set, std::move(added));
  }
  for (std::size_t i = 0; i < part.steps.size(); ++i) {
    const core::Step& step = part.steps[i];
    SetPart& set = sets.at(step.set);
    batch.begin_step(i);
    add_step(batch, part, set, step);
    if (set.sync) add_tool_record(batch, part, *set.sync, step);
    batch.add(Purpose::reset, core::reset_migration());
    if (i + 1 < part.steps.size()) add_own_session(batch, part);
  }
  batch.add(Purpose::reset, core::reset_session());
  if (!keeps) batch.add(Purpose::reset, core::reset_plans());
  if (!part.waits_at_commit) batch.add(Purpose::wait, core::do_not_wait_at_commit());
  batch.add(Purpose::commit, core::TargetStatement{"COMMIT"});
}

void add_rollback(PlainBatch& batch) { batch.add(Purpose::transaction, core::TargetStatement{"ROLLBACK"}); }

boost::asio::awaitable<void> roll_back(Connection& connection, Deadline deadline) {
  PlainBatch clear;
  add_rollback(clear);
  (void)co_await connection.batch(clear.statements(), deadline);
}

void add_session_reset(PlainBatch& batch) {
  batch.add(Purpose::reset, core::TargetStatement{"DEALLOCATE ALL"});
  batch.add(Purpose::reset, core::TargetStatement{"SELECT pg_catalog.pg_advisory_unlock_all()"});
}

}  // namespace tenancy::driver
