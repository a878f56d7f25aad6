// tenancy runs, and tenancy run: the operations that the control database has recorded.
#include <fmt/core.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/fleet_operation.h"
#include "driver/command/listing.h"
#include "driver/command/run_call.h"
#include "driver/command/run_view.h"
#include "driver/fleet/recorded_selection.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

// With the state that a run without a session has: interrupted.
constexpr const char* kListRuns =
    "SELECT r.id, r.operation, r.revision, coalesce(p.state, r.state), r.reason, r.targets, r.unchanged,"
    "       (SELECT count(*) FROM tenancy.run_targets t WHERE t.run = r.id AND t.state = 'failed'), r.started_by,"
    "       (extract(epoch FROM r.started_at) * 1000000)::bigint,"
    "       (extract(epoch FROM r.finished_at - r.started_at) * 1000000)::bigint"
    "  FROM tenancy.runs r LEFT JOIN tenancy.progress p ON p.run = r.id ORDER BY r.id DESC LIMIT $1::bigint";

Color color_of(std::string_view state) {
  if (state == "done") return Color::none;
  return state == "running" || state == "paused" ? Color::yellow : Color::red;
}

awaitable<ExitCode> list(Context& context, std::size_t most) {
  Connection control = co_await context.connect();
  Parameters parameters{std::to_string(most)};
  Result const rows = co_await control.query(kListRuns, std::move(parameters));
  Listing listing({{"run", "RUN", ValueForm::number},
                   {"operation", "OPERATION"},
                   {"revision", "REVISION"},
                   {"state", "STATE"},
                   {"reason", "REASON", ValueForm::text, true},
                   {"targets", "TARGETS", ValueForm::number},
                   {"unchanged", "UNCHANGED", ValueForm::number},
                   {"failed", "FAILED", ValueForm::number},
                   {"started_by", "BY"},
                   {"started_at", "STARTED", ValueForm::moment},
                   {"duration_ms", "TIME", ValueForm::microseconds}},
                  context.settings().output);
  for (std::size_t row = 0; row < rows.rows(); ++row) listing.add(rows, row, color_of(rows.text(row, 3)));
  listing.finish();
  if (listing.rows() == 0 && !context.settings().output.json) fmt::print("no runs\n");
  co_return kDone;
}

struct ShowArguments {
  std::int64_t run = 0;
  bool watch = false;
  bool all = false;
};

awaitable<ExitCode> show(Context& context, const ShowArguments& arguments) {
  Connection control = co_await context.connect();
  RunView view(context.settings().output);
  auto const executor = co_await boost::asio::this_coro::executor;
  for (;;) {
    RunProgress const progress = co_await read_progress(control, arguments.run);
    if (!arguments.watch || progress.is_over()) {
      co_await view.show(control, progress, arguments.all);
      co_return kDone;
    }
    view.follow(progress);
    boost::asio::steady_timer timer(executor, std::chrono::seconds(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

awaitable<ExitCode> request(Context& context, const char* function, const char* what, std::int64_t run) {
  Connection control = co_await context.connect();
  Parameters parameters{std::to_string(run)};
  std::string const sql = fmt::format("SELECT tenancy.{}($1::bigint)", function);
  (void)co_await control.query(sql, std::move(parameters));
  if (!context.settings().output.json) fmt::print("run {} {}\n", run, what);
  co_return kDone;
}

std::shared_ptr<std::int64_t> add_run_argument(CLI::App& command) {
  auto const run = std::make_shared<std::int64_t>();
  command.add_option("RUN", *run, "number of the run, as tenancy runs lists it")->required();
  return run;
}

void add_show(CLI::App& run, Context& context) {
  auto const arguments = std::make_shared<ShowArguments>();
  Command& command = add_command(run, {.name = "show",
                                       .summary = "Show what a run has come to, and what failed in it",
                                       .examples = {{"tenancy run show 7 --watch", "follow it to its end"}}});
  command.add_option("RUN", arguments->run, "number of the run, as tenancy runs lists it")->required();
  command.add_flag("--watch", arguments->watch, "follow it until it ends");
  command.add_flag("--all", arguments->all, "all of its targets, not only the failed ones");
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, arguments] { return context.run(show(context, *arguments)); });
}

void add_request(CLI::App& parent, Context& context, CommandWords words, const char* function, const char* what) {
  Command& command = add_command(parent, std::move(words));
  auto const run = add_run_argument(command);
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context,
             [&context, run, function, what] { return context.run(request(context, function, what, *run)); });
}

std::optional<std::string> number(const std::optional<int>& value) {
  return value ? std::optional(std::to_string(*value)) : std::nullopt;
}

struct KnownRun {
  std::string operation, revision;
  bool is_paused = false;                   ///< in a session that lives
  std::optional<FleetArguments> drivers{};  ///< how the driver goes on with it
};

/// What the driver has begun it goes on with, unless a session leads the run: that one is woken, or refuses.
awaitable<KnownRun> read_run(Context& context, const ResumedRun& resumed) {
  Connection control = co_await context.connect();
  Parameters parameters{std::to_string(resumed.run)};
  Result const rows = co_await control.query(
      "SELECT operation, revision, filter, policy->>'plain', policy->>'max_failures',"
      "       led_by = 'driver' AND NOT tenancy.run_is_alive(id), state = 'paused' AND tenancy.run_is_alive(id)"
      "  FROM tenancy.runs WHERE id = $1::bigint",
      std::move(parameters));
  if (rows.rows() == 0) {
    throw Failure(kTargetsFailed, fmt::format("run {} does not exist", resumed.run), "See tenancy runs.");
  }
  KnownRun known{.operation = std::string(rows.text(0, 0)), .revision = std::string(rows.text(0, 1))};
  known.is_paused = rows.text(0, 6) == "t";
  if (rows.text(0, 5) != "t") co_return known;
  FleetArguments arguments;
  arguments.direction = rows.text(0, 0) == "upgrade" ? core::Direction::up : core::Direction::down;
  arguments.revision = rows.text(0, 1);
  arguments.selection = parse_recorded_selection(std::string(rows.text(0, 2)));
  arguments.plain = rows.text(0, 3) == "true";
  if (!rows.is_null(0, 4)) arguments.max_failures = core::parse_failure_budget(rows.text(0, 4));
  arguments.resumed = resumed;
  if (core::parse_revision(arguments.revision).is_relative()) {
    throw Failure(kTargetsFailed,
                  fmt::format("run {} was to {}, which nobody can tell again", resumed.run, arguments.revision),
                  "See where its tenant stands with tenancy status, and migrate it to a version.");
  }
  known.drivers = std::move(arguments);
  co_return known;
}

awaitable<ExitCode> wake(Context& context, std::int64_t run) {
  Connection control = co_await context.connect();
  Parameters parameters{std::to_string(run)};
  (void)co_await control.query("CALL tenancy.resume($1::bigint)", std::move(parameters));
  if (!context.settings().output.json) fmt::print("run {} goes on, in its own session\n", run);
  co_return kDone;
}

ExitCode go_on(Context& context, const ResumedRun& resumed, const std::string& procedure,
               const std::optional<int>& workers) {
  KnownRun known = context.run(read_run(context, resumed));
  if (known.is_paused) return context.run(wake(context, resumed.run));
  if (known.drivers) return run_fleet(context, *known.drivers);
  RunCall call{.operation = std::move(known.operation),
               .revision = std::move(known.revision),
               .statement = {fmt::format("CALL tenancy.{}($1::bigint, $2::integer)", procedure),
                             {std::to_string(resumed.run), number(workers)}},
               .workers = static_cast<std::size_t>(workers.value_or(0)),
               .run = resumed.run};
  return exit_code_of(context.run(call_run(context, std::move(call))));
}

std::shared_ptr<std::optional<int>> add_workers_option(CLI::App& command) {
  auto const workers = std::make_shared<std::optional<int>>();
  command.add_option("--workers", *workers, "background workers of the server [its tenancy.concurrency]")
      ->type_name("N")
      ->check(CLI::Range(0, 1024));
  return workers;
}

void add_going_on(CLI::App& parent, Context& context, CommandWords words, const char* procedure, bool retries_failed) {
  Command& command = add_command(parent, std::move(words));
  auto const run = add_run_argument(command);
  auto const workers = add_workers_option(command);
  add_setting_flags(command, context, {SettingGroup::fan_out, SettingGroup::json, SettingGroup::report});
  add_variable_flag(command, context);
  set_action(command, context, [&context, run, workers, procedure, retries_failed] {
    return go_on(context, {.run = *run, .retries_failed = retries_failed}, procedure, *workers);
  });
}

void add_rollback(CLI::App& parent, Context& context) {
  Command& command = add_command(parent, {.name = "rollback",
                                          .summary = "Take back exactly what a run has applied",
                                          .details = "Tenants first, the last ones foremost, then the shared schema."});
  auto const run = add_run_argument(command);
  auto const workers = add_workers_option(command);
  auto const skips = std::make_shared<bool>(false);
  command.add_flag("--skip-irreversible", *skips, "take back what can be taken back, and leave the rest");
  add_setting_flags(command, context, {SettingGroup::json, SettingGroup::report});
  set_action(command, context, [&context, run, workers, skips] {
    std::string sql = "CALL tenancy.rollback_run($1::bigint, $2::integer";
    if (*skips) sql += ", skip_irreversible => true";
    // A run of its own.
    RunCall call{.operation = "rollback",
                 .revision = fmt::format("run {}", *run),
                 .statement = {sql + ")", {std::to_string(*run), number(*workers)}},
                 .workers = static_cast<std::size_t>(workers->value_or(0))};
    return exit_code_of(context.run(call_run(context, std::move(call))));
  });
}

}  // namespace

void add_runs(CLI::App& app, Context& context) {
  auto const most = std::make_shared<std::size_t>(20);
  Command& command = add_command(app, {.name = "runs",
                                       .group = kRuns,
                                       .summary = "List the runs of the control database, the newest first",
                                       .examples = {{"tenancy runs --limit 5", ""}}});
  command.add_option("--limit", *most, "so many at most [20]")->type_name("N")->check(CLI::Range(1, 1000000));
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, most] { return context.run(list(context, *most)); });
}

void add_run(CLI::App& app, Context& context) {
  Command& run = add_command(app, {.name = "run",
                                   .group = kRuns,
                                   .summary = "Look at a run of the control database, stop it, or go on with it",
                                   .examples = {{"tenancy run show 7", ""}, {"tenancy run retry 7", ""}}});
  add_show(run, context);
  add_request(run, context, {.name = "pause", .summary = "Let a run begin no further target until it is resumed"},
              "pause", "pauses behind the targets in hand");
  add_request(run, context, {.name = "abort", .summary = "End a run behind the targets in hand"}, "abort",
              "ends behind the targets in hand");
  add_going_on(run, context, {.name = "resume", .summary = "Do what is left of a run, or wake one that pauses"},
               "resume", false);
  add_going_on(run, context, {.name = "retry", .summary = "Do what is left of a run, and what failed in it"},
               "retry_failed", true);
  add_rollback(run, context);
}

}  // namespace tenancy::driver
