// Carries plans out by calls of the extension, in the database that the target is in.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>

#include "driver/apply/plain_runner.h"
#include "driver/apply/store.h"
#include "driver/apply/store_update.h"
#include "driver/apply/target_runner.h"

namespace tenancy::driver {

/// A target costs one round trip, and a database of its own two when it has to get migrations first. Plans with
/// non-transactional migrations, which no function can run, are carried out by plain SQL; so is what must be known
/// before the call: where a relative revision leads. So are all plans in databases that turn out not to have the
/// extension; which of the two to try first is guessed from the server's other databases.
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
  /// Server, database.
  using DatabasePlace = std::pair<std::string, std::string>;
  /// What is the same for all targets of a migration set.
  struct SetWork {
    std::vector<std::string> sets;  ///< it, and all that it requires
    bool has_variables;
    bool has_outside_migrations;
    StoreUpdate update;
  };
  /// Statements of a call, and where the answers of those that matter are.
  struct Batch {
    std::vector<Statement> statements{};
    std::size_t settings = 0;
    std::optional<std::size_t> look{};
  };
  static Place place_of(const Target& target) {
    return {target.server, target.database, target.schema, target.migration_set};
  }
  static DatabasePlace database_of(const Target& target) { return {target.server, target.database}; }

  const SetWork& work_for(const std::string& set);
  /// Is the extension in the target's database? Nothing: it is not known yet.
  [[nodiscard]] std::optional<bool> is_there(const Target& target) const;
  [[nodiscard]] bool is_updated(const Target& target) const;
  void found(const Target& target, bool is_there);

  /// False: the extension is not there.
  boost::asio::awaitable<bool> call(Connection& connection, Outcome& outcome, Deadline deadline, Commit commit);
  /// The outcome; nothing where the extension is not.
  boost::asio::awaitable<std::optional<Outcome>> try_call(Connection& connection, const Target& target,
                                                          Deadline deadline, Commit commit);
  boost::asio::awaitable<bool> update_store(Connection& connection, const Target& target, Deadline deadline);
  /// What to ask of the target; nothing when its pin leaves nothing to do.
  boost::asio::awaitable<std::optional<std::string>> revision_for(Connection& connection, const Target& target,
                                                                  Outcome& outcome, Deadline deadline);
  /// Throws ServerError(refused) when one of them fails, and the session is in no transaction.
  boost::asio::awaitable<BatchResult> send(Connection& connection, const std::vector<Statement>& statements,
                                           Deadline deadline);
  [[nodiscard]] bool asks_first(const Target& target) const;
  void add_call(Batch& batch, const Target& target, const std::string& revision, Commit commit, bool is_updated);
  void add_changes(Batch& batch, std::vector<Statement> changes, Commit commit) const;
  [[nodiscard]] Statement migrate_call(const Target& target, const std::string& revision) const;
  void take(const BatchResult& reply, const Batch& batch, Commit commit, Outcome& outcome) const;
  [[nodiscard]] std::optional<Statement> variables_for(const Target& target);

  const MigrationStore& store_;
  Request request_;
  Statement settings_;           ///< of the transaction of a call
  Statement unwaited_settings_;  ///< the same, of one whose commit waits for nothing; it returns what for, see OwedWait
  PlainRunner plain_;
  std::map<std::string, SetWork> works_;                     ///< by set
  std::map<DatabasePlace, bool> databases_;                  ///< is the extension there
  std::map<std::string, bool> guesses_;                      ///< by server: was it in the last database
  std::set<std::pair<DatabasePlace, std::string>> updated_;  ///< databases and sets that have our migrations
  std::map<Place, std::string> in_doubt_;  ///< the revision that was called for when a session was lost
};

}  // namespace tenancy::driver
