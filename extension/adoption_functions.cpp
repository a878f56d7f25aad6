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
  kTenants,
};

AdoptionRequest request_of(const Arguments& arguments, const Settings& settings) {
  AdoptionRequest request;
  core::ToolWords const words{.tool = arguments.required_text(kTool, "tool"),
                              .table = arguments.optional_text(kTableName),
                              .schema = arguments.optional_text(kTableSchema),
                              .version_column = arguments.optional_text(kVersionColumn),
                              .app = arguments.optional_text(kApp)};
  request.source = core::tool_source(words, settings.tracking_table);
  Value const run_as = arguments.optional_text(kRunAs);
  request.run_as = run_as ? parse_run_as(*run_as) : settings.run_as;
  return request;
}

/// With `set`, it is meant in each target, in place of the tenant's own.
std::vector<FleetTarget> targets_of(const TenantFilter& filter, const Value& set, Migrator& migrator) {
  std::vector<FleetTarget> targets = fleet_targets(filter, {}, migrator.store(), migrator.settings());
  if (!set) return targets;
  std::erase_if(targets, [](const FleetTarget& target) { return target.shared; });
  for (FleetTarget& target : targets) target.target.set = *set;
  auto const further_sets =
      std::unique(targets.begin(), targets.end(),
                  [](const FleetTarget& one, const FleetTarget& other) { return one.place() == other.place(); });
  targets.erase(further_sets, targets.end());
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

/// Is there anything to be recorded, here or there?
bool is_adoptable(const core::Adoption& adoption) {
  return adoption.verdict == core::AdoptionVerdict::adoptable || !adoption.unwritten.empty();
}

Answer answer_of(const core::Adoption& adoption, bool adopted) {
  bool const done = adopted && is_adoptable(adoption);
  return {done ? "adopted" : std::string(to_string(adoption.verdict)), adoption.revision,
          static_cast<std::int64_t>(adoption.applied.size()),
          done && !adoption.unwritten.empty() ? std::string() : adoption.detail};
}

/// `room` is NULL in a dry run. What is left for want of room is adoptable still.
Answer take(Migrator& migrator, const FleetTarget& target, const AdoptionRequest& request, LockRoom* room) {
  if (!target.elsewhere.empty()) return {"elsewhere", {}, 0, "it lives on " + target.elsewhere};
  if (!target.target.database.empty()) {
    return {"elsewhere", {}, 0, "it lives in database \"" + target.target.database + "\""};
  }
  Subtransaction subtransaction;
  try {
    // A look keeps no lock, and most targets of a second call need no more than that.
    core::Adoption adoption = look_at_adoption(migrator, target.target, request);
    bool const may_adopt = is_adoptable(adoption);
    bool const adopts = may_adopt && room != nullptr && room->has_room();
    if (adopts) adoption = adopt(migrator, target.target, request);
    subtransaction.commit();
    if (may_adopt && room != nullptr && !adopts) adoption.detail = "this transaction has no room for its locks";
    return answer_of(adoption, adopts);
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
    ereport(WARNING,
            (errmsg("%zu of %zu targets were not adopted", left, all),
             errhint("Their state and detail say why; they are as they were. Where nothing but room was missing, "
                     "call it again.")));
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
    filter.ids = arguments.array(kTenants);
    std::vector<FleetTarget> const targets = targets_of(filter, set, migrator);
    warn_about_nobody(filter, targets);
    LockRoom room;
    CacheTrimmer trimmer;
    std::size_t left = 0;
    for (const FleetTarget& target : targets) {
      TemporaryContext const answer_memory(target_memory.get());
      Answer const answer = take(migrator, target, request, dry_run ? nullptr : &room);
      rows.add({cell_or_null(target.target.tenant), to_cell(target.target.schema), to_cell(target.target.set),
                to_cell(answer.state), cell_or_null(answer.revision), answer.versions, cell_or_null(answer.detail)});
      left += is_left(answer) ? 1 : 0;
      trimmer.target_done();
    }
    if (!dry_run) warn_about_left(left, targets.size());
    return Datum(0);
  });
}

}  // namespace tenancy
