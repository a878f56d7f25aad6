// The session settings that a migration runs with, and how all of them are put back.
#pragma once

#include "extension/settings.h"

namespace tenancy {

/// Who a target's migrations run as.
struct TargetRole {
  Oid role = InvalidOid;
  bool restricted = false;  ///< a security-restricted operation: what a tenant planted cannot use our rights
};

/// The role for a schema owned by `owner`: `automatic` is the owner, restricted, when the caller is a superuser and the
/// owner is not; else the caller. Throws PgError when the caller may not act as the owner.
[[nodiscard]] TargetRole choose_role(RunAs run_as, Oid owner);

/// Acts as a role from construction to destruction. When an error passes, the end of the (sub)transaction has
/// put the old role back already, and doing it again is harmless.
class RoleScope {
 public:
  explicit RoleScope(const TargetRole& role) noexcept;
  ~RoleScope() { SetUserIdAndSecContext(user_, security_); }
  RoleScope(const RoleScope&) = delete;
  RoleScope& operator=(const RoleScope&) = delete;

 private:
  Oid user_;
  int security_;
};

/// Acts as a role outside of transactions, from construction to destruction, for the commands that begin and commit
/// transactions by themselves. A restricted operation must not be in force where a transaction begins; none is needed,
/// since PostgreSQL runs the tenant's code in these commands in one of its own.
class TopLevelRoleScope {
 public:
  explicit TopLevelRoleScope(const TargetRole& role) noexcept;
  ~TopLevelRoleScope() { SetUserIdAndSecContext(user_, security_); }
  TopLevelRoleScope(const TopLevelRoleScope&) = delete;
  TopLevelRoleScope& operator=(const TopLevelRoleScope&) = delete;

 private:
  Oid user_;
  int security_;
};

/// Settings in force from construction to destruction, which puts back every setting that changed since, whoever
/// changed it, also those of scopes inside that an error left open.
class SettingsScope {
 public:
  /// `search_path` is a list of schemas, first to last, which pg_temp will follow; a zero lock_timeout waits for
  /// ever; `quiet` keeps notices from the client, as CREATE EXTENSION does. Throws PgError.
  SettingsScope(std::span<const std::string> search_path, std::chrono::milliseconds lock_timeout, bool quiet);
  ~SettingsScope();
  SettingsScope(const SettingsScope&) = delete;
  SettingsScope& operator=(const SettingsScope&) = delete;

 private:
  int nest_level_ = 0;
};

/// The same for a session that runs no transaction when the object is made and when it goes: the settings hold from one
/// transaction to the next. For background workers only: temporary tables go too.
class SessionSettings {
 public:
  /// CurrentMemoryContext must outlive the object. Throws PgError.
  SessionSettings(std::span<const std::string> search_path, std::chrono::milliseconds lock_timeout, bool quiet);
  /// Ends the process if the settings cannot be put back.
  ~SessionSettings();
  SessionSettings(const SessionSettings&) = delete;
  SessionSettings& operator=(const SessionSettings&) = delete;

  /// In no transaction. Throws PgError.
  void set_lock_timeout(std::chrono::milliseconds limit);

 private:
  MemoryContext context_;
  Oid user_;
  int security_;
  std::vector<char> before_;  ///< as parallel workers get the settings of their leader
};

/// Runs the deferred constraint triggers that are due, so that their errors are the migration's own and the
/// next one can alter the same tables. As after a SET CONSTRAINTS ALL DEFERRED, deferrable constraints stay
/// deferred in this transaction: PostgreSQL has no way back to what each constraint says of itself.
/// Both throw PgError.
void fire_deferred_constraints();
void make_constraints_immediate();

}  // namespace tenancy
