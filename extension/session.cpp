#include "extension/session.h"

#include "extension/compat.h"

namespace tenancy {

namespace {

void set_local(const char* name, const char* value) {
  set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/// In a guarded frame, in no transaction: `fn` in one of its own.
template <typename Fn>
void in_transaction(Fn fn) {
  StartTransactionCommand();
  fn();
  CommitTransactionCommand();
}

void set_session(const char* name, const char* value) {
  set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET, true, 0, false);
}

/// Calls `set(name, value)` for each setting that a migration runs with.
template <typename Set>
void set_all(std::span<const std::string> search_path, std::chrono::milliseconds lock_timeout, bool quiet, Set set) {
  StringInfoData path;
  initStringInfo(&path);
  for (const std::string& schema : search_path) {
    appendStringInfo(&path, "%s, ", quote_identifier(schema.c_str()));
  }
  // Last, where PostgreSQL would else put it first: a temporary table of the session must not hide the tenant's.
  appendStringInfoString(&path, "pg_temp");
  set("search_path", path.data);
  // Setting what is set already would take time for each target.
  if (LockTimeout != lock_timeout.count()) {
    char milliseconds[32];
    pg_snprintf(milliseconds, sizeof milliseconds, "%lld", static_cast<long long>(lock_timeout.count()));
    set("lock_timeout", milliseconds);
  }
  if (!standard_conforming_strings) set("standard_conforming_strings", "on");
  if (quiet && client_min_messages < WARNING) set("client_min_messages", "warning");
  pfree(path.data);
}

void set_constraints(bool deferred) {
  auto* const statement = makeNode(ConstraintsSetStmt);
  statement->deferred = deferred;
  AfterTriggerSetState(statement);
  pfree(statement);
}

}  // namespace

TargetRole choose_role(RunAs run_as, Oid owner) {
  return guarded([=] {
    Oid const caller = GetUserId();
    TargetRole const as_caller{caller, false};
    TargetRole const as_owner{owner, true};
    if (run_as == RunAs::caller || (run_as == RunAs::owner && caller == owner)) return as_caller;
    if (run_as == RunAs::automatic) return superuser_arg(caller) && !superuser_arg(owner) ? as_owner : as_caller;
    if (!compat::can_set_role(caller, owner)) {
      ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                      errmsg("role \"%s\" may not run migrations as \"%s\"", GetUserNameFromId(caller, false),
                             GetUserNameFromId(owner, false)),
                      errhint("Grant it membership in the owner's role, or run as the caller: run_as => 'caller'.")));
    }
    return as_owner;
  });
}

RoleScope::RoleScope(const TargetRole& role) noexcept {
  GetUserIdAndSecContext(&user_, &security_);
  if (role.role == user_ && !role.restricted) return;
  SetUserIdAndSecContext(
      role.role, security_ | SECURITY_LOCAL_USERID_CHANGE | (role.restricted ? SECURITY_RESTRICTED_OPERATION : 0));
}

TopLevelRoleScope::TopLevelRoleScope(const TargetRole& role) noexcept {
  GetUserIdAndSecContext(&user_, &security_);
  SetUserIdAndSecContext(role.role, security_);
}

SettingsScope::SettingsScope(std::span<const std::string> search_path, std::chrono::milliseconds lock_timeout,
                             bool quiet) {
  guarded([&] {
    nest_level_ = NewGUCNestLevel();
    set_all(search_path, lock_timeout, quiet, set_local);
  });
}

SettingsScope::~SettingsScope() {
  // Also where an error passes: the end of the transaction, which does the same, is still to come. It raises nothing.
  AtEOXact_GUC(false, nest_level_);
}

SessionSettings::SessionSettings(std::span<const std::string> search_path, std::chrono::milliseconds lock_timeout,
                                 bool quiet)
    : context_(CurrentMemoryContext) {
  GetUserIdAndSecContext(&user_, &security_);
  Size const size = guarded([] { return EstimateGUCStateSpace(); });
  before_.resize(size);
  guarded([&] {
    SerializeGUCState(before_.size(), before_.data());
    in_transaction([&] { set_all(search_path, lock_timeout, quiet, set_session); });
    MemoryContextSwitchTo(context_);
  });
}

SessionSettings::~SessionSettings() {
  try {
    guarded([this] {
      in_transaction([this] {
        RestoreGUCState(before_.data());
        PushActiveSnapshot(GetTransactionSnapshot());
        ResetTempTableNamespace();
        PopActiveSnapshot();
      });
      SetUserIdAndSecContext(user_, security_);
      MemoryContextSwitchTo(context_);
    });
  } catch (const PgError& error) {
    ereport(FATAL, (errmsg("could not put back the settings of the session: %s", error.what())));
  }
}

void SessionSettings::set_lock_timeout(std::chrono::milliseconds limit) {
  guarded([=, this] {
    in_transaction([=] {
      char milliseconds[32];
      pg_snprintf(milliseconds, sizeof milliseconds, "%lld", static_cast<long long>(limit.count()));
      set_session("lock_timeout", milliseconds);
    });
    MemoryContextSwitchTo(context_);
  });
}

void fire_deferred_constraints() {
  guarded([] {
    // The triggers are queries and need a snapshot of what the migration did.
    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    set_constraints(false);
    set_constraints(true);
    PopActiveSnapshot();
  });
}

void make_constraints_immediate() {
  guarded([] {
    PushActiveSnapshot(GetTransactionSnapshot());
    set_constraints(false);
    PopActiveSnapshot();
  });
}

}  // namespace tenancy
