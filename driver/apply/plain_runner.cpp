#include "driver/apply/plain_runner.h"

#include <algorithm>

#include "driver/apply/failure.h"
#include "driver/apply/plain_outside.h"

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

/// For giving a session back that an attempt has left in a transaction.
constexpr std::chrono::seconds kTimeToClear{5};

void add(std::vector<StepOutcome>& steps, const std::vector<StepOutcome>& more) {
  steps.insert(steps.end(), more.begin(), more.end());
}

void fail(Outcome& outcome, ServerReport report, bool cancelled) {
  outcome.state = cancelled ? Outcome::State::cancelled : Outcome::State::failed;
  outcome.failure = std::move(report);
}

}  // namespace

asio::awaitable<bool> PlainRunner::drive(Connection& connection, PlainTarget& part, Outcome& outcome, Deadline deadline,
                                         Beside beside) {
  while (!part.next().is_empty()) {
    const bool commits = part.commits();
    if (commits) {
      Outcome sent = outcome;
      add(sent.steps, part.steps());
      sent.to_revision = part.to_revision();
      if (sent.from_revision.empty()) sent.from_revision = part.from_revision();
      in_doubt_.insert_or_assign(place_of(outcome.target), std::move(sent));
    }
    const BatchResult reply = co_await connection.batch(part.next().statements(), deadline);
    if (commits) in_doubt_.erase(place_of(outcome.target));
    part.take(reply);
    if (beside == Beside::matters && part.facts().has_extension_schema) {
      if (connection.in_transaction()) co_await roll_back(connection, deadline);
      co_return false;
    }
    // A pooler tells another one, and shares the session out.
    if (part.facts().backend_pid == connection.backend_pid()) connection.keep_statements();
  }
  co_return true;
}

asio::awaitable<bool> PlainRunner::run_parts(Connection& connection, Outcome& outcome, Deadline deadline, Commit commit,
                                             Beside beside) {
  const Target& target = outcome.target;
  Request request = request_;
  for (bool first = true;; first = false) {
    PlainTarget part(store_, request, target, connection);
    if (commit == Commit::does_not_wait) part.do_not_wait_at_commit();
    const bool goes_on = co_await drive(connection, part, outcome, deadline, beside);
    if (!goes_on) co_return false;
    beside = Beside::does_not_matter;
    outcome.owed = part.owed();
    if (first) {
      outcome.from_revision = part.from_revision();
      const core::MigrationSet& set = store_.set(target.migration_set);
      for (const std::size_t index : part.skipped()) outcome.skipped.push_back(set[index].version);
    }
    add(outcome.steps, part.steps());
    outcome.to_revision = part.to_revision();
    if (part.failure()) {
      fail(outcome, *part.failure(), part.was_cancelled());
      co_return true;
    }
    if (!part.has_more()) co_return true;
    if (request.revision.is_relative()) request.revision = core::parse_revision(part.goal());
    if (!part.steps().empty()) continue;
    PlainOutside outside(connection, store_, request, target, part);
    StepOutcome step = co_await outside.carry_out(deadline);
    if (outside.failure()) {
      fail(outcome, *outside.failure(), outside.was_cancelled());
      co_return true;
    }
    outcome.steps.push_back(std::move(step));
  }
}

asio::awaitable<Outcome> PlainRunner::run(Connection& connection, const Target& target, Deadline deadline,
                                          Commit commit) {
  std::optional<Outcome> outcome = co_await run_beside(connection, target, deadline, commit, Beside::does_not_matter);
  co_return *std::move(outcome);
}

asio::awaitable<std::optional<Outcome>> PlainRunner::run_where_alone(Connection& connection, const Target& target,
                                                                     Deadline deadline, Commit commit) {
  return run_beside(connection, target, deadline, commit, Beside::matters);
}

asio::awaitable<std::optional<Outcome>> PlainRunner::run_beside(Connection& connection, const Target& target,
                                                                Deadline deadline, Commit commit, Beside beside) {
  Outcome outcome{target};
  if (request_.direction == core::Direction::up) outcome.held_at = target.pinned_revision;
  const Clock::time_point begin = Clock::now();
  std::optional<ServerReport> timeout;
  bool is_alone = true;
  try {
    is_alone = co_await run_parts(connection, outcome, deadline, commit, beside);
  } catch (const ServerError& error) {
    if (!error.session_goes_on()) throw;
    timeout = error.report();
  }
  if (timeout) {
    in_doubt_.erase(place_of(target));
    if (connection.in_transaction()) {
      PlainBatch clear;
      add_rollback(clear);
      add_session_reset(clear);
      (void)co_await connection.batch(clear.statements(), Clock::now() + kTimeToClear);
    }
    prefix(*timeout, target.label());
    fail(outcome, *std::move(timeout), false);
  }
  if (!is_alone) co_return std::nullopt;
  outcome.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  co_return outcome;
}

bool PlainRunner::has_happened(const Outcome& sent, const RowsBySet& applied) const {
  return std::all_of(sent.steps.begin(), sent.steps.end(), [&](const StepOutcome& step) {
    const core::MigrationSet& set = store_.set(step.set.empty() ? sent.target.migration_set : step.set);
    const std::vector<core::AppliedMigration>& rows = applied.at(set.name());
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const core::AppliedMigration& one) { return one.version == step.version; });
    if (step.direction == core::Direction::down) return row == rows.end();
    return row != rows.end() && !row->in_doubt && row->checksum == set[set.find(step.version).value()].checksum;
  });
}

asio::awaitable<PlainRunner::RowsBySet> PlainRunner::read_at_end(Connection& connection, const Target& target,
                                                                 Deadline deadline) {
  PlainBatch batch;
  const core::TargetPlace place = driver::place_of(request_, target, connection.server_version());
  const std::vector<std::string> others = store_.sets().others(target.migration_set, request_.direction);
  add_look_at_end(batch, place, others, request_.lock_timeout);
  const BatchResult reply = co_await connection.batch(batch.statements(), deadline);
  // A table that is not there has no rows.
  RowsBySet applied{{target.migration_set, {}}};
  for (const std::string& other : others) applied[other];
  if (!reply.failure) {
    applied[target.migration_set] = read_rows(*batch.find(reply, PlainBatch::Purpose::applied));
    for (std::size_t i = 0; i < others.size(); ++i) {
      applied[others[i]] = read_rows(*batch.find(reply, PlainBatch::Purpose::applied_of_other, i));
    }
  } else {
    co_await roll_back(connection, deadline);
    if (reply.failure->sqlstate != "42P01") throw ServerError(ServerError::Kind::refused, *reply.failure);
  }
  co_return applied;
}

asio::awaitable<std::optional<Outcome>> PlainRunner::look_up(Connection& connection, const Target& target,
                                                             Deadline deadline) {
  const auto found = in_doubt_.find(place_of(target));
  if (found == in_doubt_.end()) co_return std::nullopt;
  // The lock that the lost session may still hold says that it is not at its end; then the rows say how it ended.
  const RowsBySet applied = co_await read_at_end(connection, target, deadline);
  std::optional<Outcome> outcome;
  if (has_happened(found->second, applied)) outcome = found->second;
  in_doubt_.erase(found);
  co_return outcome;
}

asio::awaitable<bool> PlainRunner::holds(Connection& connection, const Outcome& outcome, Deadline deadline) {
  const RowsBySet applied = co_await read_at_end(connection, outcome.target, deadline);
  co_return has_happened(outcome, applied);
}

asio::awaitable<void> PlainRunner::wait_for_others(Connection& connection, const Target& target, Deadline deadline) {
  PlainBatch batch;
  const core::TargetPlace place = driver::place_of(request_, target, connection.server_version());
  batch.add(PlainBatch::Purpose::transaction, core::begin_statement());
  batch.add(PlainBatch::Purpose::settings, core::own_settings(request_.lock_timeout));
  batch.add(PlainBatch::Purpose::lock_target, core::lock_target_by_name(place));
  batch.add(PlainBatch::Purpose::transaction, core::TargetStatement{"COMMIT"});
  const BatchResult reply = co_await connection.batch(batch.statements(), deadline);
  if (!reply.failure) co_return;
  co_await roll_back(connection, deadline);
  throw ServerError(ServerError::Kind::refused, *reply.failure);
}

asio::awaitable<Outcome> PlainRunner::plan(Connection& connection, const Target& target, Deadline deadline) {
  Outcome outcome{target};
  PlainTarget part(store_, request_, target, connection);
  while (!part.next().is_empty() && !part.commits()) {
    const BatchResult reply = co_await connection.batch(part.next().statements(), deadline);
    part.take(reply);
  }
  // What there is to do begins with a ROLLBACK when the look has failed, for want of a tracking table.
  if (connection.in_transaction()) {
    co_await roll_back(connection, deadline);
  }
  outcome.from_revision = part.from_revision();
  outcome.to_revision = part.planned_revision();
  if (part.failure()) fail(outcome, *part.failure(), part.was_cancelled());
  outcome.steps = part.all_steps();
  co_return outcome;
}

}  // namespace tenancy::driver
