#include "driver/fleet/target_tracking.h"

#include "core/target_sql.h"
#include "driver/apply/plain_batch.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

enum LookStatement : std::size_t { kBegin, kSettings, kFacts, kLock, kCheck, kApplied, kOthers };

std::vector<Statement> look_statements(const core::TargetPlace& place, const Request& request,
                                       const std::vector<std::string>& other_sets) {
  std::vector<core::TargetStatement> look{core::begin_statement(),     core::own_settings(request.lock_timeout),
                                          core::read_facts(place),     core::lock_tracking(place, false),
                                          core::check_tracking(place), core::read_applied(place)};
  for (const std::string& set : other_sets) look.push_back(core::read_applied(with_set(place, set)));
  std::vector<Statement> statements;
  for (core::TargetStatement& one : look) statements.push_back({std::move(one.sql), std::move(one.parameters)});
  statements.push_back({"COMMIT"});
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

}  // namespace

awaitable<TargetTracking> read_tracking(Connection& connection, const Target& target, const Request& request,
                                        Deadline deadline, std::vector<std::string> other_sets) {
  core::TargetPlace const place{.schema = target.schema,
                                .tracking_table = request.tracking_table,
                                .migration_set = target.migration_set,
                                .shared_schemas = request.shared_schemas,
                                .server_version = connection.server_version()};
  std::vector<Statement> const statements = look_statements(place, request, other_sets);
  BatchResult const batch = co_await connection.batch(statements, deadline);
  if (batch.failure) co_await connection.execute("ROLLBACK", deadline);
  if (batch.results.size() > kFacts && batch.results[kFacts].rows() == 0) {
    co_return TargetTracking{"missing", "schema does not exist"};
  }
  TargetTracking tracking;
  for (const std::string& set : other_sets) tracking.applied_of_others[set];
  if (batch.failure) {
    explain(tracking, *batch.failure, batch.results.size(), request.tracking_table);
    co_return tracking;
  }
  tracking.applied = read_rows(batch.results[kApplied]);
  for (std::size_t i = 0; i < other_sets.size(); ++i) {
    tracking.applied_of_others[other_sets[i]] = read_rows(batch.results[kOthers + i]);
  }
  co_return tracking;
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
  TrackedHistories histories(sets, tracking, target.migration_set);
  core::Standing const standing =
      core::target_standing(target.migration_set, target.kind, pins_of(target), out_of_order, histories);
  result.state = to_string(standing.state);
  result.revision = standing.revision;
  result.pending = standing.pending;
  result.detail = standing.detail;
  return result;
}

}  // namespace tenancy::driver
