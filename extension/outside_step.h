// One non-transactional migration in one target.
//
//   transaction       row 'running'
//   each statement    maintenance commands at top level, as the target's role, in the transactions that they make
//                     themselves; all else in a transaction of its own, as in other migrations
//   transaction       row 'applied', or no row where it went down
//
// The row is committed before the first statement begins, and WAL keeps that order: whatever of the migration survives
// a crash, the row does too. A row 'running' whose runner is gone (OutsideLock) is in doubt; it is retried when every
// statement can be repeated, for nobody knows how far it came.
#pragma once

#include "extension/concurrent_change.h"
#include "extension/script_runner.h"
#include "extension/target_session.h"
#include "extension/target_sets.h"

namespace tenancy {

class OutsideStep {
 public:
  /// In a transaction: writes the row 'running'. Throws PgError, also when the step is in doubt and cannot be repeated.
  /// `own_set` is that of the target, `work` is for that of the step. `quiet` as for SettingsScope. The settings and
  /// the migration must outlive the object.
  OutsideStep(const Settings& settings, SetWork work, std::string own_set, const RunnableMigration& migration,
              const core::Step& step, TargetSession& session, bool quiet);

  /// In no transaction, and once that one is committed. Throws PgError; the session is then as before.
  StepResult carry_out(const InTrackingTransaction& in_tracking_transaction);

 private:
  void require_repeatable() const;
  void begin(TargetSession& session);
  void run_statements();
  void run(const ScriptStatement& statement, StatementTimer& timer, SessionSettings& settings);
  void run_in_transaction(const ScriptStatement& statement, StatementTimer& timer);
  /// CALL, or DO of code that ends transactions.
  [[nodiscard]] bool may_commit(const ScriptStatement& statement) const;
  void run_what_may_commit(const ScriptStatement& statement, StatementTimer& timer);
  /// In a transaction: `fn` as the target's role; errors name the statement.
  template <typename Fn>
  void check(const ScriptStatement& statement, Fn fn);
  /// True when there was nothing to do.
  bool repeats_what_is_done(const ScriptStatement& statement);
  void drop_indexes(const std::vector<std::string>& names);
  /// Fn in no transaction, as the target's role.
  template <typename Fn>
  void at_top_level(Fn fn);
  void undo(const std::optional<ConcurrentChange>& change, SessionSettings& settings, PgError& error);
  bool is_undone(const ConcurrentChange& change);
  void put_row_back();
  void explain_doubt(PgError& error) const;
  void record_end(StepResult& result);
  StepResult finish(const InTrackingTransaction& in_tracking_transaction);

  const Settings& settings_;
  Target const target_;
  std::string const own_set_;
  const core::StoredMigration& stored_;
  const RunnableMigration& migration_;
  TargetScript const own_script_;
  const SqlScript& script_;
  core::Step step_;
  TargetSync sync_;
  bool quiet_;
  bool was_recorded_;  ///< there was a row before
  Oid schema_;
  Oid confined_to_;
  TargetRole role_;
  std::vector<std::string> search_path_;
  Oid tracking_table_ = InvalidOid;
  std::size_t tracked_ = 0;  ///< rows of the set while it runs
  TimestampTz begin_ = 0;
  int done_ = 0;                     ///< statements with an effect
  bool may_have_committed_ = false;  ///< a part of the statement that runs
};

}  // namespace tenancy
