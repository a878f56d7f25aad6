// The last lines of a terminal, drawn anew in place; what is printed goes above them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "driver/output/bar.h"
#include "driver/output/stream.h"

namespace tenancy::driver {

/// The cursor is hidden only within a write: however the process ends, the terminal is as it was.
class LiveLines {
 public:
  explicit LiveLines(Stream& stream) : stream_(stream) {}

  /// In one write: `printed`, whole lines that stay, above `lines`, which stand until the next call. `columns` is the
  /// terminal's width now; lines drawn before take more rows when it has become narrower.
  void draw(std::string_view printed, const std::vector<BarLine>& lines, std::size_t columns);

 private:
  Stream& stream_;
  std::vector<std::size_t> widths_;  ///< of the lines that stand there
};

}  // namespace tenancy::driver
