// Carries plans out by plain SQL, where the extension is not.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "driver/apply/plain_target.h"
#include "driver/apply/store.h"
#include "driver/apply/target_runner.h"

namespace tenancy::driver {

class PlainRunner : public TargetRunner {
 public:
  /// The store must outlive the object.
  PlainRunner(const MigrationStore& store, Request request) : store_(store), request_(std::move(request)) {}

  using TargetRunner::run;
  boost::asio::awaitable<Outcome> run(Connection& connection, const Target& target, Deadline deadline,
                                      Commit commit) override;
  /// As run(); nothing, and nothing is done, in a database with a schema of the extension's name.
  boost::asio::awaitable<std::optional<Outcome>> run_where_alone(Connection& connection, const Target& target,
                                                                 Deadline deadline, Commit commit);
  boost::asio::awaitable<std::optional<Outcome>> look_up(Connection& connection, const Target& target,
                                                         Deadline deadline) override;
  boost::asio::awaitable<bool> holds(Connection& connection, const Outcome& outcome, Deadline deadline) override;

  /// The steps that run() would take now, which must not be relative; nothing is done. An outcome with the steps, or a
  /// failed one.
  boost::asio::awaitable<Outcome> plan(Connection& connection, const Target& target, Deadline deadline);

  /// Until nobody who began before works on the target. Throws ServerError.
  boost::asio::awaitable<void> wait_for_others(Connection& connection, const Target& target, Deadline deadline);

 private:
  using Place = std::tuple<std::string, std::string, std::string, std::string>;
  static Place place_of(const Target& target) {
    return {target.server, target.database, target.schema, target.migration_set};
  }

  /// Where there is a schema of the extension's name: does it matter?
  enum class Beside { matters, does_not_matter };

  /// Sends what `part` wants sent, to its end. False: it has stopped behind the first look, because of what matters.
  boost::asio::awaitable<bool> drive(Connection& connection, PlainTarget& part, Outcome& outcome, Deadline deadline,
                                     Beside beside);
  boost::asio::awaitable<bool> run_parts(Connection& connection, Outcome& outcome, Deadline deadline, Commit commit,
                                         Beside beside);
  boost::asio::awaitable<std::optional<Outcome>> run_beside(Connection& connection, const Target& target,
                                                            Deadline deadline, Commit commit, Beside beside);
  using RowsBySet = std::map<std::string, std::vector<core::AppliedMigration>>;
  /// What is applied of the target's set and of those that its steps may be of, behind whoever works there; nothing
  /// where there is no tracking table.
  boost::asio::awaitable<RowsBySet> read_at_end(Connection& connection, const Target& target, Deadline deadline);
  [[nodiscard]] bool has_happened(const Outcome& sent, const RowsBySet& applied) const;

  const MigrationStore& store_;
  Request request_;
  std::map<Place, Outcome> in_doubt_;  ///< what was sent, and maybe committed, when a session was lost
};

}  // namespace tenancy::driver
