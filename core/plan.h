// Plans: the steps that take one target from what is applied to a revision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration_set.h"
#include "core/revision.h"

namespace tenancy::core {

enum class Direction { up, down };

[[nodiscard]] constexpr std::string_view to_string(Direction direction) noexcept {
  return direction == Direction::up ? "up" : "down";
}

/// A row of a target's tracking table, as far as planning needs it.
struct AppliedMigration {
  std::string version;
  std::string checksum;
  bool in_doubt = false;        ///< a non-transactional migration that began and was not recorded as finished
  std::int64_t applied_at = 0;  ///< microseconds; only compared
};

/// What to do with a pending migration that is older than the newest applied one.
enum class OutOfOrder { refuse, apply, skip };

/// What to do with a non-transactional migration that began and was not recorded as finished. `retry` plans it anew,
/// in the direction that is asked for: the executor then finds out what is done already.
enum class InDoubt { refuse, retry };

[[nodiscard]] constexpr std::string_view to_string(OutOfOrder rule) noexcept {
  if (rule == OutOfOrder::apply) return "apply";
  return rule == OutOfOrder::skip ? "skip" : "refuse";
}

/// "refuse", "apply" or "skip"; throws Error(bad_value).
[[nodiscard]] OutOfOrder parse_out_of_order(std::string_view text);

struct Step {
  const MigrationSet* set = nullptr;  ///< whose migration it is; must outlive the step
  std::size_t migration = 0;          ///< index in the set
  Direction direction = Direction::up;
  bool again = false;     ///< a repeatable migration that was applied with another text
  bool in_doubt = false;  ///< it began before, and may be carried out in part

  [[nodiscard]] const StoredMigration& stored() const noexcept { return (*set)[migration]; }
  /// "migration 003", "downgrade of migration 003"; in a target of another set than `own` the set is named, too.
  [[nodiscard]] std::string name(std::string_view own) const;

  friend bool operator==(const Step&, const Step&) = default;
};

struct Plan {
  std::vector<Step> steps;
  std::vector<std::size_t> skipped;  ///< pending, out of order, left out by OutOfOrder::skip
  std::string from;                  ///< revision before: newest applied versioned migration, or "base"
  std::string to;                    ///< revision after
  std::string goal{};  ///< the revision that was asked for, in words that do not depend on what is applied
};

/// Steps up. `heads` applies all pending versioned migrations of the target's kind, then the repeatable ones that are
/// new or changed, and so does `head` where there is only one (revision_walk.h); a version applies what is pending up
/// to it; `+N` the next N. A target that is already there or past it gets an empty plan. In a graph `+N` is the Nth
/// along it (revision_walk.h), with all that it comes after. `base` and `-N` throw Error(wrong_direction). Throws
/// Error(in_doubt, unknown_applied, checksum_mismatch, out_of_order) naming the versions, and what resolve_version
/// throws. With InDoubt::retry a migration in doubt counts as pending; Error(in_doubt) is then thrown for one that the
/// plan does not retry, or that is not non-transactional in the set, or has another text there.
[[nodiscard]] Plan plan_upgrade(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                                const Revision& revision, OutOfOrder out_of_order, InDoubt in_doubt = InDoubt::refuse);

/// Steps down, newest first. `-N` takes back the last N versioned migrations (fewer are applied: Error
/// unknown_revision), in a graph the last N along it and all that comes after them; a version takes back what goes on
/// from it, which without a graph is all that is newer; `base` takes back everything, the repeatable migrations first.
/// `head`, `heads` and `+N` throw Error(wrong_direction).
/// Throws Error(irreversible) naming every step without down SQL, and what plan_upgrade throws except
/// out_of_order; a repeatable migration with another text is no mismatch. With InDoubt::retry a migration in doubt
/// counts as applied.
[[nodiscard]] Plan plan_downgrade(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                                  const Revision& revision, InDoubt in_doubt = InDoubt::refuse);

/// The first `count` steps of a plan that was made from the same set and history, with the revision of that set after
/// them.
[[nodiscard]] Plan first_steps(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                               Plan plan, std::size_t count);

/// Steps down for exactly `versions`, what one run applied there, newest first and the repeatable ones before
/// them; what is no longer applied is left out. Throws what plan_downgrade to base throws, and
/// Error(out_of_order) naming the other migrations that were applied after the first of `versions`: they may
/// stand on what it made.
[[nodiscard]] Plan plan_rollback(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                                 std::span<const std::string> versions, InDoubt in_doubt = InDoubt::refuse);

/// The lower of what is asked, `heads` or a version, and a tenant's pin, a version or `base`; a version comes
/// back in full, and with a version as the pin never `heads`: no repeatable migration is applied. `base` means
/// that there is nothing to do upwards, and plan_upgrade would refuse it.
/// Throws what resolve_version throws, and Error(bad_value) for other revisions.
[[nodiscard]] Revision held_back(const MigrationSet& set, const Revision& asked, const Revision& pin);

/// plan_upgrade to held_back(). A target whose pin is `base`, or older than what is applied, stays as it is:
/// its plan is empty and never an error, whatever the target holds or lacks.
[[nodiscard]] Plan plan_pinned_upgrade(const MigrationSet& set, TargetKind kind,
                                       std::span<const AppliedMigration> applied, const Revision& asked,
                                       const Revision& pin, OutOfOrder out_of_order,
                                       InDoubt in_doubt = InDoubt::refuse);

/// Where one target stands, for status.
struct Standing {
  enum class State { current, behind, pinned, diverged, in_doubt };
  State state = State::current;
  std::string revision;     ///< newest applied versioned migration, or "base"
  std::size_t pending = 0;  ///< migrations that plan_upgrade to heads would apply (out of order ones included)
  std::string detail;       ///< diverged, in_doubt: what differs, in one line; else empty
};

/// "current", "behind", "pinned", "diverged" or "in doubt".
[[nodiscard]] std::string_view to_string(Standing::State state) noexcept;

/// Never throws for what the target holds: that is its state.
[[nodiscard]] Standing standing(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied);

/// The same for a target with a pin; target_standing() knows the other sets of its schema, too. One that is behind for
/// its pin alone, where plan_pinned_upgrade() to heads has nothing to do, is pinned; where that would throw, `detail`
/// has what it says.
[[nodiscard]] Standing pinned_standing(const MigrationSet& set, TargetKind kind,
                                       std::span<const AppliedMigration> applied, std::string_view pin,
                                       OutOfOrder out_of_order);

}  // namespace tenancy::core
