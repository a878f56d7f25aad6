// The SQL by which an operation is recorded in tenancy.runs and tenancy.run_targets of the control database.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver/connection/connection.h"
#include "driver/fleet/outcome.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

/// What is recorded of an operation when it begins.
struct RunHeader {
  core::Direction direction = core::Direction::up;
  std::string revision{};
  std::string filter = "{}", policy = "{}";                     ///< JSON objects
  std::vector<std::pair<std::string, std::string>> settings{};  ///< of the extension
};

/// In a transaction that is left open; the last result is the number of the run.
[[nodiscard]] std::vector<Statement> begin_run(const RunHeader& header);
/// The same for a run that goes on: the last result is the newest ordinal among its targets.
[[nodiscard]] std::vector<Statement> begin_run_again(const RunHeader& header, std::int64_t run);

/// In a transaction that is left open as long as the session leads the run: the second one gives true, or false when
/// another session does.
/// Sessions that lead a run hold this lock; where nobody holds it, a run that is not finished was interrupted.
[[nodiscard]] std::vector<Statement> lead_run(std::int64_t run, int server_version);
/// Its state, and whether a session leads it.
[[nodiscard]] Statement read_run(std::int64_t run);

/// The ordinals and states of those of the targets that the run has already; `index` is that of the JSON array.
[[nodiscard]] Statement find_targets(std::int64_t run, const boost::json::array& targets);
/// Inserts those that are not there yet, and says what is known of the fleet.
[[nodiscard]] std::vector<Statement> add_targets(std::int64_t run, const boost::json::array& targets, std::size_t known,
                                                 std::size_t unchanged);
[[nodiscard]] boost::json::object target_row(const Target& target, std::size_t ordinal);

/// Outcomes and attempts; sent twice, they count once.
[[nodiscard]] Statement record_outcomes(std::int64_t run, const boost::json::array& outcomes);
[[nodiscard]] boost::json::object outcome_row(const Outcome& outcome, std::size_t ordinal);
[[nodiscard]] boost::json::object retry_row(const ServerReport& report, int failed_attempts, std::size_t ordinal);

/// Of a run that went on to its end: what is pending and was not among its targets again had nothing to do any more,
/// or is not there any more. With `failed_too` also what failed before.
[[nodiscard]] Statement settle_targets(std::int64_t run, bool failed_too);
[[nodiscard]] std::vector<Statement> finish_run(std::int64_t run, const std::string& state, const Summary& summary,
                                                std::size_t unchanged);
/// As it is recorded then.
struct RunEnd {
  std::string state;
  std::string reason;
  std::size_t targets = 0;
  std::size_t failed = 0;
};
/// From the first result of finish_run(); nothing when the run is not there any more.
[[nodiscard]] std::optional<RunEnd> read_end(const Result& rows);
/// done, failed or stopped.
[[nodiscard]] std::string run_state_of(const Summary& summary);

}  // namespace tenancy::driver
