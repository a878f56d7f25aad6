// Rows of the extension's own tables, read without a plan: in a session that is new, to plan a query for a table costs
// many times what its rows do.
#pragma once

#include "extension/spi.h"

namespace tenancy {

/// A column to read. Names are literals.
struct StoreColumn {
  const char* name;
  bool whether_set = false;  ///< "t" or "f" in place of the value
};

/// The value that a column of type text has.
struct StoreKey {
  const char* column;
  std::string_view value;
};

/// The rows of that table in schema tenancy in which the keys have their values, in no order, as Query::run() returns
/// them; `table` is a literal. Needs the right to SELECT from it. Throws PgError.
[[nodiscard]] std::vector<Row> read_rows(const char* table, std::span<const StoreColumn> columns,
                                         std::span<const StoreKey> keys);

/// The same for keys that are all columns of the primary key: by its index.
[[nodiscard]] std::vector<Row> find_row(const char* table, std::span<const StoreColumn> columns,
                                        std::span<const StoreKey> keys);

}  // namespace tenancy
