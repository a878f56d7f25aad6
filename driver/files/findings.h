// Findings about files, said to people, to GitHub, or as JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "driver/files/migration_files.h"

namespace tenancy::driver {

/// "migrations/002_b.sql:3: error: …" with the hint below, a finding behind the other.
[[nodiscard]] std::string findings_text(const std::vector<Finding>& findings);

/// Workflow commands that GitHub Actions shows beside the lines.
[[nodiscard]] std::string findings_annotations(const std::vector<Finding>& findings);

/// A JSON array.
[[nodiscard]] std::string findings_json(const std::vector<Finding>& findings);

/// "1 error, 2 warnings"; empty when there are none.
[[nodiscard]] std::string findings_count(const std::vector<Finding>& findings);

/// "1 file", "2 files".
[[nodiscard]] std::string counted(std::size_t count, std::string_view thing);

}  // namespace tenancy::driver
