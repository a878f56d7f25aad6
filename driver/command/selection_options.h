// The options by which commands choose tenants.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "driver/fleet/selection.h"

namespace tenancy::driver {

/// --tenant, --pattern, --tier, --label, --status, --tenant-set, --server.
void add_selection_options(CLI::App& command, const std::shared_ptr<Selection>& selection);

/// --label KEY=VALUE, as often as one likes, or one JSON object: `take` gets all of them as a JSON object.
void add_label_option(CLI::App& command, std::function<void(std::string labels)> take, const std::string& purpose);

/// --further-set SET, as often as one likes.
void add_further_set_option(CLI::App& command, std::vector<std::string>& sets);

/// The LIKE pattern that only this text matches.
[[nodiscard]] std::string like_pattern(std::string_view text);

/// --shard 2/5, and --shards 5, whose index is JOB_COMPLETION_INDEX + 1.
void add_shard_options(CLI::App& command, const std::shared_ptr<Selection>& selection);

}  // namespace tenancy::driver
