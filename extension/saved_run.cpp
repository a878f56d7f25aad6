#include "extension/saved_run.h"

#include "extension/pins.h"

namespace tenancy {

namespace {

Query select_run(
    "SELECT operation, revision, state, policy OPERATOR(pg_catalog.->>) 'run_as',"
    "       policy OPERATOR(pg_catalog.->>) 'max_failures', policy OPERATOR(pg_catalog.->>) 'max_wave_failures',"
    "       policy OPERATOR(pg_catalog.->>) 'stop_after_canary',"
    "       (policy OPERATOR(pg_catalog.?|) '{canary,canary_tenants}'::pg_catalog.text[]), led_by"
    "  FROM tenancy.runs WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8");

Query select_left(
    "SELECT ordinal, wave, tenant, database, schema, migration_set, kind, held_at,"
    "       pg_catalog.array_to_string(versions_wanted, E'\\n'), server"
    "  FROM tenancy.run_targets"
    " WHERE run OPERATOR(pg_catalog.=) $1::pg_catalog.int8"
    "   AND (state OPERATOR(pg_catalog.=) ANY ('{pending,retrying}'::pg_catalog.text[])"
    "        OR state OPERATOR(pg_catalog.=) 'failed'"
    "           AND ($2 IS NOT NULL OR kind OPERATOR(pg_catalog.<>) 'tenant' AND database IS NULL))"
    " ORDER BY ordinal");

// The way back: tenants before what they share, the last ones first.
Query select_applied(
    "SELECT ordinal, 'all', tenant, database, schema, migration_set, kind, NULL,"
    "       pg_catalog.array_to_string(versions, E'\\n'), server"
    "  FROM tenancy.run_targets"
    " WHERE run OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND versions OPERATOR(pg_catalog.<>) '{}'::pg_catalog.text[]"
    " ORDER BY kind OPERATOR(pg_catalog.=) 'shared' OR kind OPERATOR(pg_catalog.=) 'combined' AND database IS NULL,"
    "          ordinal DESC");

Query wake(
    "UPDATE tenancy.runs SET state = 'running'"
    " WHERE id OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND state OPERATOR(pg_catalog.=) 'paused'"
    "   AND finished_at IS NULL AND tenancy.run_is_alive(id) RETURNING id");

Row require_run(std::int64_t run) {
  std::vector<Row> rows = select_run.run({std::to_string(run)});
  if (!rows.empty()) return std::move(rows.front());
  throw PgError(ERRCODE_UNDEFINED_OBJECT, "run " + std::to_string(run) + " does not exist", {}, "See tenancy.runs.");
}

std::vector<std::string> lines_of(const Value& text) {
  std::vector<std::string> lines;
  if (!text || text->empty()) return lines;
  std::size_t begin = 0;
  for (;;) {
    std::size_t const end = text->find('\n', begin);
    lines.push_back(text->substr(begin, end - begin));
    if (end == std::string::npos) return lines;
    begin = end + 1;
  }
}

/// Migrations for the shared schema run as the caller, so no other one may take its place: not by a change of settings,
/// nor by whoever may write to tenancy.run_targets.
void require_shared_schema(const Target& target, std::int64_t run) {
  std::string const shared = current_settings().shared_schemas.front();
  if (target.kind == core::TargetKind::tenant || target.schema == shared) return;
  throw PgError(
      ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
      "for run " + std::to_string(run) + " the shared schema is \"" + target.schema + "\", not \"" + shared + "\"", {},
      "Set tenancy.shared_schemas as it was then, see tenancy.runs.settings, or begin a new run.");
}

FleetTarget to_target(Row& row, std::int64_t run) {
  FleetTarget target;
  target.ordinal = static_cast<std::uint32_t>(std::stoul(*row[0]));
  target.target = {row[2].value_or(""), *row[4], core::parse_target_kind(*row[6]), *row[5], row[3].value_or("")};
  target.shared = target.target.kind != core::TargetKind::tenant && !row[3];
  target.held_at = std::move(row[7]);
  target.versions = lines_of(row[8]);
  if (row[9]) target.elsewhere = on_server(*row[9]);
  require_shared_schema(target.target, run);
  return target;
}

std::string database_of(const Tenant& tenant) { return tenant.is_here ? "" : tenant.database.value_or(""); }

/// The tenant, or one of the tenants, whose target this is; null when it is no longer registered there.
class Registered {
 public:
  Registered() : tenants_(select_tenants({})) {
    for (const Tenant& tenant : tenants_) {
      by_id_.emplace(tenant.id + '\0' + tenant.migration_set, &tenant);
      by_schema_.emplace(database_of(tenant) + '\0' + tenant.schema + '\0' + tenant.migration_set, &tenant);
    }
  }

  [[nodiscard]] const Tenant* find(const Target& target) const {
    const auto& index = target.tenant.empty() ? by_schema_ : by_id_;
    std::string const place = target.tenant.empty() ? target.database + '\0' + target.schema : target.tenant;
    auto const known = index.find(place + '\0' + target.set);
    if (known == index.end()) return nullptr;
    const Tenant& tenant = *known->second;
    bool const is_there = tenant.schema == target.schema && database_of(tenant) == target.database;
    return is_there ? &tenant : nullptr;
  }

 private:
  std::vector<Tenant> tenants_;
  std::unordered_map<std::string, const Tenant*> by_id_, by_schema_;
};

/// What the targets of a run that goes on are now: where they are may have changed, and what holds them.
void refresh(std::vector<FleetTarget>& targets, core::Direction direction, Migrator& migrator) {
  bool const up = direction == core::Direction::up;
  Registered const registered;
  Pins const pins(migrator.store());
  for (FleetTarget& target : targets) {
    const Target& place = target.target;
    if (target.goes_with_shared()) {
      hold(target, up && target.shared ? pins.at(place.schema) : core::PinnedSets());
      continue;
    }
    const Tenant* const now = registered.find(place);
    target.is_registered = now != nullptr;
    if (now == nullptr) continue;
    hold(target, up ? pins.at(*now) : core::PinnedSets());
    if (now->server) target.elsewhere = on_server(*now->server);
  }
}

std::optional<core::FailureBudget> budget(const Value& text) {
  if (!text) return std::nullopt;
  return core::parse_failure_budget(*text);
}

/// As whom the run was to migrate, unless the caller says it. The tenants' own functions would run with the rights of a
/// superuser who is the caller: that is not for whoever may write to tenancy.runs to say.
Value run_as_of(std::int64_t run, const Value& recorded, const Value& given) {
  if (given || recorded != "caller" || !guarded([] { return superuser(); })) return given ? given : recorded;
  throw PgError(ERRCODE_INSUFFICIENT_PRIVILEGE,
                "run " + std::to_string(run) + " was begun with run_as => 'caller', which a superuser has to say again",
                {}, "Say run_as => 'caller', or 'owner'.");
}

Request request_of(core::Direction direction, core::Revision revision, const Value& run_as) {
  Request request;
  request.direction = direction;
  request.revision = std::move(revision);
  request.run_as = run_as ? parse_run_as(*run_as) : current_settings().run_as;
  request.in_fleet = true;
  return request;
}

}  // namespace

bool wake_paused_run(std::int64_t run) {
  require_run_log_rights();
  require_run(run);
  if (wake.run({std::to_string(run)}).empty()) return false;
  guarded([=] { ereport(NOTICE, (errmsg("run %lld goes on, in its own session", static_cast<long long>(run)))); });
  return true;
}

RunPlan plan_resumption(Migrator& migrator, std::int64_t run, RetryFailed retry_failed, const Value& run_as) {
  Row const row = require_run(run);
  if (row[8] == "driver") {
    std::string const id = std::to_string(run);
    throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "run " + id + " is the driver's", {},
                  "The driver goes on with it: tenancy run " +
                      std::string(retry_failed == RetryFailed::yes ? "retry " : "resume ") + id + ".");
  }
  RunPlan plan;
  plan.operation = *row[0];
  plan.revision = *row[1];
  bool const rollback = plan.operation == "rollback";
  plan.request =
      request_of(plan.operation == "upgrade" ? core::Direction::up : core::Direction::down,
                 rollback ? core::Revision{core::Revision::Kind::base, 0, {}} : core::parse_revision(plan.revision),
                 run_as_of(run, row[3], run_as));
  plan.takes_shared_last = plan.operation != "upgrade";
  plan.policy.most_failures = budget(row[4]);
  plan.policy.most_wave_failures = budget(row[5]);
  plan.policy.stop_after_canary = row[6] == "true";
  bool const has_canary = row[7] == "t";
  plan.resumes = run;
  for (Row& target : select_left.run({std::to_string(run), retry_failed == RetryFailed::yes ? Value("t") : Value()})) {
    std::string const wave = *target[1];
    FleetTarget next = to_target(target, run);
    // A tier may be called like the wave of the shared schema, which no tenant may be in.
    if (plan.waves.empty() || plan.waves.back().name != wave ||
        plan.targets.back().goes_with_shared() != next.goes_with_shared()) {
      plan.waves.push_back({wave, has_canary && wave == "canary" && !next.goes_with_shared(), {}});
    }
    plan.waves.back().targets.push_back(plan.targets.size());
    plan.targets.push_back(std::move(next));
  }
  if (!plan.targets.empty()) {
    refresh(plan.targets, plan.request.direction, migrator);
    return plan;
  }
  throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "nothing is left of run " + std::to_string(run) + ", which is " + *row[2], {},
                retry_failed == RetryFailed::no
                    ? "CALL tenancy.retry_failed(" + std::to_string(run) + ") tries again what failed, if anything did."
                    : "");
}

RunPlan plan_rollback_run(Migrator& migrator, std::int64_t run, bool skip_irreversible, const Value& run_as) {
  Row const row = require_run(run);
  std::string const id = std::to_string(run);
  if (row[0] != "upgrade") {
    throw PgError(ERRCODE_FEATURE_NOT_SUPPORTED, "run " + id + " is a " + *row[0] + ", which cannot be rolled back", {},
                  "tenancy.migrate_all() and CALL tenancy.rollout() go forward again.");
  }
  // Not while somebody leads it.
  RunLock const lock(run);
  RunPlan plan;
  plan.operation = "rollback";
  plan.revision = "run " + id;
  plan.request = request_of(core::Direction::down, {core::Revision::Kind::base, 0, {}}, run_as_of(run, row[3], run_as));
  plan.takes_shared_last = true;
  plan.rolls_back = run;
  plan.all_or_nothing = !skip_irreversible;
  for (Row& target : select_applied.run({id})) plan.targets.push_back(to_target(target, run));
  if (!plan.targets.empty()) {
    refresh(plan.targets, core::Direction::down, migrator);
    return plan;
  }
  throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "run " + id + " has applied nothing", {}, "");
}

}  // namespace tenancy
