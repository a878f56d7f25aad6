#include "driver/fleet/target_tracking.h"

#include "core/target_sql.h"
#include "driver/apply/plain_batch.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

enum LookStatement : std::size_t { kBegin, kSettings, kFacts, kLock, kCheck, kApplied, kOthers };

/// Behind a failure, too: there a COMMIT is a ROLLBACK.
constexpr const char* kNextTransaction = "COMMIT AND CHAIN";

std::vector<Statement> look_statements(const core::TargetPlace& place, const Request& request,
                                       const std::vector<std::string>& other_sets, bool is_first) {
  std::vector<core::TargetStatement> look{core::begin_statement(),     core::own_settings(request.lock_timeout),
                                          core::read_facts(place),     core::lock_tracking(place, false),
                                          core::check_tracking(place), core::read_applied(place)};
  if (!is_first) look[kBegin] = {kNextTransaction};
  for (const std::string& set : other_sets) look.push_back(core::read_applied(with_set(place, set)));
  std::vector<Statement> statements;
  for (core::TargetStatement& one : look) statements.push_back({std::move(one.sql), std::move(one.parameters)});
  return statements;
}

/// Why it could not be read; without a tracking table nothing is applied.
void explain(TargetTracking& tracking, const ServerReport& report, std::size_t failed, const std::string& table) {
  std::string const name = "tracking table \"" + table + "\" ";
  if (failed == kLock && report.sqlstate == "42P01") return;
  tracking.state = "unreachable";
  tracking.detail = report.message;
  auto const say = [&](const char* state, const char* why) { tracking.state = state, tracking.detail = name + why; };
  if (report.sqlstate == "42501") {
    say("denied", "may not be read");
  } else if (report.sqlstate == "55P03") {
    say("locked", "is locked by another session");
  } else if (core::finding_in(report.message)) {
    say("foreign", "is another tool's");
  }
}

TargetTracking tracking_of(const TrackingQuestion& question, const BatchResult& batch, const std::string& table) {
  if (batch.results.size() > kFacts && batch.results[kFacts].rows() == 0) return {"missing", "schema does not exist"};
  const std::vector<std::string>& others = question.other_sets;
  TargetTracking tracking;
  for (const std::string& set : others) tracking.applied_of_others[set];
  if (batch.failure) {
    explain(tracking, *batch.failure, batch.results.size(), table);
    return tracking;
  }
  tracking.applied = read_rows(batch.results[kApplied]);
  for (std::size_t i = 0; i < others.size(); ++i) {
    tracking.applied_of_others[others[i]] = read_rows(batch.results[kOthers + i]);
  }
  return tracking;
}

}  // namespace

awaitable<void> read_tracking(Connection& connection, std::span<const TrackingQuestion> questions,
                              const Request& request, std::function<void(const TargetTracking& tracking)> see) {
  std::vector<std::vector<Statement>> batches;
  for (const TrackingQuestion& question : questions) {
    core::TargetPlace const place{.schema = question.target.schema,
                                  .tracking_table = request.tracking_table,
                                  .migration_set = question.target.migration_set,
                                  .shared_schemas = request.shared_schemas,
                                  .server_version = connection.server_version()};
    batches.push_back(look_statements(place, request, question.other_sets, batches.empty()));
  }
  batches.push_back({{"COMMIT"}});
  std::size_t next = 0;
  co_await connection.batches(batches, [&](const BatchResult& batch) {
    if (next == questions.size()) return;  // the last COMMIT
    see(tracking_of(questions[next++], batch, request.tracking_table));
  });
}

core::PinnedSets pins_of(const Target& target) {
  core::PinnedSets pins = target.other_pins;
  if (target.pinned_revision) pins.insert_or_assign(target.migration_set, *target.pinned_revision);
  return pins;
}

TargetStanding standing_of(const Target& target, const TargetTracking& tracking, const StoredSets& sets,
                           core::OutOfOrder out_of_order) {
  TargetStanding result{.state = tracking.state, .detail = tracking.detail};
  const core::MigrationSet& set = sets.set(target.migration_set);
  if (auto const head = set.head(target.kind)) result.head = set[*head].version;
  if (!tracking.state.empty()) return result;
  const std::string& own = target.migration_set;
  StoredHistories histories(sets, [&](const std::string& other) { return tracking.rows_of(other, own); });
  core::Standing const standing = core::target_standing(own, target.kind, pins_of(target), out_of_order, histories);
  result.state = to_string(standing.state);
  result.revision = standing.revision;
  result.pending = standing.pending;
  result.detail = standing.detail;
  return result;
}

}  // namespace tenancy::driver
