// One target: a schema of this database, taken from what is applied in it to a revision.
#pragma once

#include "extension/settings.h"
#include "extension/spi.h"
#include "extension/store.h"
#include "extension/variables.h"

#include "core/requirements.h"

namespace tenancy {

struct Target {
  std::string tenant;  ///< id; empty when the schema is not one tenant's alone
  std::string schema;
  core::TargetKind kind = core::TargetKind::tenant;
  std::string set{core::kDefaultSet};
  std::string database{};  ///< another database of this cluster; empty: this one

  /// `tenant "acme"`, `tenant "acme" (schema "t_7")` or `schema "public"`, with the database where it is another.
  [[nodiscard]] std::string label() const;
};

/// Runs `fn`; its errors, of the core too, are PgError and name the target.
template <typename Fn>
auto for_target(const Target& target, Fn fn) {
  try {
    return fn();
  } catch (PgError& error) {
    error.prefix(target.label());
    throw;
  } catch (const core::Error& error) {
    PgError named = to_pg_error(error);
    named.prefix(target.label());
    throw named;
  }
}

struct StepResult {
  std::string set;
  std::string version;
  std::string description;
  core::Direction direction = core::Direction::up;
  std::chrono::microseconds duration{0};
};

struct TargetResult {
  std::string set;  ///< the target's own; steps may be of others, which it requires
  std::string from;
  std::string to;
  std::vector<StepResult> steps;
  std::vector<std::string> skipped;  ///< versions left out because they are out of order
  bool more = false;                 ///< the next step is one for the other way: migrate_outside(), or migrate()
};

/// What migrate() does with migrations that run outside of transactions. Only a background worker can run them: a
/// function's own snapshot would keep CREATE INDEX CONCURRENTLY waiting for ever.
enum class Outside {
  refuse,       ///< such a plan is refused before anything runs
  stop_before,  ///< it runs the steps before the first of them; TargetResult::more tells
};

/// What is asked of every target of an operation.
struct Request {
  core::Direction direction = core::Direction::up;
  core::Revision revision;
  RunAs run_as = RunAs::automatic;
  /// One of many targets: lock waits are limited throughout, and the migrations' notices, which would be repeated
  /// without end, are kept from the client.
  bool in_fleet = false;
  Value held_at{};                               ///< upwards: a revision that the target is not taken beyond
  core::PinnedSets pins{};                       ///< upwards: likewise of the other sets in its schema
  std::vector<std::string> versions{};           ///< downwards: exactly these (core::version_label()), where applied
  std::optional<core::VariableMap> variables{};  ///< in place of what is stored for the target
  Outside outside = Outside::refuse;
  /// Whoever asks commits, and comes again while there is more: then behind a step that adds a value to an enum type
  /// the transaction ends, so that the next ones may use it.
  bool in_parts = false;
  std::function<void(const std::string& revision)> on_begin{};  ///< told of where it stands, before anything runs
  std::function<void(const std::string& version)> on_step{};    ///< told of each (core::version_label()) before it runs
};

/// Called in the transaction that records the end of a non-transactional step, as the caller; may throw.
using InTrackingTransaction = std::function<void(const StepResult&)>;

/// Applies migrations to targets, with one set of settings and one store. All errors are PgError and name the
/// target; whatever failed is undone by the (sub)transaction that the caller has around it.
class Migrator {
 public:
  /// `context` must outlive the object.
  explicit Migrator(MemoryContext context);
  /// For a database that has no store.
  Migrator(MemoryContext context, MigrationBundle bundle);

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] Store& store() noexcept { return store_; }

  /// Throws core::Error when the request makes no sense for any target: a wrong direction, an unknown revision.
  void check_request(const Target& target, const Request& request);

  /// The steps that migrate() would take now. No lock is held afterwards, or waited for: a locked tracking table is
  /// an error (lock_not_available).
  [[nodiscard]] core::Plan plan(const Target& target, const Request& request);

  /// Throws PgError when the plan has a migration that runs outside of transactions.
  void require_transactional(const Target& target, const core::Plan& plan);
  /// Has the plan no such migration?
  [[nodiscard]] bool is_transactional(const Target& target, const core::Plan& plan);

  /// What is stored for the target, when migrations of its set have variables. Throws PgError.
  [[nodiscard]] std::optional<core::VariableMap> stored_variables(const Target& target);

  /// Waits for the target's advisory lock, then does what is asked, in the current transaction.
  TargetResult migrate(const Target& target, const Request& request);

  /// In a background worker and in no transaction: runs the non-transactional migrations with which the target's plan
  /// begins, maybe none. For each it commits a tracking row 'running', runs the statements one by one, and commits the
  /// row as 'applied' (downwards: without the row). Where the first statement with an effect fails, the target is as it
  /// was; otherwise it stays in doubt. Also after an error the session is as before, and in no transaction. Revisions
  /// must not be relative. CurrentMemoryContext must outlive transactions.
  TargetResult migrate_outside(const Target& target, const Request& request,
                               const InTrackingTransaction& in_tracking_transaction);

  /// Makes the tracking table, when there is none.
  void start_tracking(const Target& target, RunAs run_as);

  /// Runs SQL in a target as if it were a migration, without recording it.
  void run_sql(const Target& target, const std::string& sql, RunAs run_as);

  /// Writes a tracking row, or removes it, without running anything.
  void record_applied(const Target& target, const std::string& version, RunAs run_as);
  void record_pending(const Target& target, const std::string& version, RunAs run_as);

 private:
  [[nodiscard]] core::Plan make_plan(const Target& target, const Request& request, core::SetHistories& histories);
  /// The variables of a target, of the sets of its plan that need any. Throws PgError when a value is missing or cannot
  /// be.
  [[nodiscard]] std::map<const core::MigrationSet*, core::TargetVariables> require_variables(const Target& target,
                                                                                             const Request& request,
                                                                                             Oid role,
                                                                                             const core::Plan& plan);
  [[nodiscard]] core::TargetVariables variables_of(const Target& target, const Request& request, Oid role);
  /// How many of the plan's first steps run in a transaction. Non-transactional ones too in a tenant's schema that is
  /// empty: they cannot keep anybody waiting who works there.
  [[nodiscard]] std::size_t steps_inside(const Target& target, const core::Plan& plan);
  /// Those of them that one transaction takes: what a step adds to an enum type has to be committed before the next
  /// one uses it, where there are tables already.
  [[nodiscard]] std::size_t first_part(const Target& target, const Request& request, const class TargetSession& session,
                                       const core::Plan& plan);
  void run_step(struct SetWork& work, class TargetSession& session, const core::Step& step, bool quiet,
                TargetResult& result);
  /// The other tool's table of the target, checked against what these steps of its set do.
  [[nodiscard]] TargetSync synced(const Target& target, const TargetSession& session,
                                  std::span<const core::AppliedMigration> applied, std::span<const core::Step> steps);
  /// For the set of `steps`, some of which are its own.
  [[nodiscard]] struct SetWork set_work(const Target& target, const core::MigrationSet& set,
                                        const TargetSession& session, core::SetHistories& histories,
                                        const std::map<const core::MigrationSet*, core::TargetVariables>& variables,
                                        std::span<const core::Step> steps);

  MemoryContext context_;
  Settings settings_;
  Store store_;
  StoredVariables stored_variables_;
  std::optional<core::VariableMap> call_variables_;  ///< once they are needed
};

/// The schema's oid; PgError, without its name, when there is none, or when it is not one to migrate (pg_catalog and
/// the like).
[[nodiscard]] Oid require_schema(const std::string& name);

}  // namespace tenancy
