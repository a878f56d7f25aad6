// Takes over the histories that other tools have kept: one target, read, judged and recorded.
#pragma once

#include "extension/target.h"

#include "core/adoption.h"

namespace tenancy {

struct AdoptionRequest {
  core::ToolSource source;
  RunAs run_as = RunAs::automatic;
};

/// What recording would do; changes nothing, waits for no lock. All errors of both are PgError and name the target.
[[nodiscard]] core::Adoption look_at_adoption(Migrator& migrator, const Target& target, const AdoptionRequest& request);

/// Records it, in the current transaction, when the verdict is adoptable. Returns what it came to.
core::Adoption adopt(Migrator& migrator, const Target& target, const AdoptionRequest& request);

}  // namespace tenancy
