#include "driver/output/table.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace tenancy::driver {

namespace {

constexpr std::size_t kRowsAtOnce = 1000;
constexpr std::string_view kGap = "  ";
constexpr std::size_t kNarrowest = 8;  ///< a column is not cut below this

}  // namespace

Table::Table(std::vector<Column> columns, Appearance appearance, Write write)
    : columns_(std::move(columns)), appearance_(appearance), write_(std::move(write)) {}

void Table::add(std::vector<Cell> row) {
  if (row.size() != columns_.size()) throw std::logic_error("a row of a table has as many cells as the table columns");
  for (Cell& cell : row) cell.text = visible(cell.text);
  waiting_.push_back(std::move(row));
  ++rows_;
  if (waiting_.size() == kRowsAtOnce) flush();
}

void Table::finish() {
  if (!waiting_.empty()) flush();
}

void Table::flush() {
  std::string lines;
  if (widths_.empty()) {
    settle_widths();
    std::vector<Cell> titles;
    for (const Column& column : columns_) titles.emplace_back(column.title, Color::bold);
    lines += line(titles);
  }
  for (const std::vector<Cell>& row : waiting_) lines += line(row);
  waiting_.clear();
  write_(lines);
}

void Table::settle_widths() {
  for (const Column& column : columns_) widths_.push_back(display_width(column.title));
  for (const std::vector<Cell>& row : waiting_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], display_width(row[i].text));
  }
  if (appearance_.columns > 0) fit_to_terminal();
}

/// Takes column after column from the widest one that may shrink, until the line fits or none can give.
void Table::fit_to_terminal() {
  std::size_t needed = std::accumulate(widths_.begin(), widths_.end(), kGap.size() * (widths_.size() - 1));
  while (needed > appearance_.columns) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      if (columns_[i].shrinks && (widest == nullptr || widths_[i] > *widest)) widest = &widths_[i];
    }
    if (widest == nullptr || *widest <= kNarrowest) return;
    --*widest;
    --needed;
  }
}

std::string Table::line(const std::vector<Cell>& row) const {
  std::string out;
  std::size_t spaces = 0;  // owed to the columns before: none at the end of a line
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::string text = row[i].text;
    if (appearance_.columns > 0) text = truncated(text, widths_[i], appearance_.ellipsis());
    const std::size_t used = display_width(text);
    const std::size_t fill = used < widths_[i] ? widths_[i] - used : 0;
    if (columns_[i].align == Align::right) spaces += fill;
    if (!text.empty()) {
      out.append(spaces, ' ');
      out += painted(text, row[i].color, appearance_);
      spaces = 0;
    } else {
      spaces += used;
    }
    if (columns_[i].align == Align::left) spaces += fill;
    spaces += kGap.size();
  }
  return out + '\n';
}

}  // namespace tenancy::driver
