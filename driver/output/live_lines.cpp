#include "driver/output/live_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace tenancy::driver {

namespace {

constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";
constexpr std::string_view kEraseLine = "\x1b[K";   // from the cursor on
constexpr std::string_view kEraseBelow = "\x1b[J";  // from the cursor on, and all lines below

std::size_t rows(const std::vector<std::size_t>& widths, std::size_t columns) {
  std::size_t count = 0;
  for (std::size_t width : widths) count += std::max<std::size_t>(1, (width + columns - 1) / columns);
  return count;
}

std::string to_first_line(std::size_t rows) { return rows < 2 ? "\r" : fmt::format("\r\x1b[{}A", rows - 1); }

}  // namespace

void LiveLines::draw(std::string_view printed, const std::vector<BarLine>& lines, std::size_t columns) {
  if (printed.empty() && lines.empty() && widths_.empty()) return;
  std::string out(kHideCursor);
  if (!widths_.empty()) out += to_first_line(rows(widths_, columns));
  // Lines that only change are written over, which does not flicker; printed ones may wrap, so they need the room.
  if (!printed.empty()) out += kEraseBelow;
  out += printed;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += lines[i].text;
    if (i + 1 < lines.size()) {
      out += kEraseLine;
      out += '\n';
    }
  }
  out += kEraseBelow;
  out += kShowCursor;
  widths_.clear();
  for (const BarLine& line : lines) widths_.push_back(line.width);
  stream_.write(out);
}

}  // namespace tenancy::driver
