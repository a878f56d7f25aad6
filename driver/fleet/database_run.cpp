#include "driver/fleet/database_run.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>

#include "core/requirements.h"
#include "core/text_array.h"
#include "driver/connection/pooler.h"
#include "driver/fleet/event.h"
#include "driver/fleet/interruption.h"

namespace tenancy::driver {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;

namespace {

constexpr std::chrono::milliseconds kLookInterval{300};

constexpr const char* kRunOfSession = "SELECT run FROM tenancy.progress WHERE leader = $1::integer";
// Of a call that was over before anybody looked: asked by the session that called.
constexpr const char* kRunOfCaller =
    "SELECT id FROM tenancy.runs WHERE id > $1::bigint AND id = currval('tenancy.runs_id_seq')";
// Behind a pooler of transactions, and when that session is lost. Of several, nobody knows which is meant.
constexpr const char* kOnlyRunSince =
    "SELECT min(id) FROM tenancy.runs WHERE id > $1::bigint AND started_by = current_user HAVING count(*) = 1";
// Of a run that goes on: when it last did so.
constexpr const char* kResumedAt =
    "SELECT coalesce(extract(epoch FROM resumed_at) * 1000000, 0)::bigint FROM tenancy.runs WHERE id = $1::bigint";
constexpr const char* kNewestRun = "SELECT coalesce(max(id), 0) FROM tenancy.runs";
constexpr const char* kCounts =
    "SELECT r.targets, r.unchanged, r.state, r.reason, r.finished_at IS NOT NULL,"
    "       (SELECT count(*) FROM tenancy.run_targets t WHERE t.run = r.id AND (t.finished_at IS NULL OR"
    "         t.finished_at >= coalesce(r.resumed_at, r.started_at))),"
    "       (SELECT count(*) FROM tenancy.run_targets t WHERE t.run = r.id AND t.state IN ('pending', 'retrying'))"
    "  FROM tenancy.runs r WHERE r.id = $1::bigint";
enum CountColumn { kTargets, kUnchanged, kRunState, kReason, kIsFinished, kListed, kLeft };
constexpr const char* kEnded =
    "SELECT ordinal, tenant, database, schema, kind, migration_set, state, from_revision, to_revision, held_at, "
    "versions,"
    "       attempts, (extract(epoch FROM waited) * 1000000)::bigint,"
    "       (extract(epoch FROM duration) * 1000000)::bigint, sqlstate, error, detail, hint"
    "  FROM tenancy.run_targets t"
    " WHERE run = $1::bigint AND state IN ('done', 'failed') AND ($2::boolean OR finished_at > now() - interval '5 s')"
    "   AND finished_at >= (SELECT coalesce(r.resumed_at, r.started_at) FROM tenancy.runs r WHERE r.id = t.run)"
    " ORDER BY ordinal";
enum EndedColumn {
  kOrdinal,
  kTenant,
  kDatabase,
  kSchema,
  kKind,
  kSet,
  kState,
  kFrom,
  kTo,
  kHeldAt,
  kVersions,
  kAttempts,
  kWaited,
  kDuration,
  kSqlstate,
  kError,
  kDetail,
  kHint
};

Outcome outcome_of(const Result& rows, std::size_t row, core::Direction direction) {
  auto const text = [&](EndedColumn column) { return std::string(rows.text(row, column)); };
  Outcome outcome{.target = {.tenant = text(kTenant), .database = text(kDatabase), .schema = text(kSchema)}};
  outcome.target.kind = core::parse_target_kind(rows.text(row, kKind));
  outcome.target.migration_set = text(kSet);
  outcome.from_revision = text(kFrom);
  outcome.to_revision = text(kTo);
  outcome.held_at = rows.value(row, kHeldAt);
  for (const std::string& version : core::parse_text_array(rows.text(row, kVersions))) {
    StepOutcome& step = outcome.steps.emplace_back();
    step.direction = direction;
    core::LabelledVersion named = core::labelled_version({}, version, false);
    step.set = std::move(named.set);
    step.version = std::move(named.version);
  }
  outcome.attempts = static_cast<int>(rows.integer(row, kAttempts));
  outcome.waited = std::chrono::microseconds(rows.integer(row, kWaited));
  outcome.duration = std::chrono::microseconds(rows.integer(row, kDuration));
  if (rows.text(row, kState) == "done") return outcome;
  outcome.state = Outcome::State::failed;
  outcome.failure = ServerReport{.severity = "ERROR",
                                 .sqlstate = text(kSqlstate),
                                 .message = text(kError),
                                 .detail = text(kDetail),
                                 .hint = text(kHint)};
  return outcome;
}

class WatchedRun {
 public:
  WatchedRun(const asio::any_io_executor& executor, DatabaseRun& run)
      : executor_(executor), run_(run), wake_(executor) {}

  awaitable<Summary> run() {
    auto const begin = std::chrono::steady_clock::now();
    caller_ = co_await run_.open();
    // The call takes as long as the fleet does.
    caller_->set_time_limit(std::chrono::milliseconds(0));
    watcher_ = co_await run_.open();
    before_ = co_await read_before();
    is_pooled_ = co_await is_pooled(*caller_);
    if (is_pooled_ && !run_.settings.empty()) {
      throw std::runtime_error(
          "what is said for this call alone takes a session of its own, and a pooler stands between here and the "
          "server");
    }
    for (const auto& [name, value] : run_.settings) {
      Parameters parameters{name, value};
      (void)co_await caller_->query("SELECT set_config($1, $2, false)", std::move(parameters));
    }
    caller_->on_notice([this](const ServerReport& notice) { tell(notice); });
    run_.reporter.begin(run_.heading);
    {
      Interruption const interruption(
          executor_, [this](const std::string&) { wish(Wish::abort); },
          [this](const std::string&) { wish(Wish::cancel); });
      co_await (call() && watch());
    }
    co_await look(true);
    Summary summary = co_await summarize();
    summary.duration = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    run_.reporter.end(summary);
    co_return summary;
  }

 private:
  enum class Wish { none, abort, cancel };

  awaitable<void> call() {
    try {
      (void)co_await caller_->query(run_.call.sql, run_.call.parameters);
    } catch (const ServerError& error) {
      error_ = error;
      is_lost_ = !error.session_goes_on();
    }
    is_over_ = true;
    wake_.wake_all();
  }

  awaitable<void> watch() {
    asio::steady_timer timer(executor_);
    while (!is_over_) {
      co_await look(false);
      co_await obey();
      run_.reporter.refresh();
      timer.expires_after(kLookInterval);
      if (!is_over_) co_await (timer.async_wait(asio::use_awaitable) || wake_.wait());
    }
  }

  void wish(Wish wish) {
    wish_ = wish;
    wake_.wake_all();
  }

  awaitable<void> obey() {
    Wish const wish = std::exchange(wish_, Wish::none);
    if (wish == Wish::none || is_over_) co_return;
    if (wish == Wish::cancel || !id_) {
      run_.reporter.note("cancelling the run");
      co_await caller_->cancel();
      co_return;
    }
    run_.reporter.note(
        "aborting the run: no further target begins; the same signal again cancels those that are running");
    Parameters parameters{id_text()};
    (void)co_await watcher_->query("SELECT tenancy.abort($1::bigint)", std::move(parameters));
  }

  /// Tells of what has ended since the last look, or of everything that nobody was told of.
  awaitable<void> look(bool at_end) {
    if (!id_) co_await find(at_end);
    if (!id_) co_return;
    if (!is_counted_) {
      Result const counts = co_await query(kCounts, id_text());
      run_.reporter.found(static_cast<std::size_t>(counts.integer(0, kListed)), true);
      is_counted_ = true;
    }
    Parameters parameters{id_text(), at_end ? "true" : "false"};
    co_await watcher_->stream(kEnded, std::move(parameters), [this](const Result& row) { tell_of(row); });
  }

  void tell_of(const Result& row) {
    auto const ordinal = static_cast<std::size_t>(row.integer(0, kOrdinal));
    if (told_.size() <= ordinal) told_.resize(ordinal + 1);
    if (told_[ordinal]) return;
    told_[ordinal] = true;
    Outcome const outcome = outcome_of(row, 0, direction());
    ++(outcome.state == Outcome::State::failed ? failed_ : outcome.steps.empty() ? unchanged_ : migrated_);
    if (outcome.attempts > 1) retries_ += static_cast<std::size_t>(outcome.attempts - 1);
    run_.reporter.finished(outcome);
  }

  /// The newest run, or when the run that is to go on did so the last time.
  awaitable<std::int64_t> read_before() {
    if (run_.run) co_return co_await read_resumed_at();
    Result const newest = co_await watcher_->query(kNewestRun);
    co_return newest.integer(0, 0);
  }

  awaitable<std::int64_t> read_resumed_at() {
    Result const rows = co_await query(kResumedAt, std::to_string(*run_.run));
    co_return rows.rows() == 0 ? 0 : rows.integer(0, 0);
  }

  awaitable<void> find(bool at_end) {
    if (run_.run) {
      std::int64_t const resumed_at = co_await read_resumed_at();
      if (resumed_at != before_) id_ = run_.run;
      co_return;
    }
    Result found;
    if (is_pooled_ || is_lost_) {
      found = co_await query(kOnlyRunSince, std::to_string(before_));
    } else if (at_end) {
      found = co_await ask_caller();
    } else {
      found = co_await query(kRunOfSession, std::to_string(caller_->backend_pid()));
    }
    if (found.rows() > 0) id_ = found.integer(0, 0);
  }

  awaitable<Result> ask_caller() {
    try {
      Parameters parameters{std::to_string(before_)};
      co_return co_await caller_->query(kRunOfCaller, std::move(parameters));
    } catch (const ServerError& error) {
      // It has begun none, and so has no current value.
      if (!error.session_goes_on()) throw;
    }
    co_return Result();
  }

  awaitable<Summary> summarize() {
    if (!id_ && error_) throw *error_;
    Summary summary{.migrated = migrated_, .unchanged = unchanged_, .failed = failed_, .retries = retries_};
    if (!id_) {
      summary.end = Summary::End::nothing_to_do;
      co_return summary;
    }
    Result const counts = co_await query(kCounts, id_text());
    std::string_view const state = counts.text(0, kRunState);
    summary.targets = static_cast<std::size_t>(counts.integer(0, kTargets));
    summary.unchanged += static_cast<std::size_t>(counts.integer(0, kUnchanged));
    summary.not_started = static_cast<std::size_t>(counts.integer(0, kLeft));
    summary.reason = std::string(counts.text(0, kReason));
    summary.run = id_;
    bool const is_finished = counts.text(0, kIsFinished) == "t";
    bool const is_stopped_as_asked = state == "stopped" && is_finished && !error_;
    if (is_stopped_as_asked) {
      summary.end = Summary::End::done;
    } else if (state == "done") {
      summary.end = summary.migrated > 0 ? Summary::End::done : Summary::End::nothing_to_do;
    } else if (state == "failed" && is_finished) {
      summary.end = Summary::End::failures;
    } else {
      summary.end = Summary::End::stopped;
      if (summary.reason.empty() && error_) summary.reason = error_->what();
    }
    co_return summary;
  }

  awaitable<Result> query(const char* sql, std::string first) {
    Parameters parameters{std::move(first)};
    co_return co_await watcher_->query(sql, std::move(parameters));
  }

  void tell(const ServerReport& notice) {
    // Failures come as outcomes, with all that belongs to them.
    if (notice.severity == "NOTICE") run_.reporter.note(notice.message);
  }

  [[nodiscard]] std::string id_text() const { return std::to_string(*id_); }
  [[nodiscard]] core::Direction direction() const {
    return run_.heading.operation == "upgrade" ? core::Direction::up : core::Direction::down;
  }

  asio::any_io_executor executor_;
  DatabaseRun& run_;
  std::optional<Connection> caller_, watcher_;
  Event wake_;
  std::int64_t before_ = 0;
  std::optional<std::int64_t> id_;
  std::optional<ServerError> error_;
  bool is_pooled_ = false;
  bool is_lost_ = false;  ///< the session that calls
  bool is_over_ = false;
  bool is_counted_ = false;
  Wish wish_ = Wish::none;
  std::vector<bool> told_;  ///< by ordinal
  std::size_t migrated_ = 0, unchanged_ = 0, failed_ = 0, retries_ = 0;
};

}  // namespace

awaitable<Summary> run_in_database(DatabaseRun run) {
  WatchedRun watched(co_await asio::this_coro::executor, run);
  co_return co_await watched.run();
}

}  // namespace tenancy::driver
