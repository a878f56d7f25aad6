// One non-transactional migration in one target, by plain SQL: what the extension's OutsideStep does.
//
//   transaction       row 'running'
//   each statement    maintenance commands by themselves, in the transactions that they make; all else in a transaction
//                     of its own, as in other migrations
//   transaction       row 'applied', or no row where it went down
//
// A session-level advisory lock, for which nobody waits, says that the runner is alive. The settings of the migration
// are the session's meanwhile. So it takes a session: behind a pooler that gives another one to each transaction, it is
// refused.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "driver/apply/concurrent_change.h"
#include "driver/apply/plain_target.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

class PlainOutside {
 public:
  /// For the next step of `part`, which is over. All references must outlive the object.
  PlainOutside(Connection& connection, const MigrationStore& store, const Request& request, const Target& target,
               const PlainTarget& part);

  /// Carries it out; failure() tells how that went. Also after a failure the session is as before. Throws
  /// ServerError(lost): then the migration is in doubt.
  boost::asio::awaitable<StepOutcome> carry_out(Deadline deadline);

  [[nodiscard]] const std::optional<ServerReport>& failure() const noexcept { return failure_; }
  [[nodiscard]] bool was_cancelled() const noexcept { return was_cancelled_; }

 private:
  using Work = boost::asio::awaitable<void>;

  // All of these throw ServerError.
  Work require_session();
  void require_repeatable() const;
  Work begin();
  Work run_statements();
  Work run_in_transaction(std::size_t index);
  Work run_at_top_level(const Script::Statement& statement);
  Work run_alone(const Script::Statement& statement);
  /// Changes the session's limit when it has the first value; tells whether it had.
  boost::asio::awaitable<bool> change_lock_timeout(std::chrono::milliseconds from, std::chrono::milliseconds to);
  /// CALL, or DO of code that ends transactions. What it commits outside of the schema is not seen.
  Work run_what_may_commit(std::size_t index);
  Work drop_indexes(const std::vector<std::string>& names);
  boost::asio::awaitable<std::chrono::microseconds> record_end();
  Work put_row_back();
  /// Takes back what can be taken back, and says what cannot.
  Work undo(ServerReport& report);
  Work clear();
  /// Sends a transaction, and rolls it back when it fails.
  boost::asio::awaitable<BatchResult> transact(const PlainBatch& batch);

  void add_own_begin(PlainBatch& batch) const;
  void name_statement(ServerReport& report, const Script::Statement& statement);
  void explain_doubt(ServerReport& report) const;
  [[nodiscard]] std::string resolve_call(std::string_view state) const;
  [[nodiscard]] std::chrono::milliseconds statement_timeout() const {
    return migration_.statement_timeout.value_or(request_.statement_timeout);
  }

  Connection& connection_;
  const Request& request_;
  const Target& target_;
  const core::Step step_;
  const core::TargetPlace place_;  ///< of the step's set
  PlainPart part_;
  std::optional<core::ToolSync> sync_{};
  const core::StoredMigration& stored_;
  const core::Migration& migration_;
  const Script& script_;
  bool confined_;
  bool was_recorded_;  ///< there was a row before
  std::size_t rows_;   ///< of the set while it runs
  Deadline deadline_ = kNoDeadline;
  bool is_recorded_ = false;                ///< the row 'running' is committed
  std::size_t done_ = 0;                    ///< statements with an effect
  std::optional<ConcurrentChange> change_;  ///< of the statement at top level that runs
  bool may_have_committed_ = false;         ///< a part of the statement that runs
  bool passed_its_limit_ = false;
  std::optional<ServerReport> failure_;
  bool was_cancelled_ = false;
};

}  // namespace tenancy::driver
