// The lines at the bottom of the terminal that show how far an operation is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "driver/output/appearance.h"
#include "driver/output/progress.h"

namespace tenancy::driver {

struct BarLine {
  std::string text;       ///< with colours
  std::size_t width = 0;  ///< in columns, less than the appearance has
};

/// The bar with its figures, as many as the width allows; below it, when targets take longer than a second, which.
[[nodiscard]] std::vector<BarLine> bar_lines(const std::string& operation, const Progress& progress,
                                             const Appearance& appearance);

}  // namespace tenancy::driver
