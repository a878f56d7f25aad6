// A target of the fleet, wherever it lives, and what is asked of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/migration.h"
#include "core/plan.h"
#include "core/requirements.h"
#include "core/revision.h"
#include "core/variables.h"

namespace tenancy::driver {

struct Target {
  std::string tenant{};    ///< id; empty when the schema is not one tenant's alone
  std::string server{};    ///< a name of tenancy.servers; empty: the control database's cluster
  std::string database{};  ///< empty: the control database
  std::string schema{};
  core::TargetKind kind = core::TargetKind::tenant;
  std::string migration_set{core::kDefaultSet};
  std::optional<std::string> pinned_revision{};
  core::PinnedSets other_pins{};  ///< of the other sets in its schema
  core::VariableMap variables{};  ///< as they are stored for it

  /// `tenant "acme"`, `tenant "acme" (schema "t_7")` or `schema "public"`, with database and server where they are
  /// others: the extension's words.
  [[nodiscard]] std::string label() const;
};

enum class RunAs { automatic, caller, owner };

/// What is asked of every target of an operation.
struct Request {
  core::Direction direction = core::Direction::up;
  core::Revision revision{};
  std::string revision_text = "heads";
  RunAs run_as = RunAs::automatic;
  core::OutOfOrder out_of_order = core::OutOfOrder::refuse;
  std::chrono::milliseconds lock_timeout{2000};
  std::chrono::milliseconds statement_timeout{0};
  bool asynchronous_commit = true;  ///< commits are waited for together, see CommitFlush
  std::string tracking_table = "schema_migrations";
  std::vector<std::string> shared_schemas{"public"};
  core::VariableMap variables{};  ///< of this call: they win over those of targets
};

}  // namespace tenancy::driver
