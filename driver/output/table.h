// Tables of text: columns as wide as what they hold, cut to the width of the terminal.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/output/appearance.h"
#include "driver/output/display_text.h"

namespace tenancy::driver {

struct Column {
  std::string title;
  Align align = Align::left;
  /// May be cut when the terminal is too narrow; the widest of those goes first.
  bool shrinks = false;
};

struct Cell {
  std::string text;
  Color color = Color::none;

  Cell(std::string text, Color color = Color::none) : text(std::move(text)), color(color) {}  // NOLINT: text is a cell
  Cell(std::string_view text, Color color = Color::none) : text(text), color(color) {}        // NOLINT
  Cell(const char* text, Color color = Color::none) : text(text), color(color) {}             // NOLINT
};

/// Writes a table of any length in flat memory: the widths are those of the first thousand rows. Wider cells that come
/// later are cut on a terminal and stand out elsewhere, where nothing is ever cut.
class Table {
 public:
  using Write = std::function<void(std::string_view lines)>;

  /// `write` gets whole lines. Throws what it throws.
  Table(std::vector<Column> columns, Appearance appearance, Write write);

  /// As many cells as there are columns; their text is made visible() here.
  void add(std::vector<Cell> row);

  /// The rest. A table without rows writes nothing.
  void finish();

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

 private:
  void settle_widths();
  void fit_to_terminal();
  void flush();
  [[nodiscard]] std::string line(const std::vector<Cell>& row) const;

  std::vector<Column> columns_;
  Appearance appearance_;
  Write write_;
  std::vector<std::vector<Cell>> waiting_;
  std::vector<std::size_t> widths_;  ///< empty: not settled yet
  std::size_t rows_ = 0;
};

}  // namespace tenancy::driver
