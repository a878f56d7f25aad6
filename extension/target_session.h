// What holds while one target is worked on.
#pragma once

#include "extension/script_runner.h"
#include "extension/session.h"
#include "extension/target.h"
#include "extension/tracking.h"

namespace tenancy {

/// Its locks, the time limit for lock waits, who its migrations run as, its tracking table; in one transaction. The
/// store is read as the caller: a tenant's owner has no business there. All errors are PgError and do not name the
/// target.
class TargetSession {
 public:
  /// One target of a fleet does not hold the others up for longer than the lock timeout. Who migrates a single target
  /// waits for whoever works on it. `settings` must outlive the object.
  TargetSession(const Settings& settings, const Target& target, RunAs run_as, bool in_fleet);

  /// Runs a script with the settings of a migration and puts them back.
  void run(const SqlScript& script, Oid confined_to, std::chrono::milliseconds lock_timeout,
           std::chrono::milliseconds statement_timeout, Adapt adapt, bool quiet);

  /// As the target's role; refuses a table that is not usable, and a target in which a non-transactional migration runs
  /// at this moment.
  void read_tracking(const Target& target);

  /// The rows of another set, with the same refusals.
  [[nodiscard]] std::vector<core::AppliedMigration> read_rows(const Target& of_set) const;

  /// Makes the tracking table when there is none; as the target's role.
  void require_tracking(const Target& target);

  /// A migration that wrote data could have written to the tracking table.
  void require_same_tracking(const Target& target, std::size_t rows) const;

  /// The target's schema, then the shared ones.
  [[nodiscard]] const std::vector<std::string>& search_path() const noexcept { return search_path_; }

  Oid const schema;
  TargetRole role;
  Tracking tracking;
  bool is_new = false;  ///< the schema was empty when its migrations began in this transaction

 private:
  const Settings& settings_;
  std::optional<SettingsScope> limits_;
  std::vector<std::string> search_path_;
};

/// The search_path of our own work.
inline const std::array<std::string, 1> kOwnPath{"pg_catalog"};

/// Who a target's migrations run as. What tenants share is the caller's: extensions, say, that its owner could not
/// install.
[[nodiscard]] TargetRole role_for(const Target& target, RunAs run_as);

/// Throws PgError for a tracking table that is not usable.
[[nodiscard]] Tracking usable_tracking(Oid schema, const Target& target, const std::string& table,
                                       WhenLocked when_locked);

/// Refuses when a migration that wrote data has changed how many rows of the set there are.
void require_rows(Oid schema, const Target& target, const std::string& table, std::size_t rows);

/// A migration could have renamed or dropped its own schema.
void require_unchanged(Oid schema, const std::string& name);

void check_deferred_constraints();

/// Has a schema nothing in it but its tracking table?
[[nodiscard]] bool is_empty_schema(const std::string& name, const std::string& tracking_table);

/// Held by a session, from construction to destruction, while it runs a non-transactional migration in a schema. Nobody
/// ever waits for it: who did could hold a snapshot that the migration itself waits for. It is a session-level advisory
/// lock, with the schema's oid as its second key.
class OutsideLock {
 public:
  /// Throws PgError (lock_not_available) when another session holds it.
  explicit OutsideLock(Oid schema);
  ~OutsideLock();
  OutsideLock(const OutsideLock&) = delete;
  OutsideLock& operator=(const OutsideLock&) = delete;

  /// Does any session hold it? Looks without taking it, which could be in a runner's way.
  [[nodiscard]] static bool is_held(Oid schema);

 private:
  Oid schema_;
};

}  // namespace tenancy
