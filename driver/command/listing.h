// Lists: a table for people, a JSON object a line for machines.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "driver/connection/result.h"
#include "driver/output/output_options.h"
#include "driver/output/stream.h"
#include "driver/output/table.h"

namespace tenancy::driver {

/// What the text of a value is; null stays null.
enum class ValueForm {
  text,
  number,
  truth,         ///< t or f
  json,          ///< any JSON
  texts,         ///< a text[]
  moment,        ///< microseconds since 1970
  microseconds,  ///< a duration
};

struct ListField {
  std::string key;      ///< in JSON
  std::string title{};  ///< of the column; empty: not for people
  ValueForm form = ValueForm::text;
  bool shrinks = false;
};

class Listing {
 public:
  Listing(std::vector<ListField> fields, const OutputOptions& options);
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;

  using Values = std::vector<std::optional<std::string>>;
  /// A value for each field. `color` is for the whole row.
  void add(const Values& values, Color color = Color::none);
  /// The first columns of the result are the fields.
  void add(const Result& rows, std::size_t row, Color color = Color::none);
  void finish();

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

 private:
  void add_json(const Values& values);

  std::vector<ListField> fields_;
  bool as_json_;
  FileStream stream_;
  std::optional<Table> table_;
  std::size_t rows_ = 0;
};

/// A value as JSON, and as people read it.
[[nodiscard]] boost::json::value json_of(ValueForm form, const std::optional<std::string>& value);
[[nodiscard]] std::string text_of(ValueForm form, const std::optional<std::string>& value);

/// Writes a line of JSON to standard output.
void print_json(const boost::json::object& object);

}  // namespace tenancy::driver
