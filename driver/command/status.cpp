// tenancy status: where the tenants stand.
#include <memory>

#include "core/text_array.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/selection_options.h"
#include "driver/command/standalone_fleet.h"
#include "driver/command/status_view.h"
#include "driver/fleet/elsewhere.h"
#include "driver/fleet/place.h"
#include "driver/fleet/stored_sets.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

struct StatusArguments {
  std::optional<std::string> tenant{};
  Selection selection{};
  bool behind = false;
  bool all = false;
};

// Other databases are looked at over connections: no background worker is needed for that.
constexpr const char* kStatus =
    "SELECT s.tenant, s.isolation, s.server, s.database, s.schema, s.status, s.tier, s.migration_set, s.state,"
    "       s.revision, s.head, s.pending, (extract(epoch FROM s.last_applied_at) * 1000000)::bigint, s.detail,"
    "       t.pinned_revision, t.migration_set"
    "  FROM tenancy.status($1, $2, $3::jsonb, $4::text[], $5) AS s LEFT JOIN tenancy.tenants t"
    "         ON t.id = s.tenant"
    " WHERE ($6::text IS NULL OR s.tenant = $6) AND ($7::text IS NULL OR coalesce(s.server, '') = $7)";

std::string text(const Result& row, std::size_t column) { return std::string(row.text(0, column)); }

/// A pin holds the tenant's own set, which need not be that of the target.
void take_pin(Target& target, std::optional<std::string> pin, const std::string& set) {
  if (!pin) return;
  if (set == target.migration_set) {
    target.pinned_revision = std::move(pin);
  } else {
    target.other_pins.emplace(set, *std::move(pin));
  }
}

StandingRow to_row(const Result& row) {
  StandingRow standing;
  standing.target.tenant = text(row, 0);
  standing.isolation = text(row, 1);
  standing.target.server = text(row, 2);
  standing.target.database = text(row, 3);
  standing.target.schema = text(row, 4);
  standing.status = text(row, 5);
  standing.tier = text(row, 6);
  standing.target.migration_set = text(row, 7);
  standing.state = text(row, 8);
  standing.revision = row.value(0, 9);
  standing.head = row.value(0, 10);
  standing.pending = row.value(0, 11);
  standing.last_applied = row.value(0, 12);
  standing.detail = text(row, 13);
  take_pin(standing.target, row.value(0, 14), text(row, 15));
  return standing;
}

core::TargetKind kind_of(const StandingRow& row, const std::string& shared_schema) {
  if (row.isolation == "shared") return core::TargetKind::shared;
  return row.target.schema == shared_schema ? core::TargetKind::combined : core::TargetKind::tenant;
}

/// Reads what the control database knows, and hands over what is elsewhere.
awaitable<std::vector<StandingRow>> read_here(Connection& control, const StatusArguments& arguments,
                                              const Request& request, StatusView& view) {
  const Selection& selection = arguments.selection;
  std::optional<std::string> statuses;
  if (!arguments.tenant) statuses = core::text_array_or_null(selection.statuses);
  std::vector<Statement> begin{{"BEGIN READ ONLY"}, {"SET LOCAL tenancy.concurrency = 0"}};
  for (const auto& [name, value] : extension_settings(request)) {
    begin.push_back({"SELECT set_config($1, $2, true)", {name, value}});
  }
  BatchResult const begun = co_await control.batch(begin);
  if (begun.failure) throw ServerError(ServerError::Kind::refused, *begun.failure);
  std::vector<StandingRow> elsewhere;
  Parameters parameters{arguments.tenant ? std::optional(like_pattern(*arguments.tenant)) : selection.pattern,
                        selection.tier,
                        selection.labels,
                        statuses,
                        selection.migration_set,
                        arguments.tenant,
                        selection.server};
  co_await control.stream(kStatus, std::move(parameters), [&](const Result& result) {
    StandingRow row = to_row(result);
    if (row.state == "elsewhere") {
      row.state.clear();
      elsewhere.push_back(std::move(row));
    } else {
      view.add(row);
    }
  });
  co_await control.execute("COMMIT");
  co_return elsewhere;
}

/// Looks at each over connections, and shows them in their order, whichever answers first.
awaitable<void> read_elsewhere(Context& context, const ServerDirectory& servers, const StoredSets& sets,
                               std::vector<StandingRow> rows, const Request& request, StatusView& view) {
  std::vector<Target> targets;
  for (const StandingRow& row : rows) targets.push_back(row.target);
  std::size_t shown = 0;
  auto const see = [&](std::size_t i, const TargetTracking& tracking) {
    rows[i].take(standing_of(targets[i], tracking, sets, request.out_of_order));
    rows[i].take_last_applied(tracking.applied);
    for (; shown < rows.size() && !rows[shown].state.empty(); ++shown) view.add(rows[shown]);
  };
  auto const others = [&](const Target& target) {
    std::vector<std::string> names;
    if (!pins_of(target).empty()) names = sets.others(target.migration_set, core::Direction::up);
    return names;
  };
  co_await look_elsewhere(servers, targets, request, context.settings().lanes, see, others);
}

/// What tenancy.tenants would call it.
std::string isolation_of(const Target& target, const std::string& shared_schema) {
  if (is_shared(target)) return "shared";
  if (!target.database.empty() && target.schema == shared_schema) return "database";
  return target.tenant.empty() || target.schema == shared_schema ? "rls" : "schema";
}

awaitable<ExitCode> show_standalone(Context& context, const StatusArguments& arguments) {
  StandaloneFleet fleet(context);
  const Request& request = context.settings().request;
  std::vector<Target> targets;
  if (arguments.tenant) {
    targets.push_back(co_await fleet.target_of(*arguments.tenant));
  } else {
    targets = co_await fleet.targets(arguments.selection, core::Direction::up);
  }
  std::vector<StandingRow> rows;
  for (Target& target : targets) {
    std::string isolation = isolation_of(target, request.shared_schemas.front());
    rows.push_back({.target = std::move(target), .isolation = std::move(isolation)});
  }
  StatusView view(context.settings().output, arguments.behind, arguments.all || arguments.tenant.has_value());
  co_await read_elsewhere(context, fleet.servers(), fleet.store().sets(), std::move(rows), request, view);
  view.finish();
  co_return kDone;
}

awaitable<ExitCode> show_status(Context& context, const StatusArguments& arguments) {
  Connection control = co_await context.connect();
  Request request = context.settings().request;
  co_await adopt_settings(control, context.configuration(), request, kNoDeadline);
  StatusView view(context.settings().output, arguments.behind, arguments.all || arguments.tenant.has_value());
  std::vector<StandingRow> elsewhere = co_await read_here(control, arguments, request, view);
  if (!elsewhere.empty()) {
    ServerDirectory servers(context.control_conninfo());
    co_await servers.read(control, kNoDeadline);
    StoredSets const sets = co_await read_stored_sets(control);
    for (StandingRow& row : elsewhere) row.target.kind = kind_of(row, request.shared_schemas.front());
    co_await read_elsewhere(context, servers, sets, std::move(elsewhere), request, view);
  }
  if (arguments.tenant && view.seen() == 0) {
    throw Failure(kTargetsFailed, "tenant \"" + *arguments.tenant + "\" is not registered",
                  "See tenancy tenants list.");
  }
  view.finish();
  co_return kDone;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<StatusArguments>();
  arguments->selection.statuses.clear();
  Command& command = add_command(
      app, {.name = "status",
            .group = kLook,
            .summary = "Show where the tenants stand",
            .details = "Reads the tracking table of each target, wherever it lives. Of a large fleet, those that are "
                       "not at head are listed, and the others counted.",
            .examples = {{"tenancy status", "the fleet"},
                         {"tenancy status acme", "one tenant"},
                         {"tenancy status --behind --json", "who is behind, for machines"},
                         {"tenancy status --standalone --discover 'tenant\\_%'", "without the extension"}}});
  command.add_option("TENANT", arguments->tenant, "this tenant alone");
  add_selection_options(command, std::shared_ptr<Selection>(arguments, &arguments->selection));
  command.add_flag("--behind", arguments->behind,
                   "only those that an upgrade would change, or fail for; not what pins hold");
  command.add_flag("--all", arguments->all, "list all of them, however many");
  add_setting_flags(command, context, {SettingGroup::json, SettingGroup::files, SettingGroup::standalone});
  add_setting_flags(command, context,
                    {"concurrency", "per_server", "tracking_table", "shared_schemas", "target_timeout"});
  set_action(command, context, [&context, arguments] {
    bool const standalone = context.settings().standalone.enabled;
    return context.run(standalone ? show_standalone(context, *arguments) : show_status(context, *arguments));
  });
}

}  // namespace tenancy::driver
