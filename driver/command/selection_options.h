// The options by which commands choose tenants.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "driver/fleet/selection.h"

namespace tenancy::driver {

/// --tenant, --pattern, --tier, --label, --status, --tenant-set, --server.
void add_selection_options(CLI::App& command, const std::shared_ptr<Selection>& selection);

/// KEY=VALUE, …, or one JSON object, as JSON. Throws UsageError.
[[nodiscard]] std::string labels_of(const std::vector<std::string>& items);

/// The LIKE pattern that only this text matches.
[[nodiscard]] std::string like_pattern(std::string_view text);

/// --shard 2/5, and --shards 5, whose index is JOB_COMPLETION_INDEX + 1.
void add_shard_options(CLI::App& command, const std::shared_ptr<Selection>& selection);

}  // namespace tenancy::driver
