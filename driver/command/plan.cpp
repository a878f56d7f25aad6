// tenancy plan: what an upgrade or a downgrade would do.
#include "driver/command/plan.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <memory>

#include "core/error.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/plan_view.h"
#include "driver/command/selection_options.h"
#include "driver/fleet/elsewhere.h"
#include "driver/fleet/fleet_pages.h"
#include "driver/fleet/stored_sets.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

/// By the rules of the core, as whoever carries it out will plan it.
void plan_target(PlannedTarget& planned, const TargetTracking& tracking, const core::MigrationSet& set,
                 const PlanArguments& arguments, core::OutOfOrder out_of_order) {
  using State = PlannedTarget::State;
  const Target& target = planned.target;
  if (!tracking.state.empty()) {
    planned.state = tracking.state == "locked" ? State::busy : State::failed;
    planned.error = target.label() + ": " + tracking.detail;
    return;
  }
  try {
    core::Revision const revision = core::parse_revision(arguments.revision);
    core::Plan plan;
    if (arguments.down) {
      plan = core::plan_downgrade(set, target.kind, tracking.applied, revision, core::InDoubt::retry);
    } else if (target.pinned_revision) {
      plan =
          core::plan_pinned_upgrade(set, target.kind, tracking.applied, revision,
                                    core::parse_revision(*target.pinned_revision), out_of_order, core::InDoubt::retry);
    } else {
      plan = core::plan_upgrade(set, target.kind, tracking.applied, revision, out_of_order, core::InDoubt::retry);
    }
    planned.state = State::pending;
    planned.from_revision = plan.from;
    for (const core::Step& step : plan.steps) {
      planned.versions.push_back(set[step.migration].version);
      planned.transactional = planned.transactional && set[step.migration].transactional;
    }
  } catch (const core::Error& error) {
    planned.state = State::failed;
    planned.error = target.label() + ": " + error.what();
  }
}

/// Looks at the targets of a page that the control database could not.
awaitable<void> plan_elsewhere(Context& context, const ServerDirectory& servers, const StoredSets& sets,
                               const PlanArguments& arguments, const Request& request,
                               std::vector<PlannedTarget>& planned) {
  std::vector<Target> targets;
  std::vector<PlannedTarget*> unread;
  for (PlannedTarget& one : planned) {
    if (one.state != PlannedTarget::State::unread) continue;
    targets.push_back(one.target);
    unread.push_back(&one);
  }
  if (targets.empty()) co_return;
  co_await look_elsewhere(
      servers, targets, request, context.settings().lanes, [&](std::size_t i, const TargetTracking& tracking) {
        plan_target(*unread[i], tracking, sets.set(targets[i].migration_set), arguments, request.out_of_order);
      });
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

}  // namespace

awaitable<ExitCode> show_plan(Context& context, const PlanArguments& arguments) {
  Connection control = co_await context.connect();
  Request request = context.settings().request;
  co_await adopt_settings(control, context.configuration(), request, kNoDeadline);
  ServerDirectory servers(context.control_conninfo());
  co_await servers.read(control, kNoDeadline);
  StoredSets const sets = co_await read_stored_sets(control);
  PlanView view(context.settings().output, sets, arguments.tenant.has_value());
  FleetPages pages(question_of(context, arguments, request));
  for (;;) {
    std::optional<FleetPage> page = co_await pages.next(control);
    if (!page) break;
    co_await plan_elsewhere(context, servers, sets, arguments, request, page->targets);
    for (const PlannedTarget& planned : page->targets) view.add(planned);
    view.add_unchanged(page->unchanged);
  }
  view.finish();
  if (arguments.sql) co_await view.print_sql(control, arguments.down);
  co_return kDone;
}

void add_plan(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<PlanArguments>();
  Command& command =
      add_command(app, {.name = "plan",
                        .group = kLook,
                        .summary = "Show what an upgrade would do, and do nothing",
                        .details = "Reads each target, wherever it lives. Targets with the same steps are one line.",
                        .examples = {{"tenancy plan", "the fleet, to head"},
                                     {"tenancy plan acme --sql", "the steps of one tenant, with their SQL"},
                                     {"tenancy plan --down --revision 005", "a downgrade"}}});
  command.add_option("TENANT", arguments->tenant, "this tenant alone");
  command
      .add_option("--revision", arguments->revision,
                  "where to: head, base, a version, or +N and -N for one tenant [head]")
      ->type_name("REVISION");
  command.add_flag("--down", arguments->down, "a downgrade");
  command.add_flag("--sql", arguments->sql, "the SQL of the steps, too");
  add_selection_options(command, std::shared_ptr<Selection>(arguments, &arguments->selection));
  add_shard_options(command, std::shared_ptr<Selection>(arguments, &arguments->selection));
  add_setting_flags(command, context, {SettingGroup::json});
  add_setting_flags(command, context, {"concurrency", "per_server", "page_size", "out_of_order"});
  add_variable_flag(command, context);
  set_action(command, context, [&context, arguments] { return context.run(show_plan(context, *arguments)); });
}

}  // namespace tenancy::driver
