#include "extension/target.h"

#include <map>

#include "extension/enum_values.h"
#include "extension/outside_step.h"
#include "extension/own_transaction.h"
#include "extension/target_sets.h"
#include "extension/tool_table.h"

namespace tenancy {

namespace {

PgError not_transactional(const std::string& own, const core::Plan& plan, const core::Step& step) {
  bool const up = step.direction == core::Direction::up;
  const std::string& set = step.set->name();
  std::string by_hand = "run its statements with psql and record that with tenancy.resolve(schema, '" +
                        step.stored().version + (up ? "', 'applied'" : "', 'pending'") +
                        (set == core::kDefaultSet ? "" : ", '" + set + "'") + ").";
  const core::Step* before = nullptr;
  for (const core::Step& one : plan.steps) {
    if (one == step) break;
    if (one.set->name() == own) before = &one;
  }
  if (before != nullptr) {
    const std::string& revision = up ? before->stored().version : (*step.set)[step.migration].version;
    by_hand = "go to revision '" + revision + "', " + by_hand;
  }
  std::string name = step.name(own);
  if (!up) name.erase(0, std::string_view("downgrade of ").size());
  return {ERRCODE_FEATURE_NOT_SUPPORTED, name + " runs outside of a transaction, which takes a background worker",
          "It is marked MIGRATION_TRANSACTION: off.",
          std::string(up ? "CALL tenancy.rollout()" : "CALL tenancy.downgrade_rollout()") +
              " runs it, with a concurrency of 1 or more. By hand: " + by_hand};
}

/// What another tool has applied must not be applied a second time. Where our tracking table is, somebody has decided.
void require_adopted(const Target& target, Oid schema, const Tracking& tracking, const TargetRole& role,
                     const core::Plan& plan, bool wait) {
  bool const begins = tracking.shape == TrackingShape::missing && !plan.steps.empty();
  if (!begins || plan.steps.front().direction == core::Direction::down) return;
  RoleScope const as_role(role);
  std::optional<core::ToolTrace> const trace = find_tool_trace(schema, wait);
  if (!trace) return;
  throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                trace->names + " has applied migrations there, and none of them is recorded here",
                "They are in table \"" + trace->tool->table + "\".",
                "SELECT * FROM tenancy.adopt('" + trace->tool->name +
                    "') says what they are, and takes them over. If they have nothing to do with these migrations, "
                    "call tenancy.start_tracking('" +
                    target.schema + "') first.");
}

/// Any migration of the set by its exact version, a versioned one also as revisions name it.
std::size_t meant_by(const core::MigrationSet& set, const std::string& version) {
  std::optional<std::size_t> const exact = set.find(version);
  return exact ? *exact : core::resolve_version(set, version);
}

}  // namespace

std::string Target::label() const {
  std::string const where = database.empty() ? "" : "database \"" + database + "\", ";
  std::string const place = where + "schema \"" + schema + "\"";
  if (tenant.empty()) return place;
  if (tenant == schema && database.empty()) return "tenant \"" + tenant + "\"";
  return "tenant \"" + tenant + "\" (" + place + ")";
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

Migrator::Migrator(MemoryContext context) : context_(context), settings_(current_settings()), store_(context) {}

Migrator::Migrator(MemoryContext context, MigrationBundle bundle)
    : context_(context), settings_(current_settings()), store_(context, std::move(bundle)) {}

core::Plan Migrator::make_plan(const Target& target, const Request& request, core::SetHistories& histories) {
  core::PlanRequest plan{.direction = request.direction,
                         .revision = request.revision,
                         .pins = request.pins,
                         .versions = request.versions,
                         .out_of_order = settings_.out_of_order};
  if (request.outside != Outside::refuse) plan.in_doubt = core::InDoubt::retry;
  if (request.held_at && request.direction == core::Direction::up) plan.pin = core::parse_revision(*request.held_at);
  return core::plan_target(target.set, target.kind, plan, histories);
}

void Migrator::check_request(const Target& target, const Request& request) {
  const core::MigrationSet& set = store_.set(target.set);
  if (request.direction == core::Direction::down) {
    (void)core::plan_downgrade(set, target.kind, {}, request.revision);
  } else {
    (void)core::plan_upgrade(set, target.kind, {}, request.revision, settings_.out_of_order);
  }
}

core::Plan Migrator::plan(const Target& target, const Request& request) {
  return for_target(target, [&] {
    Oid const schema = require_schema(target.schema);
    TargetRole const role = role_for(target, request.run_as);
    auto const read = [&](const Target& of_set) {
      RoleScope const as_role(role);
      Tracking tracking = usable_tracking(schema, of_set, settings_.tracking_table, WhenLocked::tell);
      if (tracking.shape != TrackingShape::locked) return tracking;
      throw PgError(ERRCODE_LOCK_NOT_AVAILABLE,
                    "tracking table \"" + settings_.tracking_table + "\" is locked by another session");
    };
    Tracking const tracking = read(target);
    TargetHistories histories(store_, target, tracking.applied,
                              [&](const Target& of_set) { return read(of_set).applied; });
    core::Plan plan = make_plan(target, request, histories);
    require_adopted(target, schema, tracking, role, plan, false);
    (void)require_variables(target, request, role.role, plan);
    return plan;
  });
}

std::size_t Migrator::steps_inside(const Target& target, const core::Plan& plan) {
  std::optional<bool> empty;
  auto const runs_inside = [&](const core::Step& step) {
    if (step.stored().transactional) return true;
    if (step.direction == core::Direction::down || step.in_doubt || target.kind != core::TargetKind::tenant ||
        store_.runnable(step.set->name(), step.migration).allow_outside) {
      return false;
    }
    if (!empty) empty = is_empty_schema(target.schema, settings_.tracking_table);
    return *empty;
  };
  return std::find_if_not(plan.steps.begin(), plan.steps.end(), runs_inside) - plan.steps.begin();
}

std::size_t Migrator::first_part(const Target& target, const Request& request, const TargetSession& session,
                                 const core::Plan& plan) {
  std::size_t const inside = steps_inside(target, plan);
  if (!request.in_parts || session.is_new) return inside;
  auto const adds_value = [&](const core::Step& step) {
    return step.direction == core::Direction::up && store_.runnable(step.set->name(), step.migration).adds_enum_value;
  };
  auto const end = plan.steps.begin() + inside;
  auto const last = std::find_if(plan.steps.begin(), end, adds_value);
  return last == end ? inside : last - plan.steps.begin() + 1;
}

void Migrator::require_transactional(const Target& target, const core::Plan& plan) {
  std::size_t const inside = steps_inside(target, plan);
  if (inside == plan.steps.size()) return;
  throw not_transactional(target.set, plan, plan.steps[inside]);
}

bool Migrator::is_transactional(const Target& target, const core::Plan& plan) {
  return steps_inside(target, plan) == plan.steps.size();
}

TargetSync Migrator::synced(const Target& target, const TargetSession& session,
                            std::span<const core::AppliedMigration> applied, std::span<const core::Step> steps) {
  const core::MigrationSet& set = store_.set(target.set);
  TargetSync sync(store_.synced_tool(target.set), set, target.schema, applied);
  if (!store_.synced_tool(target.set)) return sync;
  // The store is read as the caller.
  std::map<std::size_t, core::ToolFile> files;
  std::vector<core::Step> own;
  for (const core::Step& step : steps) {
    if (step.set != &set) continue;
    own.push_back(step);
    files.emplace(step.migration, store_.runnable(target.set, step.migration).file);
  }
  auto const file_of = [&](std::size_t index) { return files.at(index); };
  RoleScope const as_role(session.role);
  sync.check(own, file_of);
  return sync;
}

SetWork Migrator::set_work(const Target& target, const core::MigrationSet& set, const TargetSession& session,
                           core::SetHistories& histories, const SetVariables& variables,
                           std::span<const core::Step> steps) {
  Target of_set = with_set(target, set.name());
  std::span<const core::AppliedMigration> const applied = histories.applied(set.name());
  auto const values = variables.find(&set);
  TargetSync sync = synced(of_set, session, applied, steps);
  return {std::move(of_set), values == variables.end() ? std::nullopt : std::optional(values->second), std::move(sync),
          applied.size()};
}

void Migrator::run_step(SetWork& work, TargetSession& session, const core::Step& step, bool quiet,
                        TargetResult& result) {
  const Target& target = work.target;
  const core::StoredMigration& stored = step.stored();
  const RunnableMigration& migration = store_.runnable(target.set, step.migration);
  bool const confined = target.kind == core::TargetKind::tenant && !migration.allow_outside;
  try {
    TargetScript const own_script(migration.sql(step.direction), work.variables);
    const SqlScript& script = own_script.get();
    RoleScope const as_role(session.role);
    TimestampTz const begin = GetCurrentTimestamp();
    std::optional<NewEnumValues> new_values;
    if (session.is_new && confined) new_values.emplace();
    session.run(script, confined ? session.schema : InvalidOid, migration.lock_timeout.value_or(settings_.lock_timeout),
                migration.statement_timeout.value_or(settings_.statement_timeout),
                stored.transactional ? Adapt::no : Adapt::to_a_transaction, quiet);
    require_unchanged(session.schema, target.schema);
    if (new_values) new_values->allow();
    if (script.writes_data()) session.require_same_tracking(target, work.tracked);
    std::chrono::microseconds const duration(GetCurrentTimestamp() - begin);
    if (step.direction == core::Direction::down || step.again) {
      work.tracked -= delete_tracking_rows(session.tracking.relation, target.set, stored.version);
    }
    if (step.direction == core::Direction::up) {
      insert_tracking_row(session.tracking.relation,
                          {target.set, stored.version, stored.description, stored.checksum, duration});
      ++work.tracked;
    }
    work.sync.record(step.migration, step.direction, migration.file);
    result.steps.push_back({target.set, stored.version, stored.description, step.direction, duration});
  } catch (PgError& error) {
    error.prefix(step.name(result.set));
    throw;
  }
}

TargetResult Migrator::migrate(const Target& target, const Request& request) {
  return for_target(target, [&] {
    TargetSession session(settings_, target, request.run_as, request.in_fleet);
    session.read_tracking(target);
    TargetHistories histories(store_, target, session.tracking.applied,
                              [&](const Target& of_set) { return session.read_rows(of_set); });
    core::Plan plan = make_plan(target, request, histories);
    require_adopted(target, session.schema, session.tracking, session.role, plan, true);
    if (request.outside == Outside::refuse) require_transactional(target, plan);
    SetVariables const variables = require_variables(target, request, session.role.role, plan);
    const core::MigrationSet& set = store_.set(target.set);
    session.is_new = plan.steps.size() > 1 && session.tracking.applied.empty() &&
                     is_empty_schema(target.schema, settings_.tracking_table);
    std::size_t const count = first_part(target, request, session, plan);
    bool const more = count < plan.steps.size();
    plan = core::first_steps(set, target.kind, session.tracking.applied, std::move(plan), count);
    if (request.on_begin) request.on_begin(plan.from);
    TargetResult result;
    result.set = target.set;
    result.from = plan.from;
    result.to = plan.to;
    result.more = more;
    for (std::size_t const index : plan.skipped) result.skipped.push_back(set[index].version);
    if (plan.steps.empty()) return result;
    std::map<const core::MigrationSet*, SetWork> works;
    for (const core::Step& step : plan.steps) {
      if (works.contains(step.set)) continue;
      works.emplace(step.set, set_work(target, *step.set, session, histories, variables, plan.steps));
    }
    session.require_tracking(target);
    for (const core::Step& step : plan.steps) {
      if (request.on_step) {
        request.on_step(core::version_label(target.set, step.set->name(), step.stored().version));
      }
      run_step(works.at(step.set), session, step, request.in_fleet, result);
    }
    return result;
  });
}

TargetResult Migrator::migrate_outside(const Target& target, const Request& request,
                                       const InTrackingTransaction& in_tracking_transaction) {
  return for_target(target, [&] {
    std::optional<TargetResult> result;
    for (;;) {
      // Released behind the transaction, however that ends.
      std::optional<OutsideLock> lock;
      std::optional<OutsideStep> step;
      own_transaction([&] {
        TargetSession session(settings_, target, request.run_as, request.in_fleet);
        lock.emplace(session.schema);
        session.read_tracking(target);
        const core::MigrationSet& set = store_.set(target.set);
        TargetHistories histories(store_, target, session.tracking.applied,
                                  [&](const Target& of_set) { return session.read_rows(of_set); });
        core::Plan const plan = make_plan(target, request, histories);
        require_adopted(target, session.schema, session.tracking, session.role, plan, true);
        SetVariables const variables = require_variables(target, request, session.role.role, plan);
        if (!result) {
          if (request.on_begin) request.on_begin(plan.from);
          result.emplace();
          result->set = target.set;
          result->from = plan.from;
          for (std::size_t const index : plan.skipped) result->skipped.push_back(set[index].version);
        }
        result->to = core::first_steps(set, target.kind, session.tracking.applied, plan, 0).to;
        result->more = !plan.steps.empty();
        if (plan.steps.empty() || steps_inside(target, plan) > 0) return;
        const core::Step& next = plan.steps.front();
        if (request.on_step) {
          request.on_step(core::version_label(target.set, next.set->name(), next.stored().version));
        }
        step.emplace(settings_, set_work(target, *next.set, session, histories, variables, {&next, 1}), target.set,
                     store_.runnable(next.set->name(), next.migration), next, session, request.in_fleet);
      });
      if (!step) return *std::move(result);
      result->steps.push_back(step->carry_out(in_tracking_transaction));
    }
  });
}

void Migrator::start_tracking(const Target& target, RunAs run_as) {
  for_target(target, [&] {
    TargetSession session(settings_, target, run_as, false);
    session.read_tracking(target);
    session.require_tracking(target);
  });
}

void Migrator::run_sql(const Target& target, const std::string& sql, RunAs run_as) {
  for_target(target, [&] {
    TargetSession session(settings_, target, run_as, false);
    session.read_tracking(target);
    SqlScript const script({sql}, {}, context_);
    check_statements(script, true, target.kind == core::TargetKind::tenant);
    RoleScope const as_role(session.role);
    session.run(script, target.kind == core::TargetKind::tenant ? session.schema : InvalidOid, settings_.lock_timeout,
                settings_.statement_timeout, Adapt::no, false);
    require_unchanged(session.schema, target.schema);
  });
}

void Migrator::record_applied(const Target& target, const std::string& version, RunAs run_as) {
  for_target(target, [&] {
    const core::MigrationSet& set = store_.set(target.set);
    std::size_t const index = meant_by(set, version);
    const core::StoredMigration& stored = set[index];
    if (!core::applies_to(stored.scope, target.kind)) {
      throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "migration " + stored.version + " has scope " +
                                                         std::string(to_string(stored.scope)) +
                                                         " and does not apply here");
    }
    TargetSession session(settings_, target, run_as, false);
    session.read_tracking(target);
    TargetSync sync = synced(target, session, session.tracking.applied, {});
    core::ToolFile const file = store_.runnable(target.set, index).file;
    session.require_tracking(target);
    RoleScope const as_role(session.role);
    delete_tracking_rows(session.tracking.relation, target.set, stored.version);
    insert_tracking_row(session.tracking.relation,
                        {target.set, stored.version, stored.description, stored.checksum, {}});
    sync.record(index, core::Direction::up, file);
  });
}

void Migrator::record_pending(const Target& target, const std::string& version, RunAs run_as) {
  for_target(target, [&] {
    const core::MigrationSet& set = store_.set(target.set);
    TargetSession session(settings_, target, run_as, false);
    session.read_tracking(target);
    // What the store does not know can be taken out too, by its exact version.
    bool const recorded = std::any_of(session.tracking.applied.begin(), session.tracking.applied.end(),
                                      [&](const core::AppliedMigration& row) { return row.version == version; });
    std::string const exact = recorded ? version : set[meant_by(set, version)].version;
    TargetSync sync = synced(target, session, session.tracking.applied, {});
    std::optional<std::size_t> const index = set.find(exact);
    core::ToolFile const file = index ? store_.runnable(target.set, *index).file : core::ToolFile();
    RoleScope const as_role(session.role);
    if (session.tracking.shape == TrackingShape::missing ||
        delete_tracking_rows(session.tracking.relation, target.set, exact) == 0) {
      throw PgError(ERRCODE_UNDEFINED_OBJECT,
                    "migration " + exact + " of set " + target.set + " is not recorded as applied");
    }
    if (index) sync.record(*index, core::Direction::down, file);
  });
}

}  // namespace tenancy
