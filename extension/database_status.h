// Where tenants in other databases of the cluster stand: background workers look there, and change nothing.
#pragma once

#include "extension/database_visits.h"

namespace tenancy {

class DatabaseStatus {
 public:
  using Shared = std::function<void(const Target&, const TargetStatus&)>;

  /// Begins to look at database_targets(). `migrator` must outlive the object. Throws PgError.
  DatabaseStatus(Migrator& migrator, std::vector<FleetTarget> targets);

  /// For the tenants that the targets were made of, one after the other; waits until all targets have been looked at.
  /// `shared` is told before the first tenant of what the tenants of its database share. Throws PgError.
  const TargetStatus& of(const Tenant& tenant, const Shared& shared);

 private:
  void leave_all(const std::string& why);
  void wait();
  void see(std::size_t index, Outcome outcome);

  Migrator& migrator_;
  std::vector<FleetTarget> targets_;
  std::vector<TargetStatus> seen_;  ///< of each target
  std::size_t next_ = 0;            ///< the target of the last tenant that was asked for
  std::optional<DatabaseVisits> visits_;
};

}  // namespace tenancy
