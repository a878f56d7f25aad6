#include "driver/apply/plain_outside.h"

#include <algorithm>

#include "core/statement_refusal.h"
#include "core/target_lock.h"
#include "core/tracking_sql.h"
#include "driver/apply/failure.h"
#include "driver/connection/pooler.h"

namespace tenancy::driver {

namespace asio = boost::asio;

namespace {

using Purpose = PlainBatch::Purpose;
using Clock = std::chrono::steady_clock;

/// For taking back what a failed statement left: what made it fail may keep that waiting too.
constexpr std::chrono::milliseconds kUndoLockTimeout{2000};
/// For giving the session back.
constexpr std::chrono::seconds kTimeToClear{30};

void add_sentence(std::string& text, std::string_view sentence) {
  if (!text.empty()) text += ' ';
  text += sentence;
}

std::string literal(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result.append(c == '\'' ? 2 : 1, c);
  return result + "'";
}

[[noreturn]] void refuse(ServerReport report) { throw ServerError(ServerError::Kind::refused, std::move(report)); }

}  // namespace

PlainOutside::PlainOutside(Connection& connection, const MigrationStore& store, const Request& request,
                           const Target& target, const PlainTarget& part)
    : connection_(connection),
      request_(request),
      target_(target),
      step_(part.next_step()),
      place_(with_set(part.place(), step_.set->name())),
      part_{store,
            part.scripts(),
            part.place(),
            part.facts(),
            target.kind,
            {},
            {request.lock_timeout, request.statement_timeout}},
      stored_(step_.stored()),
      migration_(store.migration(step_.set->name(), step_.migration)),
      script_(part.scripts().script(step_)),
      confined_(target.kind == core::TargetKind::tenant && !migration_.allow_outside),
      was_recorded_(step_.direction == core::Direction::down || step_.again || step_.in_doubt),
      rows_(part.facts().rows_of(step_.set->name(), target.migration_set).size() + (was_recorded_ ? 0 : 1)) {}

std::string PlainOutside::resolve_call(std::string_view state) const {
  std::string call =
      "tenancy.resolve(" + literal(target_.schema) + ", " + literal(stored_.version) + ", " + literal(state);
  if (place_.migration_set != core::kDefaultSet) call += ", " + literal(place_.migration_set);
  return call + ")";
}

void PlainOutside::explain_doubt(ServerReport& report) const {
  const std::vector<Script::Statement>& statements = script_.statements();
  const bool goes_on =
      std::all_of(statements.begin(), statements.end(), [](const auto& one) { return one.kind.is_repeatable(); });
  add_sentence(report.hint, goes_on ? "Mend the cause and migrate again: it goes on where it was interrupted."
                                    : "Look at what it did, then call " + resolve_call("applied") + " or " +
                                          resolve_call("pending") + ".");
}

asio::awaitable<BatchResult> PlainOutside::transact(const PlainBatch& batch) {
  BatchResult reply = co_await connection_.batch(batch.statements(), deadline_);
  if (!reply.failure) co_return std::move(reply);
  const std::size_t failed = reply.results.size();
  if (connection_.in_transaction()) {
    PlainBatch rollback;
    add_rollback(rollback);
    (void)co_await connection_.batch(rollback.statements(), deadline_);
  }
  ServerReport report = *reply.failure;
  if (const auto finding = report.sqlstate == "22P02" ? core::finding_in(report.message) : std::nullopt) {
    const bool differs = finding->code == core::kFindingToolDiffers;
    report = differs ? explain_difference(part_.store.synced_tool(place_.migration_set).value(), finding->text)
                     : explain(*finding, place_);
  }
  const Purpose purpose = batch.origin(failed).purpose;
  if (purpose == Purpose::constraints) prefix(report, "deferred constraints, checked at the end of the migration");
  const bool is_statement = purpose == Purpose::statement || purpose == Purpose::check_statement;
  if (is_statement) name_statement(report, script_.statements()[batch.origin(failed).statement]);
  refuse(std::move(report));
}

void PlainOutside::name_statement(ServerReport& report, const Script::Statement& statement) {
  passed_its_limit_ = explain_timeout(report, statement_timeout());
  prefix(report, script_.name(statement, report.position));
  report.position = 0;
}

/// Another session for each transaction would have neither our lock nor our settings.
PlainOutside::Work PlainOutside::require_session() {
  const bool pooled = co_await is_pooled(connection_, deadline_);
  if (!pooled) co_return;
  refuse(make_report("0A000",
                     "migration " + stored_.version +
                         " runs outside of a transaction, which takes a session of its "
                         "own, and a pooler stands between here and the server",
                     "Connect to the server itself to migrate this target.",
                     "It is marked MIGRATION_TRANSACTION: off."));
}

PlainOutside::Work PlainOutside::begin() {
  co_await require_session();
  if (step_.in_doubt) require_repeatable();
  part_.steps = {&step_, 1};
  if (std::optional<core::ToolSync> sync = tool_sync_of(part_, *step_.set)) sync_.emplace(*std::move(sync));
  const std::string try_lock = "SELECT pg_catalog.pg_try_advisory_lock(" + std::to_string(core::kOutsideLockClass) +
                               ", " + std::to_string(core::lock_key(part_.facts.schema)) + ")";
  const Result lock = co_await connection_.query(try_lock, parameters(), deadline_);
  if (lock.text(0, 0) != "t") refuse(explain({std::string(core::kFindingOccupied), {}}, place_));
  PlainBatch batch;
  add_entry(batch, part_);
  if (sync_) add_tool_check(batch, part_, *step_.set, *sync_);
  batch.add(Purpose::record,
            was_recorded_ ? core::set_running(place_, stored_.version, true) : core::insert_running(place_, stored_));
  batch.add(Purpose::commit, core::TargetStatement{"COMMIT"});
  (void)co_await transact(batch);
  is_recorded_ = true;
}

void PlainOutside::require_repeatable() const {
  for (const Script::Statement& statement : script_.statements()) {
    if (statement.kind.is_repeatable()) continue;
    ServerReport report =
        make_report("55000", "migration " + stored_.version + " was interrupted, and may be applied in part", {},
                    "Statement " + std::to_string(statement.source.number) + " (" +
                        script_.place(statement.source.offset) + ") may have run, and cannot be repeated.");
    explain_doubt(report);
    refuse(std::move(report));
  }
}

PlainOutside::Work PlainOutside::run_statements() {
  PlainBatch settings;
  const core::MigrationSettings limits{migration_.lock_timeout.value_or(request_.lock_timeout), statement_timeout()};
  settings.add(Purpose::prepare, core::migration_settings(place_, limits, false));
  if (part_.facts.role) settings.add(Purpose::role, core::set_session_role(*part_.facts.role));
  (void)co_await transact(settings);
  for (std::size_t index = 0; index < script_.statements().size(); ++index) {
    const Script::Statement& statement = script_.statements()[index];
    if (statement.kind.may_commit()) {
      co_await run_what_may_commit(index);
    } else if (statement.kind.runs_at_top_level()) {
      co_await run_at_top_level(statement);
    } else {
      co_await run_in_transaction(index);
    }
    if (!statement.kind.is_setting()) ++done_;
  }
}

PlainOutside::Work PlainOutside::run_in_transaction(std::size_t index) {
  const Script::Statement& statement = script_.statements()[index];
  PlainBatch batch;
  batch.begin_statement(index);
  batch.add(Purpose::transaction, core::begin_statement());
  if (part_.facts.role) batch.add(Purpose::prepare, core::TargetStatement{"SET CONSTRAINTS ALL IMMEDIATE"});
  batch.add(Purpose::statement, core::TargetStatement{step_.in_doubt ? statement.kind.repeatable_text()
                                                                     : std::string(statement.source.text)});
  if (part_.facts.role || script_.writes_data()) {
    batch.add(Purpose::constraints, core::TargetStatement{"SET CONSTRAINTS ALL IMMEDIATE"});
  }
  batch.add(Purpose::settings, core::own_settings(request_.lock_timeout));
  batch.add(Purpose::check_statement, core::check_migration(place_, part_.facts.schema));
  if (confined_) batch.add(Purpose::check_statement, core::check_escapes(place_, part_.facts.schema));
  if (script_.writes_data()) batch.add(Purpose::check_statement, core::check_rows(place_, rows_));
  batch.add(Purpose::commit, core::TargetStatement{"COMMIT"});
  (void)co_await transact(batch);
}

PlainOutside::Work PlainOutside::run_at_top_level(const Script::Statement& statement) {
  change_.emplace(connection_, statement.kind);
  co_await change_->look(deadline_);
  if (confined_) {
    const std::optional<std::string> escape = co_await change_->escape(part_.facts.schema, deadline_);
    if (escape) {
      ServerReport report = explain({std::string(core::kFindingEscape), *escape}, place_);
      name_statement(report, statement);
      change_.reset();
      refuse(std::move(report));
    }
  }
  if (step_.in_doubt) {
    const std::vector<std::string> remains = change_->remains_of_earlier_run();
    co_await drop_indexes(remains);
    if (change_->is_done()) {
      change_.reset();
      co_return;
    }
  }
  // It keeps nobody waiting while it waits for all the transactions of the database, maybe behind hours of work.
  constexpr std::chrono::milliseconds kForEver{0};
  bool is_patient = statement.kind.is_concurrent() && !migration_.lock_timeout;
  if (is_patient) is_patient = co_await change_lock_timeout(request_.lock_timeout, kForEver);
  co_await run_alone(statement);
  const std::optional<std::string> index = co_await change_->invalid_index(deadline_);
  if (index) {
    ServerReport report =
        make_report("55000", "index " + *index + " exists, but is INVALID",
                    "An earlier build of it failed. Drop it: DROP INDEX CONCURRENTLY " + *index + ".");
    name_statement(report, statement);
    refuse(std::move(report));
  }
  if (is_patient) (void)co_await change_lock_timeout(kForEver, request_.lock_timeout);
  change_.reset();
}

PlainOutside::Work PlainOutside::run_what_may_commit(std::size_t index) {
  const Script::Statement& statement = script_.statements()[index];
  if (part_.facts.role) {
    // Code that the tenant has planted could take the role of this session back.
    const core::StatementRefusal found = core::refused_commit_as_owner();
    ServerReport report = make_report("0A000", found.message(), {}, std::string(found.hint));
    name_statement(report, statement);
    refuse(std::move(report));
  }
  may_have_committed_ = true;
  co_await run_alone(statement);
  may_have_committed_ = false;
  PlainBatch batch;
  batch.begin_statement(index);
  add_own_begin(batch);
  batch.add(Purpose::check_statement, core::check_migration(place_, part_.facts.schema));
  batch.add(Purpose::check_statement, core::check_rows(place_, rows_));
  batch.add(Purpose::commit, core::TargetStatement{"COMMIT"});
  (void)co_await transact(batch);
}

PlainOutside::Work PlainOutside::run_alone(const Script::Statement& statement) {
  std::optional<ServerReport> report;
  try {
    const std::string text = step_.in_doubt ? statement.kind.repeatable_text() : std::string(statement.source.text);
    (void)co_await connection_.query(text, parameters(), deadline_);
  } catch (const ServerError& error) {
    if (!error.session_goes_on()) throw;
    report = error.report();
  }
  if (!report) co_return;
  name_statement(*report, statement);
  refuse(*std::move(report));
}

asio::awaitable<bool> PlainOutside::change_lock_timeout(std::chrono::milliseconds from, std::chrono::milliseconds to) {
  const Result row = co_await connection_.query(
      "SELECT pg_catalog.set_config('lock_timeout', $2, false) FROM pg_catalog.pg_settings"
      " WHERE name OPERATOR(pg_catalog.=) 'lock_timeout' AND setting OPERATOR(pg_catalog.=) $1",
      parameters(std::to_string(from.count()), std::to_string(to.count())), deadline_);
  co_return row.rows() > 0;
}

PlainOutside::Work PlainOutside::drop_indexes(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string drop = "DROP INDEX CONCURRENTLY IF EXISTS " + name;
    (void)co_await connection_.query(drop, parameters(), deadline_);
  }
}

PlainOutside::Work PlainOutside::undo(ServerReport& report) {
  deadline_ = std::max(deadline_, Clock::now() + kTimeToClear);
  try {
    bool undone = true;
    if (change_) {
      (void)co_await connection_.query("SELECT pg_catalog.set_config('lock_timeout', $1, false)",
                                       parameters(std::to_string(kUndoLockTimeout.count())), deadline_);
      const bool took_effect = co_await change_->took_effect(deadline_);
      undone = !took_effect;
      const std::vector<std::string> remains = co_await change_->remains(deadline_);
      co_await drop_indexes(remains);
    }
    // What an earlier run did nobody knows, so a step that was in doubt stays so.
    if (undone && done_ == 0 && !may_have_committed_ && !step_.in_doubt) {
      co_await put_row_back();
      co_return;
    }
  } catch (const ServerError& second) {
    if (!second.session_goes_on()) throw;
    add_sentence(report.detail, std::string("Taking it back failed: ") + second.what() + ".");
  }
  if (done_ > 0) add_sentence(report.detail, "The statements before it are done.");
  if (may_have_committed_) add_sentence(report.detail, "It may have committed a part of what it does.");
  explain_doubt(report);
}

void PlainOutside::add_own_begin(PlainBatch& batch) const {
  batch.add(Purpose::transaction, core::begin_statement());
  batch.add(Purpose::settings, core::own_settings(request_.lock_timeout));
}

PlainOutside::Work PlainOutside::put_row_back() {
  PlainBatch batch;
  add_own_begin(batch);
  batch.add(Purpose::record, was_recorded_ ? core::set_running(place_, stored_.version, false)
                                           : core::delete_row(place_, stored_.version));
  batch.add(Purpose::commit, core::TargetStatement{"COMMIT"});
  (void)co_await transact(batch);
}

asio::awaitable<std::chrono::microseconds> PlainOutside::record_end() {
  PlainBatch batch;
  add_own_begin(batch);
  // Somebody else could have done that meanwhile.
  batch.add(Purpose::check_target, core::check_migration(place_, part_.facts.schema));
  batch.add(Purpose::check_target, core::delete_row(place_, stored_.version));
  const bool up = step_.direction == core::Direction::up;
  batch.add(Purpose::record, up ? core::insert_row(place_, stored_) : core::elapsed());
  const std::size_t at = batch.statements().size() - 1;
  if (sync_) add_tool_record(batch, part_, *sync_, step_);
  batch.add(Purpose::commit, core::TargetStatement{"COMMIT"});
  const BatchResult reply = co_await transact(batch);
  co_return std::chrono::microseconds(reply.results[at].integer(0, 0));
}

PlainOutside::Work PlainOutside::clear() {
  PlainBatch batch;
  batch.add(Purpose::reset, core::reset_migration());
  batch.add(Purpose::reset, core::reset_session());
  batch.add(Purpose::reset, core::reset_plans());
  (void)co_await connection_.batch(batch.statements(), Clock::now() + kTimeToClear);
}

asio::awaitable<StepOutcome> PlainOutside::carry_out(Deadline deadline) {
  deadline_ = deadline;
  StepOutcome step{stored_.version, stored_.description, step_.direction, {}, other_set(step_, target_)};
  bool recording = false;
  std::optional<ServerReport> failure;
  try {
    co_await begin();
    co_await run_statements();
    recording = true;
    step.duration = co_await record_end();
  } catch (const ServerError& error) {
    if (!error.session_goes_on()) throw;
    failure = error.report();
  } catch (const core::Error& error) {
    failure = to_report(error);
  }
  if (failure) {
    was_cancelled_ = failure->sqlstate == "57014" && !passed_its_limit_;
    if (recording) {
      prefix(*failure, "all its statements are done, but recording that failed");
      explain_doubt(*failure);
    } else if (is_recorded_) {
      co_await undo(*failure);
    }
    if (is_recorded_) prefix(*failure, step_.name(target_.migration_set));
    prefix(*failure, target_.label());
    failure_ = std::move(failure);
  }
  co_await clear();
  co_return step;
}

}  // namespace tenancy::driver
