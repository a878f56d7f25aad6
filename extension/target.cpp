#include "extension/target.h"

#include "extension/migration_watch.h"
#include "extension/script_runner.h"
#include "extension/session.h"
#include "extension/tracking.h"

namespace tenancy {

namespace {

Oid owner_of_database() {
  HeapTuple const row = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
  if (!HeapTupleIsValid(row)) elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
  Oid const owner = ((Form_pg_database)GETSTRUCT(row))->datdba;
  ReleaseSysCache(row);
  return owner;
}

/// Behind pg_database_owner, which owns `public` by default, stands a real role.
Oid owner_of(Oid schema) {
  HeapTuple const row = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
  if (!HeapTupleIsValid(row)) ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the schema was dropped")));
  Oid const owner = ((Form_pg_namespace)GETSTRUCT(row))->nspowner;
  ReleaseSysCache(row);
  return owner == ROLE_PG_DATABASE_OWNER ? owner_of_database() : owner;
}

/// The advisory lock keeps other runners out, the one on the schema whoever would drop it.
void lock_target(Oid schema, const std::string& name) {
  guarded([&] {
    DirectFunctionCall2(pg_advisory_xact_lock_int4, Int32GetDatum(kLockClass),
                        Int32GetDatum(static_cast<int32>(schema)));
    LockDatabaseObject(NamespaceRelationId, schema, 0, AccessShareLock);
    if (get_namespace_oid(name.c_str(), true) == schema) return;
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the schema was dropped or renamed meanwhile")));
  });
}

/// Who a target's migrations run as. What tenants share is the caller's: extensions, say, that its owner could not
/// install.
TargetRole role_for(const Target& target, Oid schema, RunAs run_as) {
  if (run_as == RunAs::automatic && target.kind != core::TargetKind::tenant) run_as = RunAs::caller;
  return choose_role(run_as, guarded([=] { return owner_of(schema); }));
}

/// A migration could have renamed or dropped its own schema.
void require_unchanged(Oid schema, const std::string& name) {
  guarded([&] {
    const char* const now = get_namespace_name(schema);
    if (now != nullptr && name == now) return;
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("the migration renames or drops schema \"%s\"", name.c_str())));
  });
}

void check_deferred_constraints() {
  try {
    fire_deferred_constraints();
  } catch (PgError& error) {
    error.prefix("deferred constraints, checked at the end of the migration");
    throw;
  }
}

PgError not_transactional(const core::MigrationSet& set, const core::Plan& plan, std::size_t index) {
  const std::string& version = set[index].version;
  std::string hint = "Run its statements with psql and record that with tenancy.resolve(schema, '" + version +
                     "', 'applied'), then go on.";
  if (!plan.steps.empty() && plan.steps.front().migration != index) {
    std::size_t before = 0;
    for (const core::Step& step : plan.steps) {
      if (step.migration == index) break;
      before = step.migration;
    }
    hint = "Go to revision '" + set[before].version + "' first. " + hint;
  }
  return {ERRCODE_FEATURE_NOT_SUPPORTED,
          "migration " + version + " runs outside of a transaction, which is not possible inside a function",
          "It is marked MIGRATION_TRANSACTION: off.", hint};
}

/// Any migration of the set by its exact version, a versioned one also as revisions name it.
std::size_t meant_by(const core::MigrationSet& set, const std::string& version) {
  std::optional<std::size_t> const exact = set.find(version);
  return exact ? *exact : core::resolve_version(set, version);
}

/// Throws PgError for a tracking table that is not usable.
Tracking usable_tracking(Oid schema, const Target& target, const std::string& table, WhenLocked when_locked) {
  Tracking tracking = read_tracking(schema, table, target.set, when_locked);
  if (tracking.shape == TrackingShape::foreign) throw foreign_tracking_table(table);
  if (tracking.shape == TrackingShape::denied) {
    throw PgError(ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for tracking table \"" + table + "\"", {},
                  "Migrate as a role that may read and write it: the schema's owner, by run_as => 'owner', or whoever "
                  "made the table.");
  }
  return tracking;
}

}  // namespace

std::string Target::label() const {
  if (tenant.empty()) return "schema \"" + schema + "\"";
  if (tenant == schema) return "tenant \"" + tenant + "\"";
  return "tenant \"" + tenant + "\" (schema \"" + schema + "\")";
}

Oid require_schema(const std::string& name) {
  if (name.size() >= NAMEDATALEN) {
    throw PgError(ERRCODE_NAME_TOO_LONG, "schema name \"" + name + "\" is too long",
                  "It has " + std::to_string(name.size()) + " bytes; names have at most " +
                      std::to_string(NAMEDATALEN - 1) + ".");
  }
  Oid const schema = guarded([&] { return get_namespace_oid(name.c_str(), true); });
  if (!OidIsValid(schema)) {
    throw PgError(
        ERRCODE_UNDEFINED_SCHEMA, "the schema does not exist", {},
        "A new tenant is made with tenancy.create_tenant(). For one that is registered, restore the schema, correct "
        "tenancy.tenants, or call tenancy.deregister_tenant().");
  }
  if (name.starts_with("pg_") || name == "information_schema" || name == "tenancy") {
    throw PgError(ERRCODE_RESERVED_NAME, "the schema belongs to the system and cannot be migrated");
  }
  return schema;
}

/// What holds while one target is worked on: its locks, the time limit for lock waits, who its migrations run as, its
/// tracking table. The store is read as the caller: a tenant's owner has no business there.
class Migrator::Session {
 public:
  /// One target of a fleet does not hold the others up for longer than the lock timeout. Who migrates a single target
  /// waits for whoever works on it.
  Session(const Migrator& migrator, const Target& target, RunAs run_as, bool in_fleet)
      : schema(require_schema(target.schema)), table_(migrator.settings_.tracking_table) {
    if (MigrationWatch::is_active()) {
      throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "a migration cannot run migrations");
    }
    std::chrono::milliseconds const lock_timeout = migrator.settings_.lock_timeout;
    if (in_fleet) limits_.emplace(kOwnPath, lock_timeout, false);
    lock_store(StoreLock::to_apply);
    lock_target(schema, target.schema);
    if (!in_fleet) limits_.emplace(kOwnPath, lock_timeout, false);
    role = role_for(target, schema, run_as);
    search_path_.push_back(target.schema);
    for (const std::string& shared : migrator.settings_.shared_schemas) {
      if (shared != target.schema) search_path_.push_back(shared);
    }
  }

  /// Runs a script with the settings of a migration and puts them back.
  void run(const SqlScript& script, Oid confined_to, std::chrono::milliseconds lock_timeout,
           std::chrono::milliseconds statement_timeout, bool quiet) {
    ScopedContext const memory(CurrentMemoryContext, "tenancy step");
    SettingsScope const settings(search_path_, lock_timeout, quiet);
    MigrationWatch watch(confined_to, tracking.relation, memory.get());
    // Nothing may be left to fire later, with the rights of whoever commits.
    if (role.restricted) make_constraints_immediate();
    run_script(script, statement_timeout, &MigrationWatch::check_objects);
    if (role.restricted || script.writes_data()) check_deferred_constraints();
    watch.drop_temporary_objects();
  }

  /// As the target's role; throws PgError when the table is not usable.
  void read_tracking(const Target& target) {
    RoleScope const as_role(role);
    tracking = usable_tracking(schema, target, table_, WhenLocked::wait);
  }

  /// Makes the tracking table when there is none; as the target's role.
  void require_tracking(const Target& target) {
    if (tracking.shape != TrackingShape::missing) return;
    RoleScope const as_role(role);
    tracking.relation = create_tracking_table(target.schema, table_);
    tracking.shape = TrackingShape::ours;
  }

  /// A migration that wrote data could have written to the tracking table.
  void require_same_tracking(const Target& target, std::size_t rows) {
    if (usable_tracking(schema, target, table_, WhenLocked::wait).applied.size() == rows) return;
    throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  "the migration changes the rows of tracking table \"" + table_ + "\"", {},
                  "If it means another tool's table, choose another name for ours with the setting "
                  "tenancy.tracking_table.");
  }

  Oid const schema;
  TargetRole role;
  Tracking tracking;

 private:
  static inline const std::array<std::string, 1> kOwnPath{"pg_catalog"};

  std::string const table_;
  std::optional<SettingsScope> limits_;
  std::vector<std::string> search_path_;
};

Migrator::Migrator(MemoryContext context) : context_(context), settings_(current_settings()), store_(context) {}

core::Plan Migrator::make_plan(const Target& target, const Request& request,
                               std::span<const core::AppliedMigration> applied) {
  const core::MigrationSet& set = store_.set(target.set);
  if (!request.versions.empty()) return core::plan_rollback(set, target.kind, applied, request.versions);
  if (request.direction == core::Direction::down) {
    return core::plan_downgrade(set, target.kind, applied, request.revision);
  }
  if (request.held_at) {
    return core::plan_pinned_upgrade(set, target.kind, applied, request.revision,
                                     core::parse_revision(*request.held_at), settings_.out_of_order);
  }
  return core::plan_upgrade(set, target.kind, applied, request.revision, settings_.out_of_order);
}

void Migrator::check_request(const Target& target, const Request& request) { (void)make_plan(target, request, {}); }

core::Plan Migrator::plan(const Target& target, const Request& request) {
  return for_target(target, [&] {
    Oid const schema = require_schema(target.schema);
    Tracking const tracking = [&] {
      RoleScope const as_role(role_for(target, schema, request.run_as));
      return usable_tracking(schema, target, settings_.tracking_table, WhenLocked::tell);
    }();
    if (tracking.shape == TrackingShape::locked) {
      throw PgError(ERRCODE_LOCK_NOT_AVAILABLE,
                    "tracking table \"" + settings_.tracking_table + "\" is locked by another session");
    }
    return make_plan(target, request, tracking.applied);
  });
}

void Migrator::require_transactional(const Target& target, const core::Plan& plan) {
  const core::MigrationSet& set = store_.set(target.set);
  for (const core::Step& step : plan.steps) {
    if (!set[step.migration].transactional) throw not_transactional(set, plan, step.migration);
  }
}

void Migrator::run_step(const Target& target, Session& session, const core::Step& step, bool quiet,
                        TargetResult& result) {
  const core::StoredMigration& stored = store_.set(target.set)[step.migration];
  const RunnableMigration& migration = store_.runnable(target.set, step.migration);
  bool const confined = target.kind == core::TargetKind::tenant && !migration.allow_outside;
  try {
    RoleScope const as_role(session.role);
    TimestampTz const begin = GetCurrentTimestamp();
    session.run(migration.script(step.direction), confined ? session.schema : InvalidOid,
                migration.lock_timeout.value_or(settings_.lock_timeout),
                migration.statement_timeout.value_or(settings_.statement_timeout), quiet);
    require_unchanged(session.schema, target.schema);
    if (migration.script(step.direction).writes_data()) session.require_same_tracking(target, result.tracked);
    std::chrono::microseconds const duration(GetCurrentTimestamp() - begin);
    if (step.direction == core::Direction::down || step.again) {
      result.tracked -= delete_tracking_rows(session.tracking.relation, target.set, stored.version);
    }
    if (step.direction == core::Direction::up) {
      insert_tracking_row(session.tracking.relation,
                          {target.set, stored.version, stored.description, stored.checksum, duration});
      ++result.tracked;
    }
    result.steps.push_back({target.set, stored.version, stored.description, step.direction, duration});
  } catch (PgError& error) {
    error.prefix((step.direction == core::Direction::up ? "migration " : "downgrade of migration ") + stored.version);
    throw;
  }
}

TargetResult Migrator::migrate(const Target& target, const Request& request) {
  return for_target(target, [&] {
    Session session(*this, target, request.run_as, request.in_fleet);
    session.read_tracking(target);
    core::Plan const plan = make_plan(target, request, session.tracking.applied);
    require_transactional(target, plan);
    TargetResult result;
    result.from = plan.from;
    result.to = plan.to;
    result.tracked = session.tracking.applied.size();
    for (std::size_t const index : plan.skipped) result.skipped.push_back(store_.set(target.set)[index].version);
    if (plan.steps.empty()) return result;
    session.require_tracking(target);
    for (const core::Step& step : plan.steps) run_step(target, session, step, request.in_fleet, result);
    return result;
  });
}

void Migrator::start_tracking(const Target& target, RunAs run_as) {
  for_target(target, [&] {
    Session session(*this, target, run_as, false);
    session.read_tracking(target);
    session.require_tracking(target);
  });
}

void Migrator::run_sql(const Target& target, const std::string& sql, RunAs run_as) {
  for_target(target, [&] {
    Session session(*this, target, run_as, false);
    session.read_tracking(target);
    SqlScript const script(sql, {}, context_);
    check_statements(script, true);
    RoleScope const as_role(session.role);
    session.run(script, target.kind == core::TargetKind::tenant ? session.schema : InvalidOid, settings_.lock_timeout,
                settings_.statement_timeout, false);
    require_unchanged(session.schema, target.schema);
  });
}

void Migrator::record_applied(const Target& target, const std::string& version, RunAs run_as) {
  for_target(target, [&] {
    const core::MigrationSet& set = store_.set(target.set);
    const core::StoredMigration& stored = set[meant_by(set, version)];
    if (!core::applies_to(stored.scope, target.kind)) {
      throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "migration " + stored.version + " has scope " +
                                                         std::string(to_string(stored.scope)) +
                                                         " and does not apply here");
    }
    Session session(*this, target, run_as, false);
    session.read_tracking(target);
    session.require_tracking(target);
    RoleScope const as_role(session.role);
    delete_tracking_rows(session.tracking.relation, target.set, stored.version);
    insert_tracking_row(session.tracking.relation,
                        {target.set, stored.version, stored.description, stored.checksum, {}});
  });
}

void Migrator::record_pending(const Target& target, const std::string& version, RunAs run_as) {
  for_target(target, [&] {
    const core::MigrationSet& set = store_.set(target.set);
    Session session(*this, target, run_as, false);
    session.read_tracking(target);
    // What the store does not know can be taken out too, by its exact version.
    bool const recorded = std::any_of(session.tracking.applied.begin(), session.tracking.applied.end(),
                                      [&](const core::AppliedMigration& row) { return row.version == version; });
    std::string const exact = recorded ? version : set[meant_by(set, version)].version;
    RoleScope const as_role(session.role);
    if (session.tracking.shape == TrackingShape::missing ||
        delete_tracking_rows(session.tracking.relation, target.set, exact) == 0) {
      throw PgError(ERRCODE_UNDEFINED_OBJECT,
                    "migration " + exact + " of set " + target.set + " is not recorded as applied");
    }
  });
}

}  // namespace tenancy
