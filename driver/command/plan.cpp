// tenancy plan: what an upgrade or a downgrade would do.
#include "driver/command/plan.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <memory>

#include "core/error.h"
#include "core/requirements.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/plan_view.h"
#include "driver/command/selection_options.h"
#include "driver/command/standalone_fleet.h"
#include "driver/fleet/elsewhere.h"
#include "driver/fleet/fleet_pages.h"
#include "driver/fleet/stored_sets.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

/// By the rules of the core, as whoever carries it out will plan it.
void plan_target(PlannedTarget& planned, const TargetTracking& tracking, const StoredSets& sets,
                 const PlanArguments& arguments, core::OutOfOrder out_of_order) {
  using State = PlannedTarget::State;
  const Target& target = planned.target;
  if (!tracking.state.empty()) {
    planned.state = tracking.state == "locked" ? State::busy : State::failed;
    planned.error = target.label() + ": " + tracking.detail;
    return;
  }
  try {
    core::PlanRequest request{.direction = arguments.down ? core::Direction::down : core::Direction::up,
                              .revision = core::parse_revision(arguments.revision),
                              .pins = target.other_pins,
                              .out_of_order = out_of_order,
                              .in_doubt = core::InDoubt::retry};
    if (target.pinned_revision && !arguments.down) request.pin = core::parse_revision(*target.pinned_revision);
    const std::string& own = target.migration_set;
    TrackedHistories histories(sets, tracking, own);
    core::Plan const plan = core::plan_target(own, target.kind, request, histories);
    planned.state = State::pending;
    planned.from_revision = plan.from;
    for (const core::Step& step : plan.steps) {
      planned.versions.push_back(core::version_label(own, step.set->name(), step.stored().version));
      planned.transactional = planned.transactional && step.stored().transactional;
    }
  } catch (const core::Error& error) {
    planned.state = State::failed;
    planned.error = target.label() + ": " + error.what();
  }
}

/// What planning works with.
struct Planning {
  Context& context;
  const PlanArguments& arguments;
  Request request;
  ServerDirectory servers;
  StoredSets sets{};
};

/// Looks at the targets of a page that nobody has looked at yet.
awaitable<void> plan_unread(const Planning& planning, std::vector<PlannedTarget>& planned) {
  std::vector<Target> targets;
  std::vector<PlannedTarget*> unread;
  for (PlannedTarget& one : planned) {
    if (one.state != PlannedTarget::State::unread) continue;
    targets.push_back(one.target);
    unread.push_back(&one);
  }
  if (targets.empty()) co_return;
  const LaneOptions& lanes = planning.context.settings().lanes;
  auto const direction = planning.arguments.down ? core::Direction::down : core::Direction::up;
  auto const see = [&](std::size_t i, const TargetTracking& tracking) {
    plan_target(*unread[i], tracking, planning.sets, planning.arguments, planning.request.out_of_order);
  };
  auto const others = [&](const Target& target) { return planning.sets.others(target.migration_set, direction); };
  co_await look_elsewhere(planning.servers, targets, planning.request, lanes, see, others);
}

FleetQuestion question_of(Context& context, const PlanArguments& arguments, const Request& request) {
  FleetQuestion question{.direction = arguments.down ? core::Direction::down : core::Direction::up,
                         .revision = arguments.revision,
                         .selection = arguments.selection,
                         .page_size = context.settings().lanes.page_size,
                         .settings = extension_settings(request)};
  if (arguments.tenant) {
    question.selection.tenants = {*arguments.tenant};
    question.selection.shared = false;
  }
  return question;
}

/// Nothing when it was dropped meanwhile.
awaitable<std::optional<std::string>> read_sql(Connection& control, const core::LabelledVersion& migration, bool down) {
  Parameters parameters{migration.set, migration.version};
  Result const rows = co_await control.query(
      "SELECT up_sql, down_sql FROM tenancy.migrations WHERE migration_set = $1 AND version = $2",
      std::move(parameters));
  if (rows.rows() == 0) co_return std::nullopt;
  co_return std::string(rows.text(0, down ? 1 : 0));
}

awaitable<void> plan_with_control(Context& context, const PlanArguments& arguments) {
  Connection control = co_await context.connect();
  Planning planning{context, arguments, context.settings().request, ServerDirectory(context.control_conninfo())};
  co_await adopt_settings(control, context.configuration(), planning.request, kNoDeadline);
  co_await planning.servers.read(control, kNoDeadline);
  planning.sets = co_await read_stored_sets(control);
  PlanView view(context.settings().output, planning.sets, arguments.tenant.has_value());
  FleetPages pages(question_of(context, arguments, planning.request));
  for (;;) {
    std::optional<FleetPage> page = co_await pages.next(control);
    if (!page) break;
    co_await plan_unread(planning, page->targets);
    for (const PlannedTarget& planned : page->targets) view.add(planned);
    view.add_unchanged(page->unchanged);
  }
  view.finish();
  if (!arguments.sql) co_return;
  for (const core::LabelledVersion& migration : view.migrations()) {
    std::optional<std::string> const sql = co_await read_sql(control, migration, arguments.down);
    if (sql) view.print_sql(migration, *sql);
  }
}

std::string sql_of(const MigrationStore& store, const core::LabelledVersion& name, bool down) {
  const core::Migration& migration = store.migration(name.set, store.set(name.set).find(name.version).value());
  return down ? migration.down.value().sql : migration.up.sql;
}

awaitable<void> plan_standalone(Context& context, const PlanArguments& arguments) {
  StandaloneFleet fleet(context);
  Planning planning{context, arguments, context.settings().request, fleet.servers()};
  for (const std::string& set : fleet.store().set_names()) planning.sets.add(fleet.store().set(set));
  std::vector<Target> targets;
  if (arguments.tenant) {
    Selection selection;
    selection.tenants = {*arguments.tenant};
    selection.shared = false;
    targets = co_await fleet.targets(selection, core::Direction::up);
  } else {
    auto const direction = arguments.down ? core::Direction::down : core::Direction::up;
    targets = co_await fleet.targets(arguments.selection, direction);
  }
  fleet.check_revision(core::parse_revision(arguments.revision), targets);
  std::vector<PlannedTarget> planned;
  for (Target& target : targets) {
    planned.push_back({.target = std::move(target), .state = PlannedTarget::State::unread});
  }
  co_await plan_unread(planning, planned);
  PlanView view(context.settings().output, planning.sets, arguments.tenant.has_value());
  for (const PlannedTarget& one : planned) view.add(one);
  view.finish();
  if (!arguments.sql) co_return;
  for (const core::LabelledVersion& migration : view.migrations()) {
    view.print_sql(migration, sql_of(fleet.store(), migration, arguments.down));
  }
}

/// Tenants may stand at different revisions.
void check_revision(const PlanArguments& arguments) {
  bool const is_relative = core::parse_revision(arguments.revision).is_relative();
  if (!is_relative || arguments.tenant || arguments.selection.tenants.size() == 1) return;
  throw UsageError("revision " + arguments.revision + " is for one tenant: tenants may stand at different revisions",
                   "Name a version, or one tenant: tenancy plan ID --revision " + arguments.revision + ".");
}

}  // namespace

awaitable<ExitCode> show_plan(Context& context, const PlanArguments& arguments) {
  check_revision(arguments);
  if (context.settings().standalone.enabled) {
    co_await plan_standalone(context, arguments);
  } else {
    co_await plan_with_control(context, arguments);
  }
  co_return kDone;
}

void add_plan(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<PlanArguments>();
  Command& command =
      add_command(app, {.name = "plan",
                        .group = kLook,
                        .summary = "Show what an upgrade would do, and do nothing",
                        .details = "Reads each target, wherever it lives. Targets with the same steps are one line.",
                        .examples = {{"tenancy plan", "the fleet, to the newest migrations"},
                                     {"tenancy plan acme --sql", "the steps of one tenant, with their SQL"},
                                     {"tenancy plan --down --revision 005", "a downgrade"},
                                     {"tenancy plan --standalone --discover 'tenant\\_%'", "without the extension"}}});
  command.add_option("TENANT", arguments->tenant, "this tenant alone");
  command
      .add_option("--revision", arguments->revision,
                  "where to: heads, head, base, a version, or +N and -N for one tenant [heads]")
      ->type_name("REVISION");
  command.add_flag("--down", arguments->down, "a downgrade");
  command.add_flag("--sql", arguments->sql, "the SQL of the steps, too");
  add_selection_options(command, std::shared_ptr<Selection>(arguments, &arguments->selection));
  add_shard_options(command, std::shared_ptr<Selection>(arguments, &arguments->selection));
  add_setting_flags(command, context, {SettingGroup::json, SettingGroup::files, SettingGroup::standalone});
  add_setting_flags(
      command, context,
      {"concurrency", "per_server", "page_size", "out_of_order", "tracking_table", "shared_schemas", "target_timeout"});
  add_variable_flag(command, context);
  set_action(command, context, [&context, arguments] { return context.run(show_plan(context, *arguments)); });
}

}  // namespace tenancy::driver
