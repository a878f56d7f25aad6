// Where one target stands, read from the target itself.
#pragma once

#include "extension/target.h"

namespace tenancy {

struct TargetStatus {
  Value revision;  ///< NULL: not known
  Value head;      ///< NULL: the set has no migration for it
  std::optional<std::size_t> pending;
  /// current, pinned, behind, diverged, in doubt, running, missing, foreign, denied, locked, unreachable, elsewhere
  std::string state;
  TimestampTz last_applied_at = 0;  ///< 0: never
  Value detail;
};

/// Of a target in the database that this process is connected to. `pins` hold the sets in its schema. Throws PgError.
[[nodiscard]] TargetStatus read_status(Migrator& migrator, const Target& target, const core::PinnedSets& pins);

/// Of a target that could not be read.
[[nodiscard]] TargetStatus unread_status(Migrator& migrator, const Target& target, std::string state,
                                         std::string detail);

}  // namespace tenancy
