#include "extension/target_session.h"

#include "extension/migration_watch.h"
#include "extension/script_runner.h"

namespace tenancy {

namespace {

Oid owner_of_database() {
  HeapTuple const row = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
  if (!HeapTupleIsValid(row)) elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
  Oid const owner = ((Form_pg_database)GETSTRUCT(row))->datdba;
  ReleaseSysCache(row);
  return owner;
}

/// Behind pg_database_owner, which owns `public` by default, stands a real role. By name: that row is cached already.
Oid owner_of(const char* schema) {
  HeapTuple const row = SearchSysCache1(NAMESPACENAME, CStringGetDatum(schema));
  if (!HeapTupleIsValid(row)) ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the schema was dropped")));
  Oid const owner = ((Form_pg_namespace)GETSTRUCT(row))->nspowner;
  ReleaseSysCache(row);
  return owner == ROLE_PG_DATABASE_OWNER ? owner_of_database() : owner;
}

/// The advisory lock keeps other runners out, the one on the schema whoever would drop it.
void lock_target(Oid schema, const std::string& name) {
  guarded([&] {
    DirectFunctionCall2(pg_advisory_xact_lock_int4, Int32GetDatum(core::kLockClass),
                        Int32GetDatum(core::lock_key(schema)));
    LockDatabaseObject(NamespaceRelationId, schema, 0, AccessShareLock);
    if (get_namespace_oid(name.c_str(), true) == schema) return;
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("the schema was dropped or renamed meanwhile")));
  });
}

LOCKTAG outside_lock(Oid schema) {
  LOCKTAG tag;
  // As pg_advisory_lock(int, int) has it.
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, core::kOutsideLockClass, schema, 2);
  return tag;
}

}  // namespace

TargetRole role_for(const Target& target, RunAs run_as) {
  bool const shared = target.kind != core::TargetKind::tenant && target.database.empty();
  if (run_as == RunAs::automatic && shared) run_as = RunAs::caller;
  return choose_role(run_as, guarded([&] { return owner_of(target.schema.c_str()); }));
}

void require_unchanged(Oid schema, const std::string& name) {
  guarded([&] {
    if (get_namespace_oid(name.c_str(), true) == schema) return;
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

bool is_empty_schema(const std::string& name, const std::string& tracking_table) {
  return guarded([&] {
    Oid const schema = get_namespace_oid(name.c_str(), false);
    Oid const tracking = get_relname_relid(tracking_table.c_str(), schema);
    // Whatever stands in a schema depends on it, or on something else in it.
    Relation const depend = table_open(DependRelationId, AccessShareLock);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(NamespaceRelationId));
    ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
    SysScanDesc const scan = systable_beginscan(depend, DependReferenceIndexId, true, nullptr, 2, keys);
    bool empty = true;
    while (HeapTuple const row = systable_getnext(scan)) {
      auto* const form = (Form_pg_depend)GETSTRUCT(row);
      empty = empty && form->classid == RelationRelationId && form->objid == tracking;
    }
    systable_endscan(scan);
    table_close(depend, AccessShareLock);
    return empty;
  });
}

Tracking usable_tracking(Oid schema, const Target& target, const std::string& table, WhenLocked when_locked) {
  Tracking tracking = read_tracking(schema, table, target.set, when_locked);
  if (tracking.shape == TrackingShape::foreign) throw foreign_tracking_table(tracking.relation, table);
  if (tracking.shape == TrackingShape::denied) {
    throw PgError(ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for tracking table \"" + table + "\"", {},
                  "Migrate as a role that may read and write it: the schema's owner, by run_as => 'owner', or whoever "
                  "made the table.");
  }
  return tracking;
}

void require_rows(Oid schema, const Target& target, const std::string& table, std::size_t rows) {
  if (usable_tracking(schema, target, table, WhenLocked::wait).applied.size() == rows) return;
  throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the migration changes the rows of tracking table \"" + table + "\"", {},
                "If it means another tool's table, choose another name for ours with the setting "
                "tenancy.tracking_table.");
}

OutsideLock::OutsideLock(Oid schema) : schema_(schema) {
  bool const taken = guarded([=] {
    LOCKTAG const tag = outside_lock(schema);
    return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
  });
  if (taken) return;
  throw PgError(ERRCODE_LOCK_NOT_AVAILABLE, "a non-transactional migration is running there, in another session", {},
                "See pg_stat_activity; try again when it has ended.");
}

OutsideLock::~OutsideLock() {
  LOCKTAG const tag = outside_lock(schema_);
  LockRelease(&tag, ExclusiveLock, true);
}

bool OutsideLock::is_held(Oid schema) {
  return guarded([=] {
    LOCKTAG const tag = outside_lock(schema);
    const LockData* const locks = GetLockStatusData();
    return std::any_of(locks->locks, locks->locks + locks->nelements, [&](const LockInstanceData& lock) {
      return lock.holdMask != 0 && std::memcmp(&lock.locktag, &tag, sizeof tag) == 0;
    });
  });
}

namespace {

/// A row in doubt: was that migration interrupted, or is it at work right now?
void require_nobody_at_work(Oid schema, std::span<const core::AppliedMigration> rows) {
  bool const in_doubt = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.in_doubt; });
  if (in_doubt) OutsideLock const nobody(schema);
}

}  // namespace

TargetSession::TargetSession(const Settings& settings, const Target& target, RunAs run_as, bool in_fleet)
    : schema(require_schema(target.schema)), settings_(settings) {
  if (MigrationWatch::is_active()) {
    throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "a migration cannot run migrations");
  }
  if (in_fleet) limits_.emplace(kOwnPath, settings.lock_timeout, false);
  lock_store(StoreLock::to_apply);
  lock_target(schema, target.schema);
  if (!in_fleet) limits_.emplace(kOwnPath, settings.lock_timeout, false);
  role = role_for(target, run_as);
  search_path_.push_back(target.schema);
  for (const std::string& shared : settings.shared_schemas) {
    if (shared != target.schema) search_path_.push_back(shared);
  }
}

void TargetSession::run(const SqlScript& script, Oid confined_to, std::chrono::milliseconds lock_timeout,
                        std::chrono::milliseconds statement_timeout, Adapt adapt, bool quiet) {
  ScopedContext const memory(CurrentMemoryContext, "tenancy step");
  SettingsScope const settings(search_path_, lock_timeout, quiet);
  MigrationWatch watch(confined_to, search_path_.front(), tracking.relation, memory.get());
  // Nothing may be left to fire later, with the rights of whoever commits.
  if (role.restricted) make_constraints_immediate();
  run_script(script, statement_timeout, adapt, &MigrationWatch::check_objects);
  if (role.restricted || script.writes_data()) check_deferred_constraints();
  watch.drop_temporary_objects();
}

void TargetSession::read_tracking(const Target& target) {
  RoleScope const as_role(role);
  tracking = usable_tracking(schema, target, settings_.tracking_table, WhenLocked::wait);
  require_nobody_at_work(schema, tracking.applied);
}

std::vector<core::AppliedMigration> TargetSession::read_rows(const Target& of_set) const {
  RoleScope const as_role(role);
  std::vector<core::AppliedMigration> rows =
      usable_tracking(schema, of_set, settings_.tracking_table, WhenLocked::wait).applied;
  require_nobody_at_work(schema, rows);
  return rows;
}

void TargetSession::require_tracking(const Target& target) {
  if (tracking.shape != TrackingShape::missing) return;
  RoleScope const as_role(role);
  tracking.relation = create_tracking_table(target.schema, settings_.tracking_table);
  tracking.shape = TrackingShape::ours;
}

void TargetSession::require_same_tracking(const Target& target, std::size_t rows) const {
  require_rows(schema, target, settings_.tracking_table, rows);
}

}  // namespace tenancy
