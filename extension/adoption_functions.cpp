// The SQL function tenancy.adopt.
#include "extension/adoption.h"
#include "extension/fleet_call.h"
#include "extension/lock_budget.h"

namespace tenancy {

namespace {

enum Argument : int {
  kTool,
  kDryRun,
  kFilter,  // pattern, tier, labels, statuses, migration_set
  kSet = kFilter + 4,
  kRunAs,
  kTableName,
  kTableSchema,
  kVersionColumn,
  kApp,
};

core::HistoryTool tool_argument(const Arguments& arguments) {
  std::string const name = arguments.required_text(kTool, "tool");
  Value const column = arguments.optional_text(kVersionColumn);
  core::HistoryTool tool;
  if (column && !core::is_history_tool(name)) {
    tool = {.name = name, .table = name, .naming = core::ToolNaming::file_name, .version = *column};
  } else {
    tool = core::find_history_tool(name);
    if (column) tool.version = *column;
  }
  if (Value const table = arguments.optional_text(kTableName)) tool.table = *table;
  return tool;
}

AdoptionRequest request_of(const Arguments& arguments, const Settings& settings) {
  AdoptionRequest request;
  request.tool = tool_argument(arguments);
  request.schema = arguments.optional_text(kTableSchema);
  if (!request.schema && !request.tool.schema.empty()) request.schema = request.tool.schema;
  request.group = arguments.optional_text(kApp).value_or("");
  Value const run_as = arguments.optional_text(kRunAs);
  request.run_as = run_as ? parse_run_as(*run_as) : settings.run_as;
  if (!request.group.empty() && request.tool.group.empty()) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, request.tool.name + " does not record whose a migration is", {},
                  "Leave out app: it is for Django's apps and sqitch's projects.");
  }
  if (!request.schema && request.tool.table == settings.tracking_table) {
    throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                  "\"" + settings.tracking_table + "\" is the table of " + request.tool.name +
                      " and the name of our tracking tables",
                  "Both cannot be in one schema.",
                  "Choose another name for ours: ALTER DATABASE … SET tenancy.tracking_table = 'tenancy_migrations', "
                  "and start a new session.");
  }
  return request;
}

/// With `set`, it is meant in each target, in place of the tenant's own.
std::vector<FleetTarget> targets_of(const TenantFilter& filter, const Value& set, Migrator& migrator) {
  std::vector<FleetTarget> targets = fleet_targets(filter, {}, migrator.store(), migrator.settings());
  if (!set) return targets;
  std::erase_if(targets, [](const FleetTarget& target) { return target.shared; });
  for (FleetTarget& target : targets) target.target.set = *set;
  std::vector<std::string> const shared = Store::shared_sets();
  if (std::find(shared.begin(), shared.end(), *set) != shared.end()) {
    FleetTarget first;
    first.target = shared_target(migrator.settings(), *set);
    first.shared = true;
    targets.insert(targets.begin(), std::move(first));
  }
  return targets;
}

/// A row of the result.
struct Answer {
  std::string state;
  std::string revision{};
  std::int64_t versions = 0;
  std::string detail{};
};

Answer answer_of(const core::Adoption& adoption, bool dry_run) {
  bool const done = !dry_run && adoption.verdict == core::AdoptionVerdict::adoptable;
  return {done ? "adopted" : std::string(to_string(adoption.verdict)), adoption.revision,
          static_cast<std::int64_t>(adoption.applied.size()), adoption.detail};
}

Answer take(Migrator& migrator, const FleetTarget& target, const AdoptionRequest& request, bool dry_run) {
  if (!target.elsewhere.empty()) return {"elsewhere", {}, 0, "it lives on " + target.elsewhere};
  if (!target.target.database.empty()) {
    return {"elsewhere", {}, 0, "it lives in database \"" + target.target.database + "\""};
  }
  Subtransaction subtransaction;
  try {
    core::Adoption const adoption =
        dry_run ? look_at_adoption(migrator, target.target, request) : adopt(migrator, target.target, request);
    subtransaction.commit();
    return answer_of(adoption, dry_run);
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (error.stops_the_run()) throw;
    const std::string& hint = error.report().hint;
    return {"failed", {}, 0, error.what() + (hint.empty() ? "" : ". " + hint)};
  }
}

bool is_left(const Answer& answer) {
  return answer.state != "adopted" && answer.state != "tracked" && answer.state != "empty";
}

void warn_about_left(std::size_t left, std::size_t all) {
  if (left == 0) return;
  guarded([=] {
    ereport(WARNING, (errmsg("%zu of %zu targets were not adopted", left, all),
                      errhint("Their state and detail say why; they are as they were.")));
  });
}

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_adopt) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    ScopedContext const target_memory(CurrentMemoryContext, "tenancy target");
    Migrator migrator(memory.get());
    bool const dry_run = arguments.boolean(kDryRun, true);
    Value const set = arguments.optional_text(kSet);
    migrator.store().require(set);
    AdoptionRequest const request = request_of(arguments, migrator.settings());
    TenantFilter filter = filter_arguments(arguments, kFilter);
    filter.migration_set.reset();
    std::vector<FleetTarget> const targets = targets_of(filter, set, migrator);
    warn_about_nobody(filter, targets);
    std::optional<LockBudget> budget;
    if (!dry_run) budget.emplace(targets.size());
    CacheTrimmer trimmer;
    std::size_t left = 0;
    for (const FleetTarget& target : targets) {
      TemporaryContext const answer_memory(target_memory.get());
      Answer const answer = take(migrator, target, request, dry_run);
      rows.add({cell_or_null(target.target.tenant), to_cell(target.target.schema), to_cell(target.target.set),
                to_cell(answer.state), cell_or_null(answer.revision), answer.versions, cell_or_null(answer.detail)});
      left += is_left(answer) ? 1 : 0;
      trimmer.target_done();
      if (budget) budget->target_done();
    }
    if (!dry_run) warn_about_left(left, targets.size());
    return Datum(0);
  });
}

}  // namespace tenancy
