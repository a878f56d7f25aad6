// tenancy adopt: takes over what another tool has recorded.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "core/text_array.h"
#include "core/tool_sync.h"
#include "driver/apply/store.h"
#include "driver/command/adoption_view.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/selection_options.h"
#include "driver/command/standalone_fleet.h"
#include "driver/files/migration_files.h"
#include "driver/fleet/elsewhere.h"
#include "driver/fleet/extension_settings.h"
#include "driver/fleet/fleet_pages.h"
#include "driver/fleet/place.h"
#include "driver/fleet/standalone_discovery.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;
using Mode = PlainAdopter::Mode;

struct AdoptArguments {
  core::ToolWords tool{};
  std::optional<std::string> set{};
  bool apply = false;
  bool sync = false;
  Selection selection{};
};

constexpr const char* kAdopt =
    "SELECT tenant, schema, migration_set, state, revision, versions, detail"
    "  FROM tenancy.adopt($1, $2::boolean, pattern => $3, tier => $4, labels => $5::jsonb, statuses => $6::text[],"
    "                     migration_set => $7, table_name => $8, table_schema => $9, version_column => $10, app => $11,"
    "                     tenants => $12::text[])";

constexpr const char* kSyncedSets =
    "SELECT DISTINCT migration_set FROM ("
    "  SELECT $1::text AS migration_set WHERE $1 IS NOT NULL"
    "  UNION ALL SELECT unnest(further_sets || migration_set) FROM tenancy.tenants WHERE $1 IS NULL"
    "  UNION ALL SELECT $2 WHERE $1 IS NULL AND NOT EXISTS (SELECT FROM tenancy.tenants)) AS s"
    " ORDER BY 1";

Mode mode_of(const AdoptArguments& arguments) { return arguments.apply ? Mode::record : Mode::look; }

AdoptionRow to_row(const Result& rows, std::size_t row) {
  const auto text = [&](std::size_t column) { return std::string(rows.text(row, column)); };
  return {{.tenant = text(0), .schema = text(1), .migration_set = text(2)},
          {text(3), text(4), static_cast<std::size_t>(rows.integer(row, 5)), text(6)}};
}

class Adoption {
 public:
  Adoption(Context& context, const AdoptArguments& arguments)
      : context_(context),
        arguments_(arguments),
        request_(context.settings().request),
        servers_(context.control_conninfo()),
        view_(context.settings().output, arguments.apply) {}

  awaitable<ExitCode> run_with_control() {
    Connection control = co_await context_.connect();
    co_await adopt_settings(control, context_.configuration(), request_, kNoDeadline);
    source_ = core::tool_source(arguments_.tool, request_.tracking_table);
    if (arguments_.sync) co_await sync(control);
    std::vector<AdoptionRow> const here = co_await adopt_here(control);
    bool is_elsewhere = false;
    for (const AdoptionRow& row : here) {
      if (row.outcome.state == "elsewhere") {
        is_elsewhere = true;
      } else if (arguments_.selection.server.value_or("").empty()) {
        view_.add(row);
      }
    }
    if (is_elsewhere) {
      co_await servers_.read(control, kNoDeadline);
      MigrationStore const store = co_await MigrationStore::read(control, kNoDeadline);
      co_await adopt_elsewhere(control, store);
    }
    view_.finish();
    co_return view_.exit_code();
  }

  awaitable<ExitCode> run_standalone() {
    const Settings& settings = context_.settings();
    source_ = core::tool_source(arguments_.tool, request_.tracking_table);
    MigrationStore const store = standalone_store(settings);
    for (const auto& [name, server] : settings.servers) {
      servers_.add(name, Conninfo::parse(server.conninfo), server.max_connections);
    }
    OpenConnection const open = [this] { return context_.connect(); };
    std::vector<TenantPlace> tenants = co_await standalone_tenants(settings.standalone, request_.shared_schemas, open);
    SharedSchemas shared{.schema = request_.shared_schemas.front()};
    for (const std::string& name : store.set_names()) {
      if (store.set(name).head(core::TargetKind::shared)) shared.sets.push_back(name);
    }
    std::vector<Target> targets =
        standalone_targets(std::move(tenants), shared, arguments_.selection, core::Direction::up);
    if (arguments_.set) choose_set(targets);
    if (arguments_.sync) require_sync(store, targets);
    co_await adopt_plainly(std::move(targets), store);
    view_.finish();
    co_return view_.exit_code();
  }

 private:
  /// As often as there is something left that one transaction had no room for.
  awaitable<std::vector<AdoptionRow>> adopt_here(Connection& control) {
    std::set<std::pair<std::string, std::string>> adopted;
    for (;;) {
      std::vector<AdoptionRow> rows = co_await call(control);
      bool is_left = false;
      bool goes_on = false;
      for (AdoptionRow& row : rows) {
        const std::pair key{row.target.schema, row.target.migration_set};
        if (row.outcome.state == "adopted") goes_on = adopted.insert(key).second || goes_on;
        if (row.outcome.state == "tracked" && adopted.contains(key)) row.outcome.state = "adopted";
        is_left = is_left || row.outcome.state == "adoptable";
      }
      if (!arguments_.apply || !is_left || !goes_on) co_return rows;
    }
  }

  awaitable<std::vector<AdoptionRow>> call(Connection& control) {
    const Selection& selection = arguments_.selection;
    std::vector<Statement> statements{{"BEGIN"}};
    for (const auto& [name, value] : extension_settings(request_)) {
      statements.push_back({"SELECT set_config($1, $2, true)", {name, value}});
    }
    const core::ToolWords& tool = arguments_.tool;
    statements.push_back({kAdopt,
                          {tool.tool, arguments_.apply ? "false" : "true", selection.pattern, selection.tier,
                           selection.labels, core::text_array_or_null(selection.statuses), arguments_.set, tool.table,
                           tool.schema, tool.version_column, tool.app, core::text_array_or_null(selection.tenants)}});
    statements.push_back({"COMMIT"});
    BatchResult const reply = co_await control.batch(statements);
    if (reply.failure) throw ServerError(ServerError::Kind::refused, *reply.failure);
    const Result& result = reply.results[statements.size() - 2];
    std::vector<AdoptionRow> rows;
    for (std::size_t row = 0; row < result.rows(); ++row) rows.push_back(to_row(result, row));
    co_return rows;
  }

  /// The sets of the tenants, all of them where none is named. From now on, so that nothing is applied between the two.
  awaitable<void> sync(Connection& control) {
    const core::ToolWords& tool = arguments_.tool;
    Result const sets = co_await control.query(kSyncedSets, parameters(arguments_.set, std::string(core::kDefaultSet)));
    for (std::size_t row = 0; row < sets.rows(); ++row) {
      std::string const set(sets.text(row, 0));
      (void)core::synced_tool(tool, set, request_.tracking_table);
      if (!arguments_.apply) continue;
      (void)co_await control.query("SELECT tenancy.sync($1, $2, $3, $4, $5)",
                                   parameters(tool.tool, set, tool.table, tool.app, tool.schema));
    }
  }

  /// There is no control database that could keep it.
  void require_sync(const MigrationStore& store, const std::vector<Target>& targets) const {
    for (const Target& target : targets) {
      const std::string& set = target.migration_set;
      if (store.synced_tool(set) == core::synced_tool(arguments_.tool, set, request_.tracking_table)) continue;
      throw UsageError(fmt::format("nothing says that the tables of {} go along with set {}", source_.tool.name, set),
                       fmt::format("Without a control database tenancy.toml says so: [standalone.sync.{}], and tool = "
                                   "\"{}\" below it.",
                                   set, source_.tool.name));
    }
  }

  /// In place of the sets that the tenants have, each target once.
  void choose_set(std::vector<Target>& targets) const {
    for (Target& target : targets) target.migration_set = *arguments_.set;
    targets.erase(std::unique(targets.begin(), targets.end(), is_same_schema), targets.end());
  }

  awaitable<void> adopt_elsewhere(Connection& control, const MigrationStore& store) {
    FleetPages pages({.selection = arguments_.selection,
                      .page_size = context_.settings().lanes.page_size,
                      .settings = extension_settings(request_)});
    for (;;) {
      std::optional<FleetPage> page = co_await pages.next(control);
      if (!page) co_return;
      std::vector<Target> targets;
      for (PlannedTarget& planned : page->targets) {
        if (planned.state == PlannedTarget::State::unread) targets.push_back(std::move(planned.target));
      }
      if (arguments_.set) choose_set(targets);
      co_await adopt_plainly(std::move(targets), store);
    }
  }

  awaitable<void> adopt_plainly(std::vector<Target> targets, const MigrationStore& store) {
    const LaneOptions& lanes = context_.settings().lanes;
    PlainAdopter const adopter(store, request_, source_, mode_of(arguments_));
    Visit const visit = [&](Connection& connection, std::size_t index) -> awaitable<void> {
      AdoptionOutcome outcome = co_await adopter.adopt(connection, targets[index], kNoDeadline);
      view_.add(AdoptionRow(targets[index], std::move(outcome)));
    };
    Missed const missed = [&](std::size_t index, const ServerError& error) {
      view_.add({targets[index], {"unreachable", {}, 0, error.what()}});
    };
    co_await visit_elsewhere(servers_, targets, lanes, visit, missed);
  }

  Context& context_;
  const AdoptArguments& arguments_;
  Request request_;
  core::ToolSource source_{};
  ServerDirectory servers_;
  AdoptionView view_;
};

ExitCode adopt(Context& context, const AdoptArguments& arguments) {
  Adoption adoption(context, arguments);
  return context.run(context.settings().standalone.enabled ? adoption.run_standalone() : adoption.run_with_control());
}

}  // namespace

void add_adopt(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<AdoptArguments>();
  arguments->selection.statuses.clear();
  Command& command = add_command(
      app,
      {.name = "adopt",
       .group = kStart,
       .summary = "Take over what another tool has recorded as applied",
       .details =
           "Reads the tool's own table in each target, finds the stored migrations that its rows mean, and says where "
           "each target stands; with --apply it records that. No migration runs, and nothing of the other tool's is "
           "changed, unless --sync keeps its table up to date: what is applied or taken back here is then written "
           "there, too, until SELECT tenancy.stop_sync().\n\nTools: alembic, flyway, rails, django, dbmate, "
           "golang-migrate, goose, diesel, prisma, sqitch, "
           "node-pg-migrate, knex, sql-migrate, yoyo, archify, pop; or any table, with --version-column.",
       .examples = {{"tenancy adopt --from alembic", "what would be recorded"},
                    {"tenancy adopt --from alembic --apply", ""},
                    {"tenancy adopt --from alembic --apply --sync", "and go on with both tools"},
                    {"tenancy adopt --from django", "all apps, each a set of its name"},
                    {"tenancy adopt --from my_history --version-column version", "a table of your own"}}});
  command.add_option("--from", arguments->tool.tool, "the tool, or the name of a table")
      ->type_name("TOOL|TABLE")
      ->required();
  command.add_flag("--apply", arguments->apply, "record it; without it nothing is changed");
  command.add_flag("--sync", arguments->sync,
                   "with --apply: from now on, the tool's table is kept up to date, so that both can be used");
  command.add_option("--set", arguments->set, "the migration set that is meant [each tenant's own]")->type_name("SET");
  command
      .add_option("--app", arguments->tool.app,
                  "whose rows: an app of Django's [the set's name], a project of sqitch's")
      ->type_name("NAME");
  command.add_option("--table", arguments->tool.table, "the name of the table, where it is not the tool's own")
      ->type_name("TABLE");
  command
      .add_option("--table-schema", arguments->tool.schema,
                  "where the table is, with {{ schema }} for the target's schema [in that]")
      ->type_name("SCHEMA");
  command.add_option("--version-column", arguments->tool.version_column, "the column with the versions")
      ->type_name("COLUMN");
  std::shared_ptr<Selection> const selection(arguments, &arguments->selection);
  add_selection_options(command, selection);
  add_setting_flags(command, context, {SettingGroup::standalone, SettingGroup::json});
  add_setting_flags(
      command, context,
      {"scope", "file_format", "concurrency", "per_server", "page_size", "tracking_table", "run_as", "target_timeout"});
  set_action(command, context, [&context, arguments] { return adopt(context, *arguments); });
}

}  // namespace tenancy::driver
