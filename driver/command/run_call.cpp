#include "driver/command/run_call.h"

#include <fmt/core.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <regex>

#include "driver/command/control_settings.h"
#include "driver/command/listing.h"
#include "driver/connection/pooler.h"
#include "driver/fleet/interruption.h"
#include "driver/output/display_text.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

void print_report(std::FILE* file, const char* word, const ServerReport& report) {
  fmt::print(file, "{}{}\n", word, visible(report.message));
  for (const std::string& line : visible_lines(report.detail)) fmt::print(file, "  {}\n", line);
  for (const std::string& line : visible_lines(in_commands(report.hint))) fmt::print(file, "  {}\n", line);
  std::fflush(file);
}

/// How the run of a call is found by other sessions.
struct RunOfCall {
  std::optional<std::int64_t> id{};  ///< of one that goes on
  int leader = 0;                    ///< the process that serves the session; 0 behind a pooler of transactions
  std::string since{};               ///< the time before the call
};

/// Condition and parameter, for a query of tenancy.runs.
std::pair<std::string, Parameters> condition_of(const RunOfCall& call) {
  if (call.id) return {"id = $1::bigint", Parameters{std::to_string(*call.id)}};
  return {"started_by = current_user AND started_at >= $1::timestamptz", Parameters{call.since}};
}

/// Lets the run end behind the targets in hand.
awaitable<void> abort_run(Context& context, RunOfCall call) {
  auto [condition, parameters] = condition_of(call);
  if (!call.id && call.leader != 0) {
    condition = "tenancy.run_leader(id) = $1::integer";
    parameters = Parameters{std::to_string(call.leader)};
  }
  try {
    Connection other = co_await context.connect();
    // Of several, nobody knows which is meant.
    Result const aborted = co_await other.query(
        "SELECT tenancy.abort(min(id)) FROM tenancy.runs"
        " WHERE finished_at IS NULL AND state IN ('running', 'paused') AND " +
            condition + " HAVING count(*) = 1",
        std::move(parameters));
    if (aborted.rows() == 0) {
      fmt::print(stderr, "tenancy: cannot tell which run to abort: tenancy runs lists them, tenancy run abort ID\n");
    }
  } catch (const ServerError& error) {
    fmt::print(stderr, "tenancy: cannot abort the run: {}\n", error.what());
  }
}

struct RunState {
  std::string id, state;
};

/// Nothing when there is none; also when the call stood behind a pooler, and several runs began meanwhile.
awaitable<std::optional<RunState>> find_run(Connection& control, const RunOfCall& call) {
  auto [condition, parameters] = condition_of(call);
  if (!call.id && call.leader != 0) condition += " AND id = currval('tenancy.runs_id_seq')";
  try {
    Result const rows = co_await control.query(
        "SELECT min(id), min(state) FROM tenancy.runs WHERE " + condition + " HAVING count(*) = 1",
        std::move(parameters));
    if (rows.rows() > 0) co_return RunState{std::string(rows.text(0, 0)), std::string(rows.text(0, 1))};
  } catch (const ServerError& error) {
    if (!error.session_goes_on()) throw;
  }
  co_return std::nullopt;
}

awaitable<void> print_run(Connection& control, const RunState& run, bool as_json) {
  if (!as_json) {
    fmt::print("run {}: tenancy run show {}\n", run.id, run.id);
    co_return;
  }
  Parameters parameters{run.id};
  Result const rows = co_await control.query(
      "SELECT r.id, r.operation, r.revision, r.state, r.reason, r.targets, r.unchanged,"
      "       count(*) FILTER (WHERE t.state = 'done'), count(*) FILTER (WHERE t.state = 'failed'),"
      "       count(*) FILTER (WHERE t.state IN ('pending', 'retrying'))"
      "  FROM tenancy.runs r LEFT JOIN tenancy.run_targets t ON t.run = r.id WHERE r.id = $1::bigint GROUP BY r.id",
      std::move(parameters));
  auto const number = [&](std::size_t column) { return json_of(ValueForm::number, rows.value(0, column)); };
  auto const text = [&](std::size_t column) { return json_of(ValueForm::text, rows.value(0, column)); };
  print_json({{"run", number(0)},
              {"operation", text(1)},
              {"revision", text(2)},
              {"state", text(3)},
              {"reason", text(4)},
              {"targets", number(5)},
              {"unchanged", number(6)},
              {"done", number(7)},
              {"failed", number(8)},
              {"left", number(9)}});
}

}  // namespace

std::string in_commands(const std::string& text) {
  static const std::regex resume(R"(CALL tenancy\.resume\((\d+)\))");
  static const std::regex retry(R"(CALL tenancy\.retry_failed\((\d+)\))");
  static const std::regex report(R"(tenancy\.run_report\((\d+)\))");
  std::string result = std::regex_replace(text, resume, "tenancy run resume $1");
  result = std::regex_replace(result, retry, "tenancy run retry $1");
  return std::regex_replace(result, report, "tenancy run show $1");
}

awaitable<ExitCode> call_run(Context& context, std::string sql, Parameters parameters,
                             std::optional<std::int64_t> run_that_goes_on) {
  bool const as_json = context.settings().output.json;
  Connection control = co_await context.connect();
  co_await give_variables(control, context.settings().request);
  control.on_notice([as_json](const ServerReport& report) {
    bool const is_warning = report.severity == "WARNING";
    if (is_warning || !as_json) print_report(is_warning ? stderr : stdout, is_warning ? "warning: " : "", report);
  });
  Result const now = co_await control.query("SELECT clock_timestamp()");
  bool const pooled = co_await is_pooled(control);
  RunOfCall call{.id = run_that_goes_on, .since = std::string(now.text(0, 0))};
  if (!pooled) call.leader = control.backend_pid();
  auto const executor = co_await boost::asio::this_coro::executor;
  std::optional<ServerError> failure;
  {
    Interruption const interruption(
        executor,
        [&context, executor, call](const std::string& signal) {
          fmt::print(stderr, "{}: the targets in hand are finished; once more cancels them\n", signal);
          boost::asio::co_spawn(executor, abort_run(context, call), boost::asio::detached);
        },
        [&control, executor](const std::string&) {
          boost::asio::co_spawn(executor, control.cancel(), boost::asio::detached);
        });
    try {
      (void)co_await control.query(sql, std::move(parameters));
    } catch (const ServerError& error) {
      if (!error.session_goes_on()) throw;
      failure = error;
    }
  }
  std::optional<RunState> const run = co_await find_run(control, call);
  if (failure && !run) throw *failure;
  if (failure) print_report(stderr, "tenancy: ", failure->report());
  if (run) co_await print_run(control, *run, as_json);
  if (!failure) co_return kDone;
  bool const has_ended = run->state == "failed" || run->state == "done";
  co_return has_ended ? kTargetsFailed : kStopped;
}

}  // namespace tenancy::driver
