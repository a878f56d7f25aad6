// Takes a schema as migrated to a revision, when it is like one that really was.
#pragma once

#include "extension/target.h"

namespace tenancy {

struct BaselineRequest {
  core::Revision revision;
  Value reference{};   ///< a schema at that revision; NULL: one is made by its migrations, and rolled back
  bool force = false;  ///< whatever the differences
  RunAs run_as = RunAs::automatic;
};

struct Baseline {
  std::string revision;
  std::size_t recorded = 0;
  std::vector<std::string> differences;  ///< from the reference, a line each
};

/// Records everything up to the revision as applied, in the current transaction. Throws PgError, which names the
/// target, also when the schema differs from the reference.
Baseline record_baseline(Migrator& migrator, const Target& target, const BaselineRequest& request);

}  // namespace tenancy
