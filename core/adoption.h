// Takes over the history that another tool has kept of a target: which migrations of a set its rows mean.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/migration_set.h"
#include "core/plan.h"
#include "core/tool_history.h"

namespace tenancy::core {

/// What can be done with a target's history.
enum class AdoptionVerdict {
  adoptable,  ///< all of it can be recorded
  tracked,    ///< it is recorded already, with nothing missing
  differs,    ///< it is recorded already, but the other tool says otherwise
  dirty,      ///< a migration failed half-way
  unknown,    ///< the set lacks a version that is applied
  ahead,      ///< all versions that it lacks are newer than its newest
  empty,      ///< nothing is applied
};

[[nodiscard]] std::string_view to_string(AdoptionVerdict verdict) noexcept;

struct Adoption {
  struct Migration {
    std::size_t index;            ///< in the set
    std::int64_t applied_at = 0;  ///< as ToolRow has it; 0: not known
  };
  AdoptionVerdict verdict = AdoptionVerdict::empty;
  std::string revision = "base";         ///< the newest of `applied`
  std::vector<Migration> applied{};      ///< versioned ones of this kind of target, in the order of the set
  std::string detail{};                  ///< one line, maybe empty
  std::vector<std::size_t> unwritten{};  ///< versioned ones that are recorded here, and not there; with Merge::yes
};

/// What to do with what the other tool has applied in a target where something is recorded already.
enum class Merge {
  no,   ///< the verdict is tracked or differs
  yes,  ///< it is adoptable: `applied` is then what is not recorded yet. For tables that are kept up to date
};

/// Repeatable migrations are never among what is adopted: whether their text is that of today nobody knows, so they run
/// again. `tracked` are our own rows of the set; where there are any, the verdict is tracked or differs.
[[nodiscard]] Adoption assess_adoption(const HistoryTool& tool, std::span<const ToolEntry> entries,
                                       const MigrationSet& set, TargetKind kind,
                                       std::span<const AppliedMigration> tracked, Merge merge = Merge::no);

/// What the other tool's table has of the set before what is `unwritten` is written there. `tracked` as above.
[[nodiscard]] std::vector<AppliedMigration> applied_there(const MigrationSet& set,
                                                          std::span<const AppliedMigration> tracked,
                                                          const Adoption& adoption);

}  // namespace tenancy::core
