// How one target of a run ended.
#pragma once

#include "extension/target_status.h"

namespace tenancy {

struct Outcome {
  bool success = false;
  bool more = false;                  ///< a success so far: steps remain, of the other stage (see WorkItem)
  bool recorded = false;              ///< in tenancy.run_targets, by who brought it
  bool retry = false;                 ///< a failure that another attempt may mend, and there is one left
  std::string from, to;               ///< revisions; the same where it failed; empty when unknown
  std::vector<std::string> versions;  ///< of the steps that were taken, in their order
  std::chrono::microseconds duration{0};
  int attempts = 0;                           ///< 0: nothing was tried
  std::chrono::microseconds waited{0};        ///< between attempts
  std::string sqlstate, error, detail, hint;  ///< of a failure
  std::optional<TargetStatus> seen{};         ///< by a look at it
};

[[nodiscard]] Outcome success(const TargetResult& result);
[[nodiscard]] Outcome failure(const PgError& error);
/// The error of an outcome that is a failure.
[[nodiscard]] PgError to_error(const Outcome& outcome);

}  // namespace tenancy
