// tenancy runs, and tenancy run: the operations that the database carried out.
#include <fmt/core.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/command/run_call.h"
#include "driver/command/run_view.h"

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

void add_call(CLI::App& parent, Context& context, CommandWords words, const char* procedure) {
  bool const takes_back = words.name == "rollback";
  Command& command = add_command(parent, std::move(words));
  auto const run = add_run_argument(command);
  auto const workers = std::make_shared<std::optional<int>>();
  auto const skips = std::make_shared<bool>(false);
  command.add_option("--workers", *workers, "background workers of the server [its tenancy.concurrency]")
      ->type_name("N")
      ->check(CLI::Range(0, 1024));
  if (takes_back) {
    command.add_flag("--skip-irreversible", *skips, "take back what can be taken back, and leave the rest");
  }
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, run, workers, skips, procedure, takes_back] {
    std::string sql = fmt::format("CALL tenancy.{}($1::bigint, $2::integer", procedure);
    if (*skips) sql += ", skip_irreversible => true";
    Parameters parameters{std::to_string(*run), {}};
    if (*workers) parameters[1] = std::to_string(**workers);
    // A rollback is a run of its own.
    std::optional<std::int64_t> const goes_on = takes_back ? std::nullopt : std::optional(*run);
    return context.run(call_run(context, sql + ")", std::move(parameters), goes_on));
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
  add_call(run, context, {.name = "resume", .summary = "Do what is left of a run, or wake one that pauses"}, "resume");
  add_call(run, context, {.name = "retry", .summary = "Do what is left of a run, and what failed in it"},
           "retry_failed");
  add_call(run, context,
           {.name = "rollback",
            .summary = "Take back exactly what a run has applied",
            .details = "Tenants first, the last ones foremost, then the shared schema."},
           "rollback_run");
}

}  // namespace tenancy::driver
