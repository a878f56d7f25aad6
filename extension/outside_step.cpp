#include "extension/outside_step.h"

#include "core/sql_kind.h"
#include "core/statement_refusal.h"
#include "extension/migration_watch.h"
#include "extension/own_transaction.h"
#include "extension/statement_kind.h"

namespace tenancy {

namespace {

/// For taking back what a failed statement left: what made it fail may keep that waiting too.
constexpr std::chrono::seconds kUndoLockTimeout{2};

void add_sentence(std::string& text, const std::string& sentence) {
  if (!text.empty()) text += ' ';
  text += sentence;
}

/// tenancy.resolve('acme', '004', 'applied')
std::string resolve_call(const Target& target, const core::StoredMigration& stored, const char* state) {
  auto const literal = [](const std::string& text) {
    return std::string(guarded([&] { return quote_literal_cstr(text.c_str()); }));
  };
  std::string call = "tenancy.resolve(" + literal(target.schema) + ", " + literal(stored.version) + ", '" + state + "'";
  if (target.set != core::kDefaultSet) call += ", " + literal(target.set);
  return call + ")";
}

/// Looks at what was made before each commit, also those of the migration's own code, from construction to destruction.
class CommitWatch {
 public:
  CommitWatch() {
    guarded([] { RegisterXactCallback(check, nullptr); });
  }
  ~CommitWatch() { UnregisterXactCallback(check, nullptr); }
  CommitWatch(const CommitWatch&) = delete;
  CommitWatch& operator=(const CommitWatch&) = delete;

 private:
  static void check(XactEvent event, void* /*arg*/) {
    if (event == XACT_EVENT_PRE_COMMIT) MigrationWatch::check_objects();
  }
};

}  // namespace

OutsideStep::OutsideStep(const Settings& settings, SetWork work, std::string own_set,
                         const RunnableMigration& migration, const core::Step& step, TargetSession& session, bool quiet)
    : settings_(settings),
      target_(std::move(work.target)),
      own_set_(std::move(own_set)),
      stored_(step.stored()),
      migration_(migration),
      own_script_(migration.sql(step.direction), work.variables),
      script_(own_script_.get()),
      step_(step),
      sync_(std::move(work.sync)),
      quiet_(quiet),
      was_recorded_(step.direction == core::Direction::down || step.again || step.in_doubt),
      schema_(session.schema),
      confined_to_(target_.kind == core::TargetKind::tenant && !migration.allow_outside ? session.schema : InvalidOid),
      role_(session.role),
      search_path_(session.search_path()),
      tracked_(work.tracked) {
  if (step.in_doubt) require_repeatable();
  begin(session);
}

void OutsideStep::require_repeatable() const {
  for (const ScriptStatement& statement : script_.statements()) {
    if (guarded([&] { return is_repeatable(statement.tree->stmt); })) continue;
    PgError error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  "migration " + stored_.version + " was interrupted, and may be applied in part",
                  "Statement " + std::to_string(statement.number) + " (" + script_.place(statement.offset) +
                      ") may have run, and cannot be repeated.");
    explain_doubt(error);
    throw error;
  }
}

void OutsideStep::begin(TargetSession& session) {
  session.require_tracking(target_);
  tracking_table_ = session.tracking.relation;
  RoleScope const as_role(role_);
  if (was_recorded_) {
    set_tracking_state(tracking_table_, target_.set, stored_.version, TrackingState::running);
  } else {
    insert_tracking_row(
        tracking_table_,
        {target_.set, stored_.version, stored_.description, stored_.checksum, {}, TrackingState::running});
    ++tracked_;
  }
}

StepResult OutsideStep::carry_out(const InTrackingTransaction& in_tracking_transaction) {
  begin_ = GetCurrentTimestamp();
  try {
    run_statements();
    return finish(in_tracking_transaction);
  } catch (PgError& error) {
    error.prefix(step_.name(own_set_));
    throw;
  }
}

void OutsideStep::run_statements() {
  ScopedContext const memory(CurrentMemoryContext, "tenancy step");
  TemporaryContext const current(memory.get());
  SessionSettings settings(search_path_, migration_.lock_timeout.value_or(settings_.lock_timeout), quiet_);
  MigrationWatch const watch(confined_to_, target_.schema, tracking_table_, memory.get());
  StatementTimer timer(migration_.statement_timeout.value_or(settings_.statement_timeout));
  for (const ScriptStatement& statement : script_.statements()) run(statement, timer, settings);
}

template <typename Fn>
void OutsideStep::at_top_level(Fn fn) {
  MemoryContext const outer = CurrentMemoryContext;
  TopLevelRoleScope const as_role(role_);
  try {
    fn();
  } catch (...) {
    abort_transaction(outer);
    throw;
  }
}

template <typename Fn>
void OutsideStep::check(const ScriptStatement& statement, Fn fn) {
  RoleScope const as_role(role_);  // whatever role the statement has set
  try {
    fn();
  } catch (PgError& error) {
    error.prefix(script_.name(statement, statement.offset));
    throw;
  }
}

void OutsideStep::run(const ScriptStatement& statement, StatementTimer& timer, SessionSettings& settings) {
  Node* const tree = statement.tree->stmt;
  // It keeps nobody waiting while it waits for all the transactions of the database, maybe behind hours of work.
  bool const is_patient = guarded([=] { return is_concurrent(tree); }) && !migration_.lock_timeout &&
                          LockTimeout == settings_.lock_timeout.count();
  std::optional<ConcurrentChange> change;
  try {
    if (is_patient) settings.set_lock_timeout(std::chrono::milliseconds(0));
    if (may_commit(statement)) {
      run_what_may_commit(statement, timer);
    } else if (!guarded([=] { return runs_at_top_level(tree); })) {
      run_in_transaction(statement, timer);
    } else if (!step_.in_doubt || !repeats_what_is_done(statement)) {
      own_transaction([&] {
        RoleScope const as_role(role_);
        change.emplace(tree);
      });
      at_top_level([&] {
        run_at_top_level(script_, statement, timer, step_.in_doubt ? Adapt::repeat : Adapt::no,
                         &MigrationWatch::check_objects);
      });
      own_transaction([&] { check(statement, [=] { require_valid_index(tree); }); });
    }
    if (is_patient) settings.set_lock_timeout(settings_.lock_timeout);
  } catch (PgError& error) {
    undo(change, settings, error);
    throw;
  }
  if (!is_setting(tree)) ++done_;
}

void OutsideStep::run_in_transaction(const ScriptStatement& statement, StatementTimer& timer) {
  own_transaction([&] {
    RoleScope const as_role(role_);
    if (role_.restricted) make_constraints_immediate();
    run_statement(script_, statement, timer, step_.in_doubt ? Adapt::repeat : Adapt::no,
                  &MigrationWatch::check_objects);
    if (role_.restricted || script_.writes_data()) check_deferred_constraints();
    check(statement, [this] {
      require_unchanged(schema_, target_.schema);
      if (script_.writes_data()) require_rows(schema_, target_, settings_.tracking_table, tracked_);
    });
  });
}

bool OutsideStep::may_commit(const ScriptStatement& statement) const {
  auto const length = static_cast<std::size_t>(statement.length);
  return core::SqlKind(std::string_view(script_.sql() + statement.offset, length)).may_commit();
}

void OutsideStep::run_what_may_commit(const ScriptStatement& statement, StatementTimer& timer) {
  if (role_.restricted) {
    // At top level no operation is restricted, and code that the tenant has planted would be the caller's.
    core::StatementRefusal const found = core::refused_commit_as_owner();
    PgError error(ERRCODE_FEATURE_NOT_SUPPORTED, found.message(), {}, std::string(found.hint));
    error.prefix(script_.name(statement, statement.offset));
    throw error;
  }
  may_have_committed_ = true;
  CommitWatch const watch;
  at_top_level([&] { run_at_top_level(script_, statement, timer, Adapt::no, &MigrationWatch::check_objects); });
  own_transaction([&] {
    check(statement, [this] {
      require_unchanged(schema_, target_.schema);
      require_rows(schema_, target_, settings_.tracking_table, tracked_);
    });
  });
  may_have_committed_ = false;
}

bool OutsideStep::repeats_what_is_done(const ScriptStatement& statement) {
  bool done = false;
  std::vector<std::string> remains;
  own_transaction([&] {
    RoleScope const as_role(role_);
    done = is_done(statement.tree->stmt);
    if (!done) remains = remains_of_earlier_run(statement.tree->stmt);
  });
  drop_indexes(remains);
  return done;
}

void OutsideStep::drop_indexes(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    at_top_level([&] { run_internal_sql_at_top_level("DROP INDEX CONCURRENTLY IF EXISTS " + name); });
  }
}

void OutsideStep::undo(const std::optional<ConcurrentChange>& change, SessionSettings& settings, PgError& error) {
  try {
    settings.set_lock_timeout(kUndoLockTimeout);
    bool const undone = !change || is_undone(*change);
    // What an earlier run did nobody knows, so a step that was in doubt stays so.
    if (undone && done_ == 0 && !may_have_committed_ && !step_.in_doubt) return put_row_back();
  } catch (const PgError& second) {
    add_sentence(error.report().detail, std::string("Taking it back failed: ") + second.what() + ".");
  }
  if (done_ > 0) add_sentence(error.report().detail, "The statements before it are done.");
  if (may_have_committed_) add_sentence(error.report().detail, "It may have committed a part of what it does.");
  explain_doubt(error);
}

void OutsideStep::put_row_back() {
  own_transaction([this] {
    RoleScope const as_role(role_);
    if (was_recorded_) {
      set_tracking_state(tracking_table_, target_.set, stored_.version, TrackingState::applied);
    } else {
      delete_tracking_rows(tracking_table_, target_.set, stored_.version);
    }
  });
}

bool OutsideStep::is_undone(const ConcurrentChange& change) {
  bool undone = false;
  std::vector<std::string> remains;
  own_transaction([&] {
    RoleScope const as_role(role_);
    undone = !change.took_effect();
    remains = change.remains();
  });
  drop_indexes(remains);
  return undone;
}

void OutsideStep::explain_doubt(PgError& error) const {
  const std::vector<ScriptStatement>& statements = script_.statements();
  bool const goes_on = std::all_of(statements.begin(), statements.end(), [](const ScriptStatement& statement) {
    return guarded([&] { return is_repeatable(statement.tree->stmt); });
  });
  add_sentence(error.report().hint, goes_on ? "Mend the cause and migrate again: it goes on where it was interrupted."
                                            : "Look at what it did, then call " +
                                                  resolve_call(target_, stored_, "applied") + " or " +
                                                  resolve_call(target_, stored_, "pending") + ".");
}

StepResult OutsideStep::finish(const InTrackingTransaction& in_tracking_transaction) {
  StepResult result{target_.set, stored_.version, stored_.description, step_.direction, {}};
  try {
    own_transaction([&] {
      record_end(result);
      in_tracking_transaction(result);
    });
  } catch (PgError& error) {
    error.prefix("all its statements are done, but recording that failed");
    explain_doubt(error);
    throw;
  }
  return result;
}

void OutsideStep::record_end(StepResult& result) {
  SettingsScope const limits(kOwnPath, settings_.lock_timeout, false);
  RoleScope const as_role(role_);
  // Somebody else could have done that meanwhile.
  require_unchanged(schema_, target_.schema);
  result.duration = std::chrono::microseconds(GetCurrentTimestamp() - begin_);
  delete_tracking_rows(tracking_table_, target_.set, stored_.version);
  sync_.record(step_.migration, step_.direction, migration_.file);
  if (step_.direction == core::Direction::down) return;
  insert_tracking_row(tracking_table_,
                      {target_.set, stored_.version, stored_.description, stored_.checksum, result.duration});
}

}  // namespace tenancy
