#include "driver/command/listing.h"

#include <fmt/chrono.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "core/text_array.h"
#include "driver/output/figures.h"
#include "driver/output/json_text.h"

namespace tenancy::driver {

namespace {

using std::chrono::microseconds;

std::chrono::system_clock::time_point moment_of(const std::string& text) {
  return std::chrono::system_clock::time_point(microseconds(std::stoll(text)));
}

Align align_of(ValueForm form) {
  return form == ValueForm::number || form == ValueForm::microseconds ? Align::right : Align::left;
}

}  // namespace

boost::json::value json_of(ValueForm form, const std::optional<std::string>& value) {
  if (!value) return nullptr;
  switch (form) {
    case ValueForm::text:
      return boost::json::value(*value);
    case ValueForm::number:
      return value->find('.') == std::string::npos ? boost::json::value(std::stoll(*value))
                                                   : boost::json::value(std::stod(*value));
    case ValueForm::truth:
      return *value == "t";
    case ValueForm::json:
      return boost::json::parse(*value);
    case ValueForm::texts:
      return boost::json::value_from(core::parse_text_array(*value));
    case ValueForm::moment:
      return boost::json::value(iso8601(moment_of(*value)));
    case ValueForm::microseconds:
      return std::stod(*value) / 1000;
  }
  return nullptr;
}

std::string text_of(ValueForm form, const std::optional<std::string>& value) {
  if (!value) return {};
  switch (form) {
    case ValueForm::truth:
      return *value == "t" ? "yes" : "no";
    case ValueForm::json:
      return *value == "{}" ? "" : *value;
    case ValueForm::texts:
      return fmt::format("{}", fmt::join(core::parse_text_array(*value), ", "));
    case ValueForm::moment:
      return fmt::format("{:%Y-%m-%d %H:%M:%S}",
                         fmt::localtime(std::chrono::system_clock::to_time_t(moment_of(*value))));
    case ValueForm::microseconds:
      return duration_text(microseconds(std::stoll(*value)));
    default:
      return *value;
  }
}

Listing::Listing(std::vector<ListField> fields, const OutputOptions& options)
    : fields_(std::move(fields)), as_json_(options.json), stream_(STDOUT_FILENO) {
  if (as_json_) return;
  std::vector<Column> columns;
  for (const ListField& field : fields_) {
    if (!field.title.empty()) columns.push_back({field.title, align_of(field.form), field.shrinks});
  }
  table_.emplace(std::move(columns), appearance_of(STDOUT_FILENO, options.color),
                 [this](std::string_view lines) { stream_.write(lines); });
}

void Listing::add(const Values& values, Color color) {
  ++rows_;
  if (as_json_) {
    add_json(values);
    return;
  }
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!fields_[i].title.empty()) cells.emplace_back(text_of(fields_[i].form, values[i]), color);
  }
  table_->add(std::move(cells));
}

void Listing::add(const Result& rows, std::size_t row, Color color) {
  Values values;
  for (std::size_t i = 0; i < fields_.size(); ++i) values.push_back(rows.value(row, i));
  add(values, color);
}

void Listing::add_json(const Values& values) {
  boost::json::object object;
  for (std::size_t i = 0; i < fields_.size(); ++i) object[fields_[i].key] = json_of(fields_[i].form, values[i]);
  stream_.write(json_line(object));
}

void Listing::finish() {
  if (table_) table_->finish();
}

void print_json(const boost::json::object& object) { FileStream(STDOUT_FILENO).write(json_line(object)); }

}  // namespace tenancy::driver
