#include "driver/apply/called_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/text_array.h"
#include "core/tracking_sql.h"
#include "driver/apply/failure.h"
#include "driver/fleet/extension_settings.h"

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;
using Kind = core::Revision::Kind;

constexpr std::string_view kAppliedVersions =
    "SELECT h.version FROM tenancy.history($1) AS h"
    "  JOIN tenancy.migrations AS m ON m.migration_set = h.migration_set AND m.version = h.version"
    " WHERE h.migration_set = $2 AND h.state = 'applied' AND NOT m.repeatable";
constexpr std::string_view kNewestFirst = " ORDER BY tenancy.version_key(h.version) COLLATE \"C\" DESC LIMIT 1";

std::string milliseconds(std::chrono::milliseconds time) { return std::to_string(time.count()); }

/// For the one transaction that the batch is.
Statement settings_of(const Request& request) {
  Statement statement{"SELECT set_config('client_min_messages', 'warning', true)"};
  auto const set = [&](const std::string& name, const std::string& value) {
    statement.parameters.emplace_back(value);
    statement.sql += ", set_config('" + name + "', $" + std::to_string(statement.parameters.size()) + ", true)";
  };
  for (const auto& [name, value] : extension_settings(request)) set(name, value);
  set("lock_timeout", milliseconds(request.lock_timeout));
  return statement;
}

/// The last column but one says what the commit would have waited for.
Statement without_waiting(Statement settings) {
  settings.sql += ", current_setting('synchronous_commit'), set_config('synchronous_commit', 'off', true)";
  return settings;
}

/// A row of the newest version; of a set with a graph, whose order the server does not know, a row of each.
Statement newest_of(const Target& target, const core::MigrationSet& set) {
  std::string sql(kAppliedVersions);
  if (!set.has_graph()) sql += kNewestFirst;
  return {std::move(sql), {target.schema, target.migration_set}};
}

std::string revision_in(const Result& rows, const core::MigrationSet& set) {
  std::optional<std::size_t> newest;
  for (std::size_t row = 0; row < rows.rows(); ++row) newest = std::max(newest, set.find(rows.text(row, 0)));
  if (newest) return set[*newest].version;
  return rows.rows() == 0 ? "base" : std::string(rows.text(0, 0));
}

std::string text_of(const std::optional<std::chrono::milliseconds>& time) {
  return time ? milliseconds(*time) : std::string();
}

std::string listing(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ",")); }

/// Everything of a migration but its SQL up, whose checksum stands for it.
std::vector<std::string> traits_of(const core::Migration& one) {
  const auto word = [](bool value) { return std::string(value ? "t" : "f"); };
  return {sha256(one.up.sql),
          one.description,
          std::string(to_string(one.scope)),
          word(one.transactional),
          word(one.repeatable),
          word(one.allow_outside),
          std::string(to_string(one.variables)),
          text_of(one.lock_timeout),
          text_of(one.statement_timeout),
          one.down ? "+" + one.down->sql : "-",
          one.filename,
          one.after ? "+" + listing(*one.after) : "-",
          listing(one.branches),
          listing(one.required),
          one.tool_checksum};
}

Statement add_migration(const core::Migration& one) {
  const auto word = [](bool value) { return std::string(value ? "t" : "f"); };
  const auto time = [](const auto& value) {
    return value ? Parameters::value_type(milliseconds(*value)) : std::nullopt;
  };
  return {
      "SELECT tenancy.add_migration($1, $2, $3, $4, $5, $6, $7::bool, $8::bool, $9::bool, $10, $11,"
      "                             variables => $12, filename => $13, after => $14::text[],"
      "                             branches => $15::text[], requires => $16::text[], tool_checksum => nullif($17, "
      "''))",
      {one.version, one.up.sql, one.down ? Parameters::value_type(one.down->sql) : std::nullopt, one.description,
       std::string(to_string(one.scope)), one.set, word(one.transactional), word(one.repeatable),
       word(one.allow_outside), time(one.lock_timeout), time(one.statement_timeout),
       std::string(to_string(one.variables)),
       one.filename.empty() ? std::nullopt : Parameters::value_type(one.filename),
       one.after ? Parameters::value_type(core::text_array(*one.after)) : std::nullopt, core::text_array(one.branches),
       core::text_array(one.required), one.tool_checksum}};
}

}  // namespace

CalledRunner::CalledRunner(const MigrationStore& store, Request request)
    : store_(store),
      request_(std::move(request)),
      settings_(settings_of(request_)),
      unwaited_settings_(without_waiting(settings_)),
      plain_(store, request_) {}

bool CalledRunner::has_outside_migrations(const Target& target) const {
  for (const std::string& name : store_.with_required(target.migration_set)) {
    const core::MigrationSet& set = store_.set(name);
    for (std::size_t index = 0; index < set.size(); ++index) {
      if (!set[index].transactional) return true;
    }
  }
  return false;
}

Statement CalledRunner::migrate_call(const Target& target, const std::string& revision) const {
  const std::string direction = request_.direction == core::Direction::up ? "upgrade" : "downgrade";
  Statement call{
      "SELECT from_revision, to_revision, version, description, microseconds, migration_set, skipped FROM tenancy." +
          direction + "_target($1, $2, $3, $4, $5)",
      {target.schema, revision, target.migration_set, std::string(to_string(request_.run_as)), std::nullopt}};
  // Its tenants are not registered there.
  if (!target.database.empty()) call.parameters.back() = core::to_string(target.kind);
  return call;
}

asio::awaitable<std::optional<Statement>> CalledRunner::update_sync(Connection& connection, const std::string& set,
                                                                    Deadline deadline) {
  const Result rows = co_await connection.query(
      "SELECT tool, table_name, app, table_schema FROM tenancy.synced_tools WHERE migration_set = $1", parameters(set),
      deadline);
  std::optional<core::SyncedTool> there;
  if (rows.rows() > 0) {
    there.emplace();
    there->tool = rows.text(0, 0);
    there->table = rows.text(0, 1);
    there->group = rows.text(0, 2);
    there->schema = rows.text(0, 3);
  }
  const std::optional<core::SyncedTool> here = store_.synced_tool(set);
  std::optional<Statement> statement;
  if (here && here != there) {
    statement.emplace("SELECT tenancy.sync($1, $2, $3, nullif($4, ''), nullif($5, ''))",
                      parameters(here->tool, set, here->table, here->group, here->schema));
  } else if (!here && there) {
    statement.emplace("SELECT tenancy.stop_sync($1)", parameters(set));
  }
  co_return statement;
}

/// What requires goes before what is required: something else may no longer be.
asio::awaitable<void> CalledRunner::update_store(Connection& connection, const Target& target, Deadline deadline) {
  if (target.database.empty()) co_return;
  std::vector<std::string> sets = store_.sets_requiring(target.migration_set);
  const std::vector<std::string> required = store_.with_required(target.migration_set);
  sets.insert(sets.end(), required.begin(), required.end());
  for (const std::string& set : sets) {
    const StorePlace place{target.server, target.database, set};
    if (updated_.contains(place)) continue;
    co_await update_set(connection, set, deadline);
    updated_.insert(place);
  }
}

asio::awaitable<void> CalledRunner::update_set(Connection& connection, const std::string& name, Deadline deadline) {
  const Result rows = co_await connection.query(
      "SELECT version, checksum, description, scope, transactional, repeatable, allow_outside, variables,"
      "       lock_timeout_ms, statement_timeout_ms, coalesce('+' || down_sql, '-'), coalesce(filename, ''),"
      "       coalesce('+' || array_to_string(after, ','), '-'), array_to_string(branches, ','), "
      "array_to_string(requires, ',')"
      "  FROM tenancy.migrations WHERE migration_set = $1",
      parameters(name), deadline);
  std::map<std::string, std::vector<std::string>, std::less<>> stored;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::vector<std::string>& traits = stored[std::string(rows.text(row, 0))];
    for (std::size_t column = 1; column < rows.columns(); ++column) traits.emplace_back(rows.text(row, column));
  }
  std::vector<Statement> statements;
  const core::MigrationSet& set = store_.set(name);
  // What ours no longer has must not be applied there.
  for (const auto& [version, traits] : stored) {
    if (set.find(version)) continue;
    statements.push_back({"SELECT tenancy.drop_migration($1, $2)", {version, name}});
  }
  for (std::size_t index = 0; index < set.size(); ++index) {
    const core::Migration& migration = store_.migration(name, index);
    if (stored[migration.version] != traits_of(migration)) statements.push_back(add_migration(migration));
  }
  std::optional<Statement> sync = co_await update_sync(connection, name, deadline);
  if (sync) statements.push_back(*std::move(sync));
  if (!statements.empty()) {
    const BatchResult reply = co_await connection.batch(statements, deadline);
    if (reply.failure) throw ServerError(ServerError::Kind::refused, *reply.failure);
  }
}

asio::awaitable<std::optional<std::string>> CalledRunner::revision_for(Connection& connection, const Target& target,
                                                                       Outcome& outcome, Deadline deadline) {
  if (request_.revision.is_relative()) {
    const Outcome plan = co_await plain_.plan(connection, target, deadline);
    if (plan.failure) throw ServerError(ServerError::Kind::refused, *plan.failure);
    co_return plan.to_revision;
  }
  if (!target.pinned_revision || request_.direction == core::Direction::down) co_return request_.revision_text;
  const core::MigrationSet& set = store_.set(target.migration_set);
  const core::Revision pin = core::parse_revision(*target.pinned_revision);
  const core::Revision held = core::held_back(set, request_.revision, pin);
  std::vector<Statement> statements;
  statements.push_back(settings_);
  statements.push_back(newest_of(target, set));
  const BatchResult reply = co_await connection.batch(statements, deadline);
  if (reply.failure) throw ServerError(ServerError::Kind::refused, *reply.failure);
  outcome.from_revision = outcome.to_revision = revision_in(reply.results[1], set);
  if (held.kind == Kind::base) co_return std::nullopt;
  const std::optional<std::size_t> newest = set.find(outcome.from_revision);
  if (newest && !set.up_to(core::resolve_version(set, pin.version))[*newest]) co_return std::nullopt;
  co_return core::to_text(held);
}

/// A database of its own knows neither the tenant nor what is stored here.
std::optional<Statement> CalledRunner::variables_for(const Target& target) const {
  const std::vector<std::string> sets = store_.with_required(target.migration_set);
  const bool any =
      std::any_of(sets.begin(), sets.end(), [&](const auto& set) { return store_.set(set).has_variables(); });
  if (target.database.empty() || !any) return std::nullopt;
  core::VariableMap variables;
  for (const std::string& set : sets) {
    core::VariableMap of_set = core::values_for_set(target.variables, set);
    for (auto& [name, value] : core::values_for_set(request_.variables, set)) of_set.insert_or_assign(name, value);
    const std::string prefix = sets.size() == 1 ? "" : set + "@";
    for (const auto& [name, value] : of_set) variables.insert_or_assign(prefix + name, value);
  }
  if (!target.tenant.empty()) variables.insert_or_assign("tenant", target.tenant);
  return Statement{"SELECT set_config($1, $2, true)", {kVariablesSetting, variables_setting(variables)}};
}

void CalledRunner::take(const Result& steps, Outcome& outcome) const {
  outcome.from_revision = steps.text(0, 0);
  outcome.to_revision = steps.text(0, 1);
  outcome.skipped = core::parse_text_array(steps.text(0, 6));
  for (std::size_t row = 0; row < steps.rows(); ++row) {
    if (steps.is_null(row, 2)) continue;  // there was nothing to do
    outcome.steps.push_back(
        {std::string(steps.text(row, 2)), std::string(steps.text(row, 3)), request_.direction,
         std::chrono::microseconds(steps.integer(row, 4)),
         steps.text(row, 5) == outcome.target.migration_set ? std::string() : std::string(steps.text(row, 5))});
  }
}

asio::awaitable<void> CalledRunner::call(Connection& connection, Outcome& outcome, Deadline deadline, Commit commit) {
  const Target& target = outcome.target;
  co_await update_store(connection, target, deadline);
  const std::optional<std::string> revision = co_await revision_for(connection, target, outcome, deadline);
  if (!revision) co_return;
  in_doubt_.insert_or_assign(place_of(target), *revision);
  const bool waits = commit == Commit::waits;
  std::vector<Statement> statements;
  statements.push_back(waits ? settings_ : unwaited_settings_);
  if (auto variables = variables_for(target)) statements.push_back(*std::move(variables));
  statements.push_back(migrate_call(target, *revision));
  const BatchResult reply = co_await connection.batch(statements, deadline);
  in_doubt_.erase(place_of(target));
  if (reply.failure) throw ServerError(ServerError::Kind::refused, *reply.failure);
  take(reply.results.back(), outcome);
  if (waits) co_return;
  const Result& settings = reply.results.front();
  outcome.owed = owed_by(settings.text(0, settings.columns() - 2));
}

asio::awaitable<Outcome> CalledRunner::run(Connection& connection, const Target& target, Deadline deadline,
                                           Commit commit) {
  // In a graph no version says where a relative revision leads.
  const bool is_in_graph = store_.set(target.migration_set).has_graph();
  // A database of its own does not know the pins of other sets.
  const bool has_pins =
      !target.database.empty() && !target.other_pins.empty() && store_.with_required(target.migration_set).size() > 1;
  if (has_pins || (is_in_graph && request_.revision.is_relative())) {
    co_return co_await plain_.run(connection, target, deadline, commit);
  }
  if (has_outside_migrations(target)) {
    const Outcome plan = co_await plain_.plan(connection, target, deadline);
    const bool goes_outside = std::any_of(plan.steps.begin(), plan.steps.end(), [&](const StepOutcome& step) {
      const core::MigrationSet& set = store_.set(step.set.empty() ? target.migration_set : step.set);
      return !set[set.find(step.version).value()].transactional;
    });
    if (goes_outside) co_return co_await plain_.run(connection, target, deadline, commit);
  }
  Outcome outcome{target};
  if (request_.direction == core::Direction::up) outcome.held_at = target.pinned_revision;
  const Clock::time_point begin = Clock::now();
  try {
    co_await call(connection, outcome, deadline, commit);
  } catch (const ServerError& error) {
    if (!error.session_goes_on()) throw;
    in_doubt_.erase(place_of(target));
    outcome.failure = relabelled(error.report(), target);
    const bool was_cancelled = error.kind() == ServerError::Kind::refused && error.sqlstate() == "57014" &&
                               error.report().message.find("statement timeout of") == std::string::npos;
    outcome.state = was_cancelled ? Outcome::State::cancelled : Outcome::State::failed;
  } catch (const core::Error& error) {
    outcome.failure = relabelled(to_report(error), target);
    outcome.state = Outcome::State::failed;
  }
  // A value that a step adds to an enum type has to be committed before the next one uses it.
  const bool needs_commits = outcome.failure && outcome.failure->sqlstate == "55P04";
  if (needs_commits) co_return co_await plain_.run(connection, target, deadline, commit);
  outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  co_return outcome;
}

asio::awaitable<std::optional<Outcome>> CalledRunner::look_up(Connection& connection, const Target& target,
                                                              Deadline deadline) {
  const auto found = in_doubt_.find(place_of(target));
  if (found == in_doubt_.end()) co_return co_await plain_.look_up(connection, target, deadline);
  Request request = request_;
  request.revision = core::parse_revision(found->second);
  PlainRunner plain(store_, std::move(request));
  co_await plain.wait_for_others(connection, target, deadline);
  Target unpinned = target;
  unpinned.pinned_revision.reset();
  const Outcome plan = co_await plain.plan(connection, unpinned, deadline);
  in_doubt_.erase(found);
  if (plan.failure || !plan.steps.empty()) co_return std::nullopt;
  Outcome outcome{target};
  outcome.from_revision = outcome.to_revision = plan.from_revision;
  if (request_.direction == core::Direction::up) outcome.held_at = target.pinned_revision;
  co_return outcome;
}

}  // namespace tenancy::driver
