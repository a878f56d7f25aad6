// Failures of targets: errors of the core, the plan and the server in the words of the extension.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/target_sql.h"
#include "core/tool_sync.h"
#include "driver/connection/server_error.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// Puts "place: " before the message.
void prefix(ServerReport& report, std::string_view place);

[[nodiscard]] ServerReport make_report(std::string_view sqlstate, std::string message, std::string hint = {},
                                       std::string detail = {});
[[nodiscard]] ServerReport to_report(const core::Error& error);

/// With the target's name in front, in place of the shorter one that its own database gives it.
[[nodiscard]] ServerReport relabelled(ServerReport report, const Target& target);

/// What a statement of ours found and raised, in words.
[[nodiscard]] ServerReport explain(const core::Finding& finding, const core::TargetPlace& place);

/// For core::kFindingToolDiffers: the other tool's table has `found`, and not what is recorded.
[[nodiscard]] ServerReport explain_difference(const core::SyncedTool& synced, std::string_view found);

/// What another tool has applied must not be applied a second time.
[[nodiscard]] ServerReport explain_unadopted(const core::ToolTrace& trace);

/// Names the limit when a statement came to its end by it; true when that is so.
bool explain_timeout(ServerReport& report, std::chrono::milliseconds statement_timeout);

}  // namespace tenancy::driver
