#include "driver/output/bar.h"

#include <algorithm>
#include <chrono>

#include "driver/output/display_text.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

constexpr std::size_t kNarrowestBar = 10;
constexpr std::size_t kWidestBar = 40;
constexpr std::chrono::seconds kLongForATarget{1};

/// A figure of the line; those with the highest rank are left out first.
struct Figure {
  std::string text;
  int rank;
  Color color = Color::none;
};

std::vector<Figure> figures_of(const Progress& progress) {
  std::vector<Figure> figures{{number_text(progress.done()) + " done", 2}};
  if (progress.failed() > 0) figures.push_back({number_text(progress.failed()) + " failed", 1, Color::red});
  if (progress.retrying() > 0) figures.push_back({number_text(progress.retrying()) + " retrying", 4, Color::yellow});
  figures.push_back({number_text(progress.remaining()) + (progress.complete() ? " to go" : "+ to go"), 6});
  if (progress.per_second() > 0) figures.push_back({rate_text(progress.per_second()), 7});
  if (const auto left = progress.time_left()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*left);
    figures.push_back({seconds_text(std::max(seconds, std::chrono::seconds(1))) + " left", 3});
  }
  return figures;
}

std::size_t width_of(const std::vector<Figure>& figures, const Appearance& appearance) {
  std::size_t width = 0;
  for (const Figure& figure : figures) width += figure.text.size();  // figures are ASCII
  return width + (figures.empty() ? 0 : (figures.size() - 1) * display_width(appearance.separator()));
}

std::size_t share(std::size_t part, std::size_t whole, std::size_t cells) {
  return whole == 0 ? 0 : std::min(cells, part * cells / whole);
}

std::string repeated(std::string_view sign, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += sign;
  return out;
}

/// `cells` columns: green what is finished, of it red what failed, at least one cell when any has.
std::string drawn_bar(const Progress& progress, std::size_t cells, const Appearance& appearance) {
  const std::string_view full = appearance.utf8 ? "█" : "#";
  const std::size_t total = std::max(progress.total(), progress.finished());
  const std::size_t filled = share(progress.finished(), total, cells);
  std::size_t red = share(progress.failed(), total, cells);
  if (progress.failed() > 0 && red == 0 && filled > 0) red = 1;
  return painted(repeated(full, filled - red), Color::green, appearance) +
         painted(repeated(full, red), Color::red, appearance) +
         painted(repeated(appearance.utf8 ? "░" : ".", cells - filled), Color::dim, appearance);
}

BarLine main_line(const std::string& operation, const Progress& progress, const Appearance& appearance) {
  const std::size_t room = appearance.columns - 1;  // a full line would make some terminals begin another one
  const bool knows_all = progress.complete();
  const std::string percent = knows_all ? percent_text(progress.finished(), progress.total()) + "  " : "";
  std::vector<Figure> figures = figures_of(progress);
  std::string name = operation + "  ";
  bool has_bar = knows_all;
  const auto needed = [&] {
    return name.size() + (has_bar ? kNarrowestBar + 2 : 0) + percent.size() + width_of(figures, appearance);
  };
  constexpr int kRankOfBar = 5;
  for (int rank = 8; rank > 1 && needed() > room; --rank) {
    if (rank == 8) name.clear();
    if (rank == kRankOfBar) has_bar = false;
    std::erase_if(figures, [rank](const Figure& figure) { return figure.rank == rank; });
  }
  if (needed() > room) {
    const std::string text = percent.substr(0, percent.find("  "));
    return {text, text.size()};
  }
  BarLine line{name, needed()};
  if (has_bar) {
    // In tens, so that it does not change its length with every digit of the figures.
    const std::size_t cells = std::min(kWidestBar, (kNarrowestBar + room - line.width) / 10 * 10);
    line.text += drawn_bar(progress, cells, appearance) + "  ";
    line.width += cells - kNarrowestBar;
  }
  line.text += percent;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (i > 0) line.text += painted(appearance.separator(), Color::dim, appearance);
    line.text += painted(figures[i].text, figures[i].color, appearance);
  }
  return line;
}

}  // namespace

std::vector<BarLine> bar_lines(const std::string& operation, const Progress& progress, const Appearance& appearance) {
  std::vector<BarLine> lines{main_line(operation, progress, appearance)};
  std::string slow;
  for (const Progress::Running& running : progress.running(kLongForATarget)) {
    slow += slow.empty() ? "running " : appearance.separator();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(running.since);
    slow += visible(running.name) + " " + seconds_text(seconds);
    if (slow.size() > 8 * appearance.columns) break;
  }
  if (!slow.empty()) {
    slow = truncated(slow, appearance.columns - 1, appearance.ellipsis());
    lines.push_back({painted(slow, Color::dim, appearance), display_width(slow)});
  }
  return lines;
}

}  // namespace tenancy::driver
