// What other tools write into their tables.
#pragma once

#include <string_view>

namespace tenancy::core {

/// How a tool writes its rows. $1 is its word for the migration, $2 the group, if the tool has groups; behind these
/// what it knows of the file: checksum, path, description. In SQL `{}` is the table's name, `{s}` that of its schema.
struct ToolRowShape {
  std::string_view tool;
  std::string_view columns;
  std::string_view values;
  std::string_view create;   ///< for a target that has no table yet: columns and constraints
  std::string_view begin{};  ///< what the tool makes beside the table, and puts there: statements with `;` between them
  std::string_view key{};    ///< what is its word in a row, where that is not the whole column
  std::string_view counts{};  ///< which rows say that something is applied; the others it keeps as they are
  int of_file = 0;            ///< how many values of the file it has
  bool has_repeatables = false;
};

/// Of a tool by its name. Throws Error(bad_value) for one whose rows are not known.
[[nodiscard]] const ToolRowShape& shape_of(std::string_view tool);

}  // namespace tenancy::core
