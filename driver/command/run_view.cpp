#include "driver/command/run_view.h"

#include <fmt/core.h>

#include "driver/command/failure.h"
#include "driver/output/display_text.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

constexpr const char* kProgress =
    "SELECT coalesce(p.state, r.state), r.finished_at IS NOT NULL, r.targets, r.unchanged,"
    "       count(t) FILTER (WHERE t.state = 'done'), count(t) FILTER (WHERE t.state = 'failed'),"
    "       count(t) FILTER (WHERE t.state = 'retrying'), count(t) FILTER (WHERE t.state IN ('pending', 'retrying')),"
    "       p.wave, p.per_second, p.time_left"
    "  FROM tenancy.runs r LEFT JOIN tenancy.progress p ON p.run = r.id"
    "  LEFT JOIN tenancy.run_targets t ON t.run = r.id"
    " WHERE r.id = $1::bigint GROUP BY r.id, p.state, p.wave, p.per_second, p.time_left";

constexpr const char* kRun =
    "SELECT id, operation, revision, reason, filter, policy, rolls_back, started_by,"
    "       (extract(epoch FROM started_at) * 1000000)::bigint, (extract(epoch FROM finished_at) * 1000000)::bigint"
    "  FROM tenancy.runs WHERE id = $1::bigint";

constexpr const char* kTargets =
    "SELECT wave, tenant, database, schema, state, from_revision, to_revision, versions, attempts,"
    "       (extract(epoch FROM duration) * 1000000)::bigint, sqlstate, error, detail, hint, server"
    "  FROM tenancy.run_report($1::bigint) WHERE $2::boolean OR state = 'failed'";

std::vector<ListField> target_fields() {
  return {{"wave", "WAVE"},
          {"tenant", "TENANT", ValueForm::text, true},
          {"database", "DATABASE", ValueForm::text, true},
          {"schema", "SCHEMA", ValueForm::text, true},
          {"state", "STATE"},
          {"from_revision", "FROM"},
          {"to_revision", "TO"},
          {"versions", "", ValueForm::texts},
          {"attempts", "ATTEMPTS", ValueForm::number},
          {"duration_ms", "TIME", ValueForm::microseconds},
          {"sqlstate", ""},
          {"error", "ERROR", ValueForm::text, true},
          {"detail", ""},
          {"hint", ""},
          {"server", "SERVER"}};
}

std::string line_of(const RunProgress& progress) {
  std::size_t const work = progress.targets - progress.unchanged;
  std::string line =
      fmt::format("{}: {} of {} done, {} failed, {} left", progress.state, number_text(progress.done),
                  counted(work, "target", "targets"), number_text(progress.failed), number_text(progress.remaining));
  if (progress.retrying > 0) line += fmt::format(", {} to be retried", number_text(progress.retrying));
  if (!progress.wave.empty()) line += fmt::format(", wave \"{}\"", visible(progress.wave));
  if (!progress.per_second.empty()) line += fmt::format(", {}/s", progress.per_second);
  if (!progress.time_left.empty()) line += fmt::format(", {} to go", progress.time_left);
  return line;
}

void print_field(const char* title, const std::string& text) {
  if (!text.empty()) fmt::print("{:<10} {}\n", title, visible(text));
}

}  // namespace

awaitable<RunProgress> read_progress(Connection& control, std::int64_t run) {
  Parameters parameters{std::to_string(run)};
  Result const rows = co_await control.query(kProgress, std::move(parameters));
  if (rows.rows() == 0) {
    throw Failure(kTargetsFailed, fmt::format("run {} does not exist", run), "See tenancy runs.");
  }
  RunProgress progress;
  progress.run = run;
  progress.state = rows.text(0, 0);
  progress.is_finished = rows.text(0, 1) == "t";
  progress.targets = static_cast<std::size_t>(rows.integer(0, 2));
  progress.unchanged = static_cast<std::size_t>(rows.integer(0, 3));
  progress.done = static_cast<std::size_t>(rows.integer(0, 4));
  progress.failed = static_cast<std::size_t>(rows.integer(0, 5));
  progress.retrying = static_cast<std::size_t>(rows.integer(0, 6));
  progress.remaining = static_cast<std::size_t>(rows.integer(0, 7));
  progress.wave = rows.text(0, 8);
  progress.per_second = rows.text(0, 9);
  progress.time_left = rows.text(0, 10);
  co_return progress;
}

void RunView::follow(const RunProgress& progress) {
  std::string line = line_of(progress);
  if (line == last_line_) return;
  if (options_.json) {
    print_json({{"run", progress.run},
                {"state", progress.state},
                {"done", progress.done},
                {"failed", progress.failed},
                {"left", progress.remaining}});
  } else {
    FileStream(1).write(line + "\n");
  }
  last_line_ = std::move(line);
}

awaitable<void> RunView::show(Connection& control, const RunProgress& progress, bool all_targets) {
  Parameters parameters{std::to_string(progress.run)};
  Result const rows = co_await control.query(kRun, std::move(parameters));
  auto const text = [&](std::size_t column, ValueForm form = ValueForm::text) {
    return text_of(form, rows.value(0, column));
  };
  auto const json = [&](std::size_t column, ValueForm form = ValueForm::text) {
    return json_of(form, rows.value(0, column));
  };
  if (options_.json) {
    print_json({{"run", progress.run},
                {"operation", json(1)},
                {"revision", json(2)},
                {"state", progress.state},
                {"reason", json(3)},
                {"filter", json(4, ValueForm::json)},
                {"policy", json(5, ValueForm::json)},
                {"rolls_back", json(6, ValueForm::number)},
                {"started_by", json(7)},
                {"started_at", json(8, ValueForm::moment)},
                {"finished_at", json(9, ValueForm::moment)},
                {"targets", progress.targets},
                {"unchanged", progress.unchanged},
                {"done", progress.done},
                {"failed", progress.failed},
                {"left", progress.remaining}});
  } else {
    print_field("run", std::to_string(progress.run));
    print_field("operation", text(1) + " to " + text(2));
    print_field("state", progress.state);
    print_field("reason", text(3));
    print_field("filter", text(4, ValueForm::json));
    print_field("policy", text(5, ValueForm::json));
    print_field("takes back", text(6).empty() ? "" : "run " + text(6));
    print_field("started", text(8, ValueForm::moment) + " by " + text(7));
    print_field("finished", text(9, ValueForm::moment));
    print_field("targets",
                fmt::format("{}: {} had nothing to do, {} done, {} failed, {} left", number_text(progress.targets),
                            number_text(progress.unchanged), number_text(progress.done), number_text(progress.failed),
                            number_text(progress.remaining)));
    if (all_targets || progress.failed > 0) fmt::print("\n");
  }
  std::fflush(stdout);
  Listing listing(target_fields(), options_);
  Parameters which{std::to_string(progress.run), all_targets ? "t" : "f"};
  co_await control.stream(kTargets, std::move(which), [&](const Result& row) {
    listing.add(row, 0, row.text(0, 4) == "failed" ? Color::red : Color::none);
  });
  listing.finish();
}

}  // namespace tenancy::driver
