// Carries plans out by calls of the extension, in the database that the target is in.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>

#include "driver/apply/plain_runner.h"
#include "driver/apply/store.h"
#include "driver/apply/target_runner.h"

namespace tenancy::driver {

/// A target costs one round trip. Plans with non-transactional migrations, which no function can run, are carried out
/// by plain SQL; so is what must be known before the call: where a relative revision leads.
class CalledRunner : public TargetRunner {
 public:
  /// The store, which holds what tenancy.migrations of the control database does, must outlive the object.
  CalledRunner(const MigrationStore& store, Request request);

  using TargetRunner::run;
  boost::asio::awaitable<Outcome> run(Connection& connection, const Target& target, Deadline deadline,
                                      Commit commit) override;
  /// What happened is found by planning again, so that its steps are not known.
  boost::asio::awaitable<std::optional<Outcome>> look_up(Connection& connection, const Target& target,
                                                         Deadline deadline) override;
  boost::asio::awaitable<bool> holds(Connection& connection, const Outcome& outcome, Deadline deadline) override {
    return plain_.holds(connection, outcome, deadline);
  }

 private:
  using Place = std::tuple<std::string, std::string, std::string, std::string>;
  /// Server, database, migration set.
  using StorePlace = std::tuple<std::string, std::string, std::string>;
  static Place place_of(const Target& target) {
    return {target.server, target.database, target.schema, target.migration_set};
  }

  boost::asio::awaitable<void> call(Connection& connection, Outcome& outcome, Deadline deadline, Commit commit);
  /// What makes the other tool that goes along there the one that does here; nothing when it is.
  boost::asio::awaitable<std::optional<Statement>> update_sync(Connection& connection, const std::string& set,
                                                               Deadline deadline);
  boost::asio::awaitable<void> update_set(Connection& connection, const std::string& name, Deadline deadline);
  boost::asio::awaitable<void> update_store(Connection& connection, const Target& target, Deadline deadline);
  /// What to ask of the target; nothing when its pin leaves nothing to do.
  boost::asio::awaitable<std::optional<std::string>> revision_for(Connection& connection, const Target& target,
                                                                  Outcome& outcome, Deadline deadline);
  [[nodiscard]] bool has_outside_migrations(const Target& target) const;
  [[nodiscard]] Statement migrate_call(const Target& target, const std::string& revision) const;
  void take(const Result& steps, Outcome& outcome) const;
  [[nodiscard]] std::optional<Statement> variables_for(const Target& target) const;

  const MigrationStore& store_;
  Request request_;
  Statement settings_;           ///< of the transaction of a call
  Statement unwaited_settings_;  ///< the same, of one whose commit waits for nothing; it returns what for, see OwedWait
  PlainRunner plain_;
  std::set<StorePlace> updated_;           ///< stores of other databases that have our migrations
  std::map<Place, std::string> in_doubt_;  ///< the revision that was called for when a session was lost
};

}  // namespace tenancy::driver
