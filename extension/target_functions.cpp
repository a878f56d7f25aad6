// SQL functions that work on one target.
#include "extension/baseline.h"
#include "extension/checksum.h"
#include "extension/fleet_targets.h"
#include "extension/pins.h"
#include "extension/sql_call.h"
#include "extension/tracking.h"

namespace tenancy {

namespace {

using core::Direction;

RunAs run_as_argument(const Arguments& arguments, int position, const Settings& settings) {
  Value const text = arguments.optional_text(position);
  return text ? parse_run_as(*text) : settings.run_as;
}

void warn_about_skipped(const Target& target, const std::vector<std::string>& skipped) {
  std::string const label = target.label();
  for (const std::string& version : skipped) {
    guarded([&] {
      ereport(WARNING, (errmsg("%s: migration %s is pending, but older than the newest applied one, and is skipped",
                               label.c_str(), version.c_str())));
    });
  }
}

/// Of the sets that the target's own may require; its own pin is for fleet operations.
core::PinnedSets pins_for(Migrator& migrator, const Target& target) {
  if (migrator.store().depth(target.set) < 2) return {};
  return pins_in_schema(migrator.store(), target.schema);
}

using FindTarget = Target (*)(const Arguments&, const Value& set);

/// Does what is asked of one target, in this transaction. Arguments from `first` on: revision, migration_set, run_as.
TargetResult carry_out(const Arguments& arguments, Direction direction, FindTarget find, int first) {
  ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
  Migrator migrator(memory.get());
  Value const set = arguments.optional_text(first + 1);
  migrator.store().require(set);
  Request request{direction, core::parse_revision(arguments.required_text(first, "revision")),
                  run_as_argument(arguments, first + 2, migrator.settings())};
  Target const target = find(arguments, set);
  request.pins = pins_for(migrator, target);
  TargetResult result = migrator.migrate(target, request);
  warn_about_skipped(target, result.skipped);
  return result;
}

/// migrate_schema and its kin: a row per step.
Datum migrate(FunctionCallInfo fcinfo, Direction direction, FindTarget find, int first) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    TargetResult const result = carry_out(arguments, direction, find, first);
    std::int64_t number = 0;
    for (const StepResult& step : result.steps) {
      rows.add({++number, to_cell(step.set), to_cell(step.version), to_cell(step.description),
                to_string(step.direction), step.duration});
    }
    return Datum(0);
  });
}

Target any_schema(const std::string& schema, const Value& set) {
  Settings const settings = current_settings();
  if (schema == settings.shared_schemas.front()) {
    return shared_target(settings, set.value_or(std::string(core::kDefaultSet)));
  }
  return schema_target(schema, set);
}

/// plan_upgrade and plan_downgrade: a row per step that would be taken. Arguments: schema, revision, migration_set.
Datum plan(FunctionCallInfo fcinfo, Direction direction) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    Value const set = arguments.optional_text(2);
    migrator.store().require(set);
    Request request{direction, core::parse_revision(arguments.required_text(1, "revision")),
                    migrator.settings().run_as};
    Target const target = any_schema(arguments.required_text(0, "schema"), set);
    request.pins = pins_for(migrator, target);
    core::Plan const plan = migrator.plan(target, request);
    std::int64_t number = 0;
    for (const core::Step& step : plan.steps) {
      const core::StoredMigration& migration = step.stored();
      rows.add({++number, to_cell(step.set->name()), to_cell(migration.version), to_cell(migration.description),
                to_string(step.direction), migration.transactional});
    }
    return Datum(0);
  });
}

/// For what is the same in every set.
const Value kAnySet{std::string(core::kDefaultSet)};

Target by_schema(const Arguments& arguments, const Value& set) {
  return schema_target(arguments.required_text(0, "schema"), set);
}

Target by_tenant(const Arguments& arguments, const Value& set) {
  std::string const id = arguments.required_text(0, "tenant");
  std::optional<Tenant> const tenant = find_tenant(id);
  if (!tenant) {
    throw PgError(ERRCODE_UNDEFINED_OBJECT, "tenant \"" + id + "\" is not registered", {},
                  "See tenancy.tenants; register it with tenancy.register_tenant() or make it with "
                  "tenancy.create_tenant().");
  }
  if (!tenant->is_here) {
    throw PgError(ERRCODE_FEATURE_NOT_SUPPORTED, "tenant \"" + id + "\" lives in " + tenant->place(), {},
                  tenant->server ? "Connect to that database and migrate it there."
                                 : "CALL tenancy.migrate_targets() reaches it from here, and fleet operations do.");
  }
  return any_schema(tenant->schema, set ? set : Value(tenant->migration_set));
}

/// The rows of a schema's tracking table, oldest first. Throws PgError for a table that is not ours to read.
std::vector<HistoryRow> history_of(const std::string& schema) {
  std::string const table = current_settings().tracking_table;
  std::vector<HistoryRow> rows;
  Oid const place = require_schema(schema);
  TrackingShape const shape = read_history(place, table, rows);
  if (shape == TrackingShape::foreign) {
    throw foreign_tracking_table(guarded([&] { return get_relname_relid(table.c_str(), place); }), table);
  }
  if (shape == TrackingShape::denied) {
    throw PgError(ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for tracking table \"" + table + "\"");
  }
  std::sort(rows.begin(), rows.end(), [](const HistoryRow& left, const HistoryRow& right) {
    return std::tie(left.applied_at, left.set) < std::tie(right.applied_at, right.set);
  });
  return rows;
}

/// With a kind it is in a database of tenants that another database knows: that one says what is migrated here, and
/// this database's owner counts as in visits from there.
Target shared_schema(const Value& set, const Value& kind_text) {
  Settings const settings = current_settings();
  std::string name = set.value_or(std::string(core::kDefaultSet));
  if (!kind_text) return shared_target(settings, name);
  core::TargetKind const kind = core::parse_target_kind(*kind_text);
  if (kind == core::TargetKind::tenant) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "the shared schema is not one tenant's", {},
                  "Say shared or combined, or use tenancy.migrate_schema() or tenancy.downgrade_schema().");
  }
  const char* database = nullptr;
  guarded([&] { database = get_database_name(MyDatabaseId); });
  return {{}, settings.shared_schemas.front(), kind, std::move(name), database};
}

Target shared_by_call(const Arguments& arguments, const Value& set) {
  return shared_schema(set, arguments.optional_text(3));
}

Target by_place(const Arguments& arguments, const Value& set) {
  std::string const schema = arguments.required_text(0, "schema");
  if (schema == current_settings().shared_schemas.front()) return shared_schema(set, arguments.optional_text(4));
  return schema_target(schema, set);
}

/// Arguments from `first` on: migration sets, and the digest that what is stored of them must have, or NULL.
bool has_store(const Arguments& arguments, int first) {
  Value const digest = arguments.optional_text(first + 1);
  if (!digest) return true;
  std::vector<core::StoredDigest> stored;
  for (const std::string& set : arguments.texts(first, "store_sets")) {
    std::vector<core::StoredDigest> of_set = stored_digests(set);
    std::move(of_set.begin(), of_set.end(), std::back_inserter(stored));
  }
  return digest == core::digest_of(std::move(stored), checksum);
}

/// upgrade_target and downgrade_target: a row per step, or one without a step; each tells of the way as a whole. None
/// where the store is not the one that is asked for.
Datum migrate_and_tell(FunctionCallInfo fcinfo, Direction direction) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    if (!has_store(arguments, 5)) return Datum(0);
    TargetResult const result = carry_out(arguments, direction, by_place, 1);
    Cell const skipped = std::span<const std::string>(result.skipped);
    for (const StepResult& step : result.steps) {
      rows.add({to_cell(result.from), to_cell(result.to), to_cell(step.version), to_cell(step.description),
                std::int64_t{step.duration.count()}, to_cell(step.set), skipped});
    }
    if (result.steps.empty()) rows.add({to_cell(result.from), to_cell(result.to), {}, {}, {}, {}, skipped});
    return Datum(0);
  });
}

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_migrate_schema) { return migrate(fcinfo, Direction::up, by_schema, 1); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_schema) { return migrate(fcinfo, Direction::down, by_schema, 1); }
TENANCY_SQL_FUNCTION(tenancy_migrate_tenant) { return migrate(fcinfo, Direction::up, by_tenant, 1); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_tenant) { return migrate(fcinfo, Direction::down, by_tenant, 1); }
TENANCY_SQL_FUNCTION(tenancy_migrate_public) { return migrate(fcinfo, Direction::up, shared_by_call, 0); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_public) { return migrate(fcinfo, Direction::down, shared_by_call, 0); }
TENANCY_SQL_FUNCTION(tenancy_upgrade_target) { return migrate_and_tell(fcinfo, Direction::up); }
TENANCY_SQL_FUNCTION(tenancy_downgrade_target) { return migrate_and_tell(fcinfo, Direction::down); }
TENANCY_SQL_FUNCTION(tenancy_plan_upgrade) { return plan(fcinfo, Direction::up); }
TENANCY_SQL_FUNCTION(tenancy_plan_downgrade) { return plan(fcinfo, Direction::down); }

TENANCY_SQL_FUNCTION(tenancy_history) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    std::string const schema = arguments.required_text(0, "schema");
    for (const HistoryRow& row : for_target(Target{{}, schema}, [&] { return history_of(schema); })) {
      rows.add({to_cell(row.set), to_cell(row.version), to_cell(row.description), to_cell(row.checksum),
                to_cell(row.state), row.applied_at == 0 ? Cell() : Cell(Moment{row.applied_at}),
                to_cell(row.applied_by), row.duration});
    }
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_shared_schemas) {
  return sql_entry([] {
    Settings const settings = current_settings();
    return guarded([&] {
      ArrayBuildState* schemas = initArrayResult(TEXTOID, CurrentMemoryContext, false);
      for (const std::string& schema : settings.shared_schemas) {
        schemas = accumArrayResult(schemas, CStringGetTextDatum(schema.c_str()), false, TEXTOID, CurrentMemoryContext);
      }
      return makeArrayResult(schemas, CurrentMemoryContext);
    });
  });
}

TENANCY_SQL_FUNCTION(tenancy_tracking_table) {
  return sql_entry([] { return text_datum(current_settings().tracking_table); });
}

TENANCY_SQL_FUNCTION(tenancy_start_tracking) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    migrator.start_tracking(any_schema(arguments.required_text(0, "schema"), kAnySet),
                            run_as_argument(arguments, 1, migrator.settings()));
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_run_in_schema) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    migrator.run_sql(by_schema(arguments, kAnySet), arguments.required_text(1, "sql"),
                     run_as_argument(arguments, 2, migrator.settings()));
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_resolve) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    std::string const state = arguments.required_text(2, "state");
    if (state != "applied" && state != "pending") {
      throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "state \"" + state + "\" is not known", {},
                    "Say 'applied' or 'pending'.");
    }
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    Value const set = arguments.optional_text(3);
    migrator.store().require(set);
    Target const target = any_schema(arguments.required_text(0, "schema"), set);
    std::string const version = arguments.required_text(1, "version");
    RunAs const run_as = run_as_argument(arguments, 4, migrator.settings());
    if (state == "applied") {
      migrator.record_applied(target, version, run_as);
    } else {
      migrator.record_pending(target, version, run_as);
    }
    return Datum(0);
  });
}

TENANCY_SQL_FUNCTION(tenancy_baseline) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    Value const set = arguments.optional_text(4);
    migrator.store().require(set);
    Target const target = any_schema(arguments.required_text(0, "schema"), set);
    Baseline const baseline =
        record_baseline(migrator, target,
                        {core::parse_revision(arguments.required_text(1, "revision")), arguments.optional_text(2),
                         arguments.boolean(3, false), run_as_argument(arguments, 5, migrator.settings())});
    rows.add({to_cell(baseline.revision), static_cast<std::int64_t>(baseline.recorded),
              std::span<const std::string>(baseline.differences)});
    return Datum(0);
  });
}

}  // namespace tenancy
