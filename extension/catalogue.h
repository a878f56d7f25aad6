// What a schema holds, as the catalogue has it, for a comparison of two schemas.
#pragma once

#include "extension/guard.h"

namespace tenancy {

struct CatalogueEntry {
  std::string object;      ///< "column users.email"
  std::string parent;      ///< the table that it belongs to, "table users"; empty: none
  std::string definition;  ///< without the schema's name
};

/// Relations, columns, constraints, indexes, triggers, policies, functions, types and sequences, by object; without the
/// tables `left_out` and what belongs to them. Names of the schema's own objects are not qualified, those of others
/// are. Owners, rights, comments and the order of columns do not count. Nothing of the schema's owner is executed.
/// Throws PgError.
[[nodiscard]] std::vector<CatalogueEntry> read_catalogue(const std::string& schema,
                                                         const std::vector<std::string>& left_out);

/// A line for each difference; what belongs to a table that is missing as a whole has none.
[[nodiscard]] std::vector<std::string> differences(const std::vector<CatalogueEntry>& actual,
                                                   const std::vector<CatalogueEntry>& expected);

}  // namespace tenancy
