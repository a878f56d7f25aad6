#include "extension/lock_budget.h"

#include "extension/spi.h"

namespace tenancy {

namespace {

constexpr double kLeastLocksPerTarget = 4;

/// Locks in the shared table, of all sessions; those taken by the fast path are not there.
Query count_locks("SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE NOT fastpath");

std::int64_t locks_in_use() { return std::stoll(*count_locks.run().front().front()); }

/// NLOCKENTS() of the server's lock.c.
std::int64_t lock_capacity() {
  return static_cast<std::int64_t>(max_locks_per_xact) * (MaxBackends + max_prepared_xacts);
}

}  // namespace

LockBudget::LockBudget(std::size_t targets)
    : targets_(targets), capacity_(lock_capacity()), used_before_(locks_in_use()) {
  require(kLeastLocksPerTarget);
}

void LockBudget::target_done() {
  ++done_;
  if (done_ > 2) return;
  std::int64_t const used = locks_in_use();
  if (done_ == 2) require(std::max(kLeastLocksPerTarget, static_cast<double>(used - used_before_)));
  used_before_ = used;
  --targets_;
}

void LockBudget::require(double locks_per_target) const {
  auto const needed = static_cast<std::int64_t>(locks_per_target * static_cast<double>(targets_)) + used_before_;
  if (needed <= capacity_) return;
  throw PgError(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                "cannot migrate " + std::to_string(targets_ + std::min<std::size_t>(done_, 1)) +
                    " targets in one transaction: the lock table is too small",
                "That takes about " + std::to_string(needed) + " locks; the table holds " + std::to_string(capacity_) +
                    " (max_locks_per_transaction = " + std::to_string(max_locks_per_xact) + ").",
                "Use CALL tenancy.rollout(), which commits after each target; or raise max_locks_per_transaction to " +
                    std::to_string(needed * max_locks_per_xact / capacity_ + 1) +
                    ", which takes a restart of the server. Nothing was changed.");
}

bool LockRoom::has_room() {
  constexpr int kTargetsPerCount = 10;
  constexpr int kMostLocksPerTarget = 10;
  if (until_next_count_ == 0) {
    if (locks_in_use() + kTargetsPerCount * kMostLocksPerTarget > lock_capacity()) return false;
    until_next_count_ = kTargetsPerCount;
  }
  --until_next_count_;
  return true;
}

}  // namespace tenancy
