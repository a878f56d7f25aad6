#include "extension/baseline.h"

#include "core/tool_history.h"
#include "core/tracking_sql.h"
#include "extension/catalogue.h"
#include "extension/target_session.h"

namespace tenancy {

namespace {

constexpr const char* kScratchSchema = "tenancy_reference";
constexpr std::size_t kShownDifferences = 20;

std::vector<std::string> left_out(const Settings& settings) {
  std::vector<std::string> tables = core::history_tables();
  tables.push_back(settings.tracking_table);
  return tables;
}

/// Runs the migrations in a schema of its own, in a subtransaction that is rolled back.
std::vector<CatalogueEntry> catalogue_of_scratch(Migrator& migrator, const Target& target, Request request, Oid owner) {
  std::string const role = guarded([&] { return GetUserNameFromId(owner, false); });
  request.variables = migrator.stored_variables(target);
  if (request.variables && !target.tenant.empty()) request.variables->insert_or_assign("tenant", target.tenant);
  Target scratch = target;
  scratch.tenant.clear();
  scratch.schema = kScratchSchema;
  Subtransaction subtransaction;
  try {
    run_internal_sql("CREATE SCHEMA " + core::quote_identifier(kScratchSchema) + " AUTHORIZATION " +
                     core::quote_identifier(role));
    (void)migrator.migrate(scratch, request);
    std::vector<CatalogueEntry> entries = read_catalogue(kScratchSchema, left_out(migrator.settings()));
    subtransaction.roll_back();
    return entries;
  } catch (PgError& error) {
    subtransaction.roll_back();
    error.prefix("the reference could not be made");
    throw;
  }
}

using Versions = std::vector<std::string_view>;

Versions sorted_versions(std::span<const core::AppliedMigration> applied) {
  Versions versions;
  for (const core::AppliedMigration& row : applied) versions.push_back(row.version);
  std::sort(versions.begin(), versions.end());
  return versions;
}

/// What is recorded there must be what will be recorded here.
void require_same_revision(Migrator& migrator, const Target& reference, const TargetRole& role, Versions wanted,
                           const std::string& revision) {
  Tracking const tracking = for_target(reference, [&] {
    Oid const schema = require_schema(reference.schema);
    RoleScope const as_role(role);
    return usable_tracking(schema, reference, migrator.settings().tracking_table, WhenLocked::wait);
  });
  std::sort(wanted.begin(), wanted.end());
  if (sorted_versions(tracking.applied) == wanted) return;
  throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "reference schema \"" + reference.schema + "\" is not at revision " + revision, {},
                "Migrate it there first, or name none: then one is made, and rolled back.");
}

void refuse_differences(const Baseline& baseline) {
  std::string detail;
  std::size_t shown = 0;
  for (const std::string& line : baseline.differences) {
    if (shown++ == kShownDifferences) break;
    detail += (detail.empty() ? "" : "\n") + line;
  }
  if (baseline.differences.size() > kShownDifferences) {
    detail += "\nand " + std::to_string(baseline.differences.size() - kShownDifferences) + " more";
  }
  throw PgError(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the schema is not what its migrations make of one up to revision " + baseline.revision, detail,
                "Choose the revision that it has, or mend the schema. force => true records it all the same.");
}

void record(Migrator& migrator, const Target& target, TargetSession& session, const core::Plan& plan) {
  const core::MigrationSet& set = migrator.store().set(target.set);
  TargetSync sync(migrator.store().synced_tool(target.set), set, target.schema, session.tracking.applied);
  session.require_tracking(target);
  for (const core::Step& step : plan.steps) {
    core::ToolFile const file = migrator.store().runnable(target.set, step.migration).file;
    RoleScope const as_role(session.role);
    const core::StoredMigration& stored = set[step.migration];
    delete_tracking_rows(session.tracking.relation, target.set, stored.version);
    insert_tracking_row(session.tracking.relation,
                        {target.set, stored.version, stored.description, stored.checksum, {}});
    sync.record(step.migration, step.direction, file);
  }
}

}  // namespace

Baseline record_baseline(Migrator& migrator, const Target& target, const BaselineRequest& request) {
  std::optional<TargetSession> session;
  for_target(target, [&] {
    session.emplace(migrator.settings(), target, request.run_as, false);
    session->read_tracking(target);
  });
  Request up{core::Direction::up, request.revision, request.run_as, true};
  return for_target(target, [&] {
    core::Plan const plan = core::plan_upgrade(migrator.store().set(target.set), target.kind, session->tracking.applied,
                                               request.revision, migrator.settings().out_of_order);
    Baseline baseline{plan.to, plan.steps.size(), {}};
    if (plan.steps.empty()) return baseline;
    const core::MigrationSet& set = migrator.store().set(target.set);
    std::vector<CatalogueEntry> expected;
    if (request.reference) {
      Target reference = target;
      reference.tenant.clear();
      reference.schema = *request.reference;
      Versions wanted = sorted_versions(session->tracking.applied);
      for (const core::Step& step : plan.steps) {
        if (!step.again) wanted.push_back(set[step.migration].version);
      }
      require_same_revision(migrator, reference, session->role, std::move(wanted), plan.to);
      expected = read_catalogue(reference.schema, left_out(migrator.settings()));
    } else {
      // Steps forward are counted from where the target stands, and the reference begins with nothing.
      up.revision = core::parse_revision(plan.goal);
      expected = catalogue_of_scratch(migrator, target, up, session->role.role);
    }
    baseline.differences = differences(read_catalogue(target.schema, left_out(migrator.settings())), expected);
    if (!baseline.differences.empty() && !request.force) refuse_differences(baseline);
    record(migrator, target, *session, plan);
    return baseline;
  });
}

}  // namespace tenancy
