#include "driver/apply/called_runner.h"

#include <algorithm>

#include "core/error.h"
#include "core/target_sql.h"
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

/// For the one transaction that the batch is. Its commit waits for nothing where that is asked for: the first column
/// says then what it would have waited for.
Statement settings_of(const Request& request, Commit commit) {
  Statement statement{commit == Commit::waits ? "SELECT " : core::do_not_wait_at_commit().sql + ", "};
  statement.sql += "set_config('client_min_messages', 'warning', true)";
  auto const set = [&](const std::string& name, const std::string& value) {
    statement.parameters.emplace_back(value);
    statement.sql += ", set_config('" + name + "', $" + std::to_string(statement.parameters.size()) + ", true)";
  };
  for (const auto& [name, value] : extension_settings(request)) set(name, value);
  set("lock_timeout", milliseconds(request.lock_timeout));
  return statement;
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

/// What a server says of a function that is not there, or of its schema.
bool is_missing(const ServerReport& report) { return report.sqlstate == "3F000" || report.sqlstate == "42883"; }

}  // namespace

CalledRunner::CalledRunner(const MigrationStore& store, Request request)
    : store_(store),
      request_(std::move(request)),
      settings_(settings_of(request_, Commit::waits)),
      unwaited_settings_(settings_of(request_, Commit::does_not_wait)),
      plain_(store, request_) {}

const CalledRunner::SetWork& CalledRunner::work_for(const std::string& set) {
  if (const auto found = works_.find(set); found != works_.end()) return found->second;
  std::vector<std::string> sets = store_.sets().with_required(set);
  const auto any = [&](auto has) {
    return std::any_of(sets.begin(), sets.end(), [&](const std::string& one) { return has(store_.set(one)); });
  };
  const bool has_variables = any([](const core::MigrationSet& one) { return one.has_variables(); });
  const bool has_outside = any([](const core::MigrationSet& one) { return !one.is_transactional(); });
  return works_.try_emplace(set, SetWork{std::move(sets), has_variables, has_outside, StoreUpdate(store_, set)})
      .first->second;
}

std::optional<bool> CalledRunner::is_there(const Target& target) const {
  if (target.database.empty()) return true;
  const auto found = databases_.find(database_of(target));
  return found == databases_.end() ? std::nullopt : std::optional(found->second);
}

void CalledRunner::found(const Target& target, bool is_there) {
  databases_[database_of(target)] = guesses_[target.server] = is_there;
}

bool CalledRunner::is_updated(const Target& target) const {
  return target.database.empty() || updated_.contains({database_of(target), target.migration_set});
}

/// Where the target has to be looked at before it is clear what to call for.
bool CalledRunner::asks_first(const Target& target) const {
  return request_.revision.is_relative() || (target.pinned_revision && request_.direction == core::Direction::up);
}

Statement CalledRunner::migrate_call(const Target& target, const std::string& revision) const {
  const std::string direction = request_.direction == core::Direction::up ? "upgrade" : "downgrade";
  Statement call{
      "SELECT from_revision, to_revision, version, description, microseconds, migration_set, skipped FROM tenancy." +
          direction + "_target($1, $2, $3, $4, $5, $6, $7)",
      {target.schema, revision, target.migration_set, std::string(to_string(request_.run_as)), std::nullopt,
       std::nullopt, std::nullopt}};
  // Its tenants are not registered there.
  if (!target.database.empty()) call.parameters[4] = core::to_string(target.kind);
  return call;
}

asio::awaitable<BatchResult> CalledRunner::send(Connection& connection, const std::vector<Statement>& statements,
                                                Deadline deadline) {
  BatchResult reply = co_await connection.batch(statements, deadline);
  if (!reply.failure) co_return reply;
  if (connection.in_transaction()) co_await roll_back(connection, deadline);
  throw ServerError(ServerError::Kind::refused, *reply.failure);
}

/// In a transaction of its own: other targets of the database need not wait for the migrations of this one.
void CalledRunner::add_changes(Batch& batch, std::vector<Statement> changes, Commit commit) const {
  if (changes.empty()) return;
  batch.statements.push_back({core::begin_statement().sql});
  batch.statements.push_back(commit == Commit::waits ? settings_ : unwaited_settings_);
  std::move(changes.begin(), changes.end(), std::back_inserter(batch.statements));
  batch.statements.push_back({"COMMIT"});
}

void CalledRunner::add_call(Batch& batch, const Target& target, const std::string& revision, Commit commit,
                            bool is_updated) {
  batch.settings = batch.statements.size();
  batch.statements.push_back(commit == Commit::waits ? settings_ : unwaited_settings_);
  if (auto variables = variables_for(target)) batch.statements.push_back(*std::move(variables));
  Statement call = migrate_call(target, revision);
  if (!is_updated) {
    const StoreUpdate& update = work_for(target.migration_set).update;
    batch.look = batch.statements.size();
    batch.statements.push_back(update.look());
    call.parameters[5] = update.sets();
    call.parameters[6] = update.digest();
  }
  batch.statements.push_back(std::move(call));
}

asio::awaitable<bool> CalledRunner::update_store(Connection& connection, const Target& target, Deadline deadline) {
  const StoreUpdate& update = work_for(target.migration_set).update;
  std::vector<Statement> look;
  look.push_back(update.look());
  const BatchResult reply = co_await connection.batch(look, deadline);
  if (reply.failure) {
    if (is_missing(*reply.failure)) co_return false;
    throw ServerError(ServerError::Kind::refused, *reply.failure);
  }
  Batch batch;
  add_changes(batch, update.changes(reply.results[0]), Commit::waits);
  if (!batch.statements.empty()) (void)co_await send(connection, batch.statements, deadline);
  co_return true;
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
  const BatchResult reply = co_await send(connection, statements, deadline);
  outcome.from_revision = outcome.to_revision = revision_in(reply.results[1], set);
  if (held.kind == Kind::base) co_return std::nullopt;
  const std::optional<std::size_t> newest = set.find(outcome.from_revision);
  if (newest && !set.up_to(core::resolve_version(set, pin.version))[*newest]) co_return std::nullopt;
  co_return core::to_text(held);
}

/// A database of its own knows neither the tenant nor what is stored here.
std::optional<Statement> CalledRunner::variables_for(const Target& target) {
  if (target.database.empty()) return std::nullopt;
  const SetWork& work = work_for(target.migration_set);
  if (!work.has_variables) return std::nullopt;
  const std::vector<std::string>& sets = work.sets;
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

void CalledRunner::take(const BatchResult& reply, const Batch& batch, Commit commit, Outcome& outcome) const {
  const Result& steps = reply.results.back();
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
  if (commit == Commit::waits) return;
  outcome.owed = owed_by(reply.results[batch.settings].text(0, 0));
}

asio::awaitable<bool> CalledRunner::call(Connection& connection, Outcome& outcome, Deadline deadline, Commit commit) {
  const Target& target = outcome.target;
  if (!is_updated(target) && asks_first(target)) {
    const bool is_there = co_await update_store(connection, target, deadline);
    found(target, is_there);
    if (!is_there) co_return false;
    updated_.emplace(database_of(target), target.migration_set);
  }
  const std::optional<std::string> revision = co_await revision_for(connection, target, outcome, deadline);
  if (!revision) co_return true;
  Batch batch;
  add_call(batch, target, *revision, commit, is_updated(target));
  in_doubt_.insert_or_assign(place_of(target), *revision);
  BatchResult reply = co_await connection.batch(batch.statements, deadline);
  const bool has_failed_to_look = reply.failure && batch.look == reply.results.size();
  if (has_failed_to_look && is_missing(*reply.failure)) {
    in_doubt_.erase(place_of(target));
    found(target, false);
    co_return false;
  }
  if (reply.failure) throw ServerError(ServerError::Kind::refused, *reply.failure);
  if (batch.look) {
    found(target, true);
    if (reply.results.back().rows() == 0) {
      const Result there = std::move(reply.results[*batch.look]);
      batch = {};
      add_changes(batch, work_for(target.migration_set).update.changes(there), commit);
      add_call(batch, target, *revision, commit, true);
      reply = co_await send(connection, batch.statements, deadline);
    }
    updated_.emplace(database_of(target), target.migration_set);
  }
  in_doubt_.erase(place_of(target));
  take(reply, batch, commit, outcome);
  co_return true;
}

asio::awaitable<std::optional<Outcome>> CalledRunner::try_call(Connection& connection, const Target& target,
                                                               Deadline deadline, Commit commit) {
  Outcome outcome{target};
  if (request_.direction == core::Direction::up) outcome.held_at = target.pinned_revision;
  const Clock::time_point begin = Clock::now();
  bool is_there = true;
  try {
    is_there = co_await call(connection, outcome, deadline, commit);
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
  if (!is_there) co_return std::nullopt;
  outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  co_return outcome;
}

asio::awaitable<Outcome> CalledRunner::run(Connection& connection, const Target& target, Deadline deadline,
                                           Commit commit) {
  // In a graph no version says where a relative revision leads.
  const bool is_in_graph = store_.set(target.migration_set).has_graph();
  // A database of its own does not know the pins of other sets.
  const bool has_pins =
      !target.database.empty() && !target.other_pins.empty() && work_for(target.migration_set).sets.size() > 1;
  const std::optional<bool> known = is_there(target);
  if (known == false || has_pins || (is_in_graph && request_.revision.is_relative())) {
    co_return co_await plain_.run(connection, target, deadline, commit);
  }
  const auto guess = guesses_.find(target.server);
  if (!known && guess != guesses_.end() && !guess->second) {
    std::optional<Outcome> outcome = co_await plain_.run_where_alone(connection, target, deadline, commit);
    if (outcome) {
      found(target, false);
      co_return *std::move(outcome);
    }
  }
  std::optional<Outcome> outcome = co_await try_call(connection, target, deadline, commit);
  // A value that a step adds to an enum type has to be committed before the next one uses it. And what is to run
  // outside of a transaction was refused before anything was done, or is in doubt.
  const std::string sqlstate = outcome && outcome->failure ? outcome->failure->sqlstate : std::string();
  const bool may_go_outside =
      work_for(target.migration_set).has_outside_migrations && (sqlstate == "0A000" || sqlstate == "55000");
  if (!outcome || sqlstate == "55P04" || may_go_outside) {
    co_return co_await plain_.run(connection, target, deadline, commit);
  }
  co_return *std::move(outcome);
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
