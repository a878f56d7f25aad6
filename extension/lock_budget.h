// Does PostgreSQL's lock table hold a whole fleet in one transaction?
//
// A transaction keeps every lock to its end, and the lock table has a fixed size: max_locks_per_transaction for
// each backend that could run. A fleet in one transaction needs some locks a target; how many, depends on the
// migration, so one target is measured: the second, since the first also takes the locks that all of them share.
#pragma once

#include "extension/guard.h"

namespace tenancy {

class LockBudget {
 public:
  /// `targets` are to be migrated in this transaction. Throws PgError (program_limit_exceeded) when not even
  /// the locks that every target takes (advisory lock, schema, tracking table, its index) fit.
  explicit LockBudget(std::size_t targets);

  /// After each target: throws PgError, after the second, when the others, at this rate, do not fit.
  void target_done();

 private:
  void require(double locks_per_target) const;

  std::size_t targets_;
  std::size_t done_ = 0;
  std::int64_t capacity_;
  std::int64_t used_before_;
};

/// For work that may end early and be taken up again: is there room in the lock table for one target more?
class LockRoom {
 public:
  /// Asked before each target; throws PgError only when the locks cannot be counted.
  bool has_room();

 private:
  int until_next_count_ = 0;
};

}  // namespace tenancy
