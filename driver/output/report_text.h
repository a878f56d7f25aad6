// What people read of a target's failure and of an operation's end.
#pragma once

#include <string>

#include "driver/fleet/outcome.h"
#include "driver/output/appearance.h"
#include "driver/output/failure_groups.h"
#include "driver/output/reporter.h"

namespace tenancy::driver {

/// Lines: the error with target, migration and statement, then detail and hint; with `context` also what the server
/// says of where it was.
[[nodiscard]] std::string failure_text(const Target& target, const ServerReport& report, bool context,
                                       const Appearance& appearance);

/// One line: `done: tenant "acme": 001 -> 003, 2 steps, 12 ms`.
[[nodiscard]] std::string outcome_text(const Outcome& outcome, const Appearance& appearance);

/// "upgrade to head", "rollback".
[[nodiscard]] std::string operation_text(const Heading& heading);

/// "2 of 10,000 targets failed": how it ended, in a few words.
[[nodiscard]] std::string ending_text(const Summary& summary);

/// `42 targets: relation "x" does not exist (42P01), first: tenant "acme"`.
[[nodiscard]] std::string group_text(const FailureGroups::Group& group);

/// Full sentences; empty when nothing is left to do.
[[nodiscard]] std::string next_step(const Summary& summary);

/// Lines: how it ended, the counts, the kinds of failures, what to do next.
[[nodiscard]] std::string summary_text(const Heading& heading, const Summary& summary, const FailureGroups& failures,
                                       const Appearance& appearance);

}  // namespace tenancy::driver
