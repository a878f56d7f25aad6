// The registry of sqitch: tables beside which it deploys, one registry for all that one target has of a project. Its
// rows hold ids that are hashes over the plan, each with that of the change before it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/sqitch.h"
#include "core/target_sql.h"
#include "core/tool_checksum.h"

namespace tenancy::core {

/// What a registry holds of each change of the plan, in its order: a text that the statements below take. Empty for one
/// of which the plan does not say all, and for those that come after it: no time or planner, a project whose URI is
/// written in an unusual way, a change of another project that is required. `scripts`: the deploy scripts' bytes.
[[nodiscard]] std::vector<std::string> sqitch_records(const SqitchPlan& plan, std::span<const std::string_view> scripts,
                                                      const Sha1& sha1);

/// The name of the change in the description of its migration.
[[nodiscard]] std::string_view sqitch_change_of(std::string_view description) noexcept;

// `schema` is the registry's, as an identifier.

/// Makes it, with its schema, when there is none.
[[nodiscard]] std::vector<TargetStatement> make_sqitch_registry(std::string_view schema);

/// The rows of a change that was deployed, or was reverted.
[[nodiscard]] std::vector<TargetStatement> record_sqitch_deploy(std::string_view schema, const std::string& record);
[[nodiscard]] std::vector<TargetStatement> record_sqitch_revert(std::string_view schema, const std::string& record);

}  // namespace tenancy::core
