#include "driver/fleet/run_record.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <random>
#include <utility>

#include "core/retry.h"
#include "driver/fleet/place.h"

namespace tenancy::driver {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace asio::experimental::awaitable_operators;
using asio::awaitable;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kWriteInterval{250};
constexpr std::chrono::milliseconds kAwayInterval{1000};  ///< between attempts, while the control database is away
constexpr std::chrono::seconds kTimeToLead{20};
/// For a pooler's session: of two runs that begin in a small pool, each may hold the one that the other waits for.
constexpr std::chrono::seconds kTimeForSession{1};
/// Of a session that is waited for in vain.
constexpr std::chrono::milliseconds kGrace{500};
constexpr core::RetryPolicy kAgain{.first_delay = std::chrono::milliseconds(200),
                                   .longest_delay = std::chrono::milliseconds(2000)};
constexpr std::chrono::seconds kTimeout{60};  ///< of a statement

std::string key_of(const Target& target) {
  return target.server + '\0' + target.database + '\0' + target.schema + '\0' + target.migration_set;
}

constexpr std::string_view kNoSession = "53300";

/// Says what to grant.
ServerError explained(const ServerReport& report) {
  ServerReport explained = report;
  if (report.sqlstate == "42501") {
    explained.detail = "Fleet operations are recorded in tenancy.runs and tenancy.run_targets.";
    explained.hint = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tenancy TO the role that migrates.";
  }
  return {ServerError::Kind::refused, std::move(explained)};
}

/// A session that does not come, though it was opened, is a pooler's: another run of the driver may wait for ours.
ServerError no_session_to_lead(std::int64_t run) {
  return {
      ServerError::Kind::refused,
      {.severity = "ERROR",
       .sqlstate = std::string(kNoSession),
       .message = "no session is free to lead run " + std::to_string(run),
       .detail = "A run keeps one session for as long as it goes on. A pooler stands between here and the server, "
                 "and all of its sessions are in use.",
       .hint = "Wait until other runs have ended, make the pool larger (default_pool_size of PgBouncer), or connect "
               "to the server itself."}};
}

/// Nothing in there waits for anybody but a pooler.
awaitable<BatchResult> take_lead(Connection& leader, std::int64_t run) {
  std::vector<Statement> const statements = lead_run(run, leader.server_version());
  Deadline const deadline = Clock::now() + kTimeForSession;
  leader.set_grace(kGrace);
  std::optional<ServerError> failure;
  try {
    co_return co_await leader.batch(statements, deadline);
  } catch (const ServerError& error) {
    failure = error;
  }
  bool const has_waited =
      Clock::now() >= deadline || failure->report().message.find("query_wait_timeout") != std::string::npos;
  throw has_waited ? no_session_to_lead(run) : *failure;
}

}  // namespace

/// The sessions, for as long as it lives. What is left in the middle loses them: nobody knows what is left in them.
class RunRecord::Turn {
 public:
  static awaitable<void> wait_for(RunRecord& record) {
    while (record.is_writing_) co_await record.writing_ended_.wait();
    record.is_writing_ = true;
  }
  explicit Turn(RunRecord& record) : record_(record) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (!is_done_) record_.writer_.reset();
    record_.is_writing_ = false;
    record_.writing_ended_.wake_all();
  }
  void done() noexcept { is_done_ = true; }

 private:
  RunRecord& record_;
  bool is_done_ = false;
};

RunRecord::RunRecord(asio::any_io_executor executor, Open open, RunHeader header, std::optional<ResumedRun> resumed,
                     Warn warn, std::chrono::milliseconds patience)
    : executor_(executor),
      open_(std::move(open)),
      header_(std::move(header)),
      resumed_(resumed),
      warn_(std::move(warn)),
      patience_(patience),
      writing_ended_(executor),
      work_(executor) {}

awaitable<BatchResult> RunRecord::send(const std::vector<Statement>& statements) {
  if (!writer_) writer_ = co_await open_();
  Deadline const deadline = Clock::now() + kTimeout;
  BatchResult reply = co_await writer_->batch(statements, deadline);
  if (reply.failure) throw explained(*reply.failure);
  co_return reply;
}

awaitable<Result> RunRecord::send_one(Statement statement) {
  std::vector<Statement> statements;
  statements.push_back(std::move(statement));
  BatchResult reply = co_await send(statements);
  co_return std::move(reply.results.front());
}

awaitable<void> RunRecord::lead(std::int64_t run) {
  leader_.reset();
  Connection leader = co_await open_();
  BatchResult const reply = co_await take_lead(leader, run);
  if (reply.failure) throw explained(*reply.failure);
  constexpr std::size_t kLock = 1;  // of the statements
  if (reply.results[kLock].text(0, 0) != "t") {
    throw ServerError(ServerError::Kind::refused,
                      {.severity = "ERROR",
                       .sqlstate = "55006",
                       .message = "run " + std::to_string(run) + " is going on in another session",
                       .hint = "tenancy run abort " + std::to_string(run) + " stops it."});
  }
  leader_ = std::move(leader);
}

/// Nothing: no session is free to lead it, and what had begun is given up.
awaitable<std::optional<std::int64_t>> RunRecord::try_to_begin(Deadline deadline) {
  std::vector<Statement> const statements = resumed_ ? begin_run_again(header_, resumed_->run) : begin_run(header_);
  BatchResult const begun = co_await send(statements);
  std::int64_t const number = begun.results.back().integer(0, 0);
  try {
    co_await lead(resumed_ ? resumed_->run : number);
    co_return number;
  } catch (const ServerError& error) {
    if (error.sqlstate() != kNoSession || Clock::now() >= deadline) throw;
  }
  writer_.reset();
  co_return std::nullopt;
}

awaitable<void> RunRecord::begin() {
  Deadline const deadline = Clock::now() + kTimeToLead;
  std::minstd_rand generator{std::random_device{}()};
  std::uniform_real_distribution<double> distribution;
  asio::steady_timer timer(executor_);
  std::optional<std::int64_t> begun = co_await try_to_begin(deadline);
  for (int attempts = 1; !begun; ++attempts) {
    timer.expires_after(core::retry_delay(kAgain, attempts, distribution(generator)));
    co_await timer.async_wait(asio::use_awaitable);
    begun = co_await try_to_begin(deadline);
  }
  std::int64_t const number = *begun;
  std::int64_t const run = resumed_ ? resumed_->run : number;
  std::vector<Statement> commit;
  commit.push_back({"COMMIT"});
  (void)co_await send(commit);
  if (resumed_) newest_ = static_cast<std::size_t>(number);
  run_ = run;
  works_ = true;
  asio::co_spawn(executor_, work(), [this](std::exception_ptr error) {
    works_ = false;
    error_ = std::move(error);
    work_.wake_all();
  });
}

/// The ordinals that its targets have in the run; nothing for one that is left alone.
awaitable<std::vector<std::optional<std::size_t>>> RunRecord::number(const TargetPage& page) {
  std::vector<std::optional<std::size_t>> ordinals(page.targets.size(), 0);
  if (!resumed_) co_return ordinals;
  json::array asked;
  for (std::size_t i = 0; i < page.targets.size(); ++i) {
    asked.push_back(target_row(page.targets[i], 0));
    asked.back().as_object()["index"] = i;
  }
  Result const found = co_await send_one(find_targets(*run_, asked));
  for (std::size_t row = 0; row < found.rows(); ++row) {
    auto const index = static_cast<std::size_t>(found.integer(row, 0));
    ordinals[index] = static_cast<std::size_t>(found.integer(row, 1));
    // The tenants need what they share, whether it failed or not.
    bool const is_left_alone =
        found.text(row, 2) == "failed" && !resumed_->retries_failed && !is_shared(page.targets[index]);
    if (is_left_alone) ordinals[index].reset();
  }
  co_return ordinals;
}

awaitable<void> RunRecord::add(TargetPage& page) {
  co_await Turn::wait_for(*this);
  Turn turn(*this);
  if (!run_ && (resumed_ || !page.targets.empty())) co_await begin();
  // So that they never become many, however fast targets end.
  co_await write();
  std::size_t const unchanged = unchanged_ + page.unchanged;
  std::size_t const known = std::max(page.expected, known_ + page.targets.size() + page.unchanged);
  if (run_) {
    std::vector<std::optional<std::size_t>> ordinals = co_await number(page);
    json::array rows;
    std::size_t newest = newest_;
    for (std::size_t i = 0; i < ordinals.size(); ++i) {
      if (ordinals[i] != 0) continue;
      ordinals[i] = ++newest;
      rows.push_back(target_row(page.targets[i], newest));
    }
    std::vector<Statement> const statements = add_targets(*run_, rows, known, unchanged);
    (void)co_await send(statements);
    newest_ = newest;
    take(page, ordinals);
  }
  known_ += page.targets.size() + page.unchanged;
  unchanged_ = unchanged;
  turn.done();
}

void RunRecord::take(TargetPage& page, const std::vector<std::optional<std::size_t>>& ordinals) {
  std::vector<Target> targets;
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    if (!ordinals[i]) continue;
    ordinals_[key_of(page.targets[i])] = *ordinals[i];
    targets.push_back(std::move(page.targets[i]));
  }
  page.targets = std::move(targets);
}

void RunRecord::retrying(const Target& target, const ServerReport& report, int failed_attempts) {
  auto const known = ordinals_.find(key_of(target));
  if (known != ordinals_.end()) unwritten_.push_back(retry_row(report, failed_attempts, known->second));
}

void RunRecord::finished(const Outcome& outcome) {
  auto const known = ordinals_.find(key_of(outcome.target));
  if (known == ordinals_.end()) return;
  unwritten_.push_back(outcome_row(outcome, known->second));
  ordinals_.erase(known);
}

awaitable<void> RunRecord::write() {
  if (unwritten_.empty()) co_return;
  // Of a target only the newest: a statement that updates a row twice does so once.
  std::unordered_map<std::int64_t, std::size_t> newest;
  for (std::size_t i = 0; i < unwritten_.size(); ++i) newest[unwritten_[i].at("ordinal").to_number<std::int64_t>()] = i;
  json::array rows;
  for (std::size_t i = 0; i < unwritten_.size(); ++i) {
    if (newest.at(unwritten_[i].at("ordinal").to_number<std::int64_t>()) == i) rows.push_back(unwritten_[i]);
  }
  std::size_t const written = unwritten_.size();
  (void)co_await send_one(record_outcomes(*run_, rows));
  unwritten_.erase(unwritten_.begin(), unwritten_.begin() + static_cast<std::ptrdiff_t>(written));
}

awaitable<void> RunRecord::obey() {
  Result const rows = co_await send_one(read_run(*run_));
  if (rows.rows() == 0) co_return;
  if (rows.text(0, 1) != "t") co_await lead(*run_);
  std::string const state(rows.text(0, 0));
  if (state == state_) co_return;
  state_ = state;
  if (state == "aborted" && steering_.stop) steering_.stop("aborted by tenancy.abort");
  if (steering_.pause) steering_.pause(state == "paused");
}

awaitable<void> RunRecord::work() {
  asio::steady_timer timer(executor_);
  std::chrono::milliseconds interval = kWriteInterval;
  while (!closes_) {
    timer.expires_after(interval);
    co_await (timer.async_wait(asio::use_awaitable) || work_.wait());
    if (closes_) break;
    interval = kWriteInterval;
    std::optional<ServerError> failure;
    co_await Turn::wait_for(*this);
    try {
      Turn turn(*this);
      co_await write();
      co_await obey();
      turn.done();
    } catch (const ServerError& error) {
      failure = error;
    }
    if (!failure) continue;
    interval = kAwayInterval;
    if (!std::exchange(has_warned_, true)) warn_(std::string("the run cannot be recorded now: ") + failure->what());
  }
}

awaitable<void> RunRecord::finish(Summary& summary) {
  co_await Turn::wait_for(*this);
  Turn turn(*this);
  co_await write();
  bool const went_to_its_end =
      summary.end != Summary::End::stopped && summary.end != Summary::End::cannot_connect && resumed_;
  if (went_to_its_end) (void)co_await send_one(settle_targets(*run_, resumed_->retries_failed));
  bool const was_aborted = state_ == "aborted" && summary.end == Summary::End::stopped;
  std::vector<Statement> const statements =
      finish_run(*run_, was_aborted ? state_ : run_state_of(summary), summary, unchanged_);
  BatchResult const finished = co_await send(statements);
  turn.done();
  bool const all_was_well = summary.end == Summary::End::done || summary.end == Summary::End::nothing_to_do;
  std::optional<RunEnd> const recorded = read_end(finished.results.front());
  if (!all_was_well || !recorded || recorded->state != "failed") co_return;
  summary.end = Summary::End::failures;
  summary.reason = recorded->reason;
  summary.failed = recorded->failed;
  summary.targets = std::max(summary.targets, recorded->targets);
}

awaitable<void> RunRecord::close(Summary& summary) {
  closes_ = true;
  work_.wake_all();
  while (works_) co_await work_.wait();
  if (!run_) co_return;
  asio::steady_timer timer(executor_);
  Clock::time_point const limit = Clock::now() + patience_;
  for (;;) {
    std::optional<ServerError> failure;
    try {
      co_await finish(summary);
    } catch (const ServerError& error) {
      failure = error;
    }
    if (!failure) break;
    if (failure->session_goes_on() || !is_transient(failure->report()) || Clock::now() >= limit) {
      warn_("run " + std::to_string(*run_) + " is not recorded to its end: " + failure->what());
      break;
    }
    timer.expires_after(kAwayInterval);
    co_await timer.async_wait(asio::use_awaitable);
  }
  leader_.reset();
  writer_.reset();
  if (error_) std::rethrow_exception(error_);
}

}  // namespace tenancy::driver
