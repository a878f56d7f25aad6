// Queries on the extension's own tables, by SPI: text in, text out.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// One value of a row or a parameter; nothing is NULL.
using Value = std::optional<std::string>;
using Row = std::vector<Value>;

/// A statement of ours, planned once in a backend and kept. Parameters are of type text; cast them in the SQL.
/// The SQL names every object with its schema and every operator with OPERATOR(pg_catalog.…), since it runs
/// with the caller's search_path.
class Query {
 public:
  /// `once` keeps one plan for whatever parameters; `each_run` is for what is planned well for known values alone.
  enum class Planned { once, each_run };

  /// `sql` must be a literal. Make such objects static.
  constexpr explicit Query(const char* sql, Planned planned = Planned::once) noexcept : sql_(sql), planned_(planned) {}

  /// Runs as the current user, with a fresh snapshot. Throws PgError.
  std::vector<Row> run(std::initializer_list<Value> parameters = {});

  /// The same, but it sees what is committed now whatever the isolation level.
  std::vector<Row> run_on_latest(std::initializer_list<Value> parameters = {});

  /// The same for a query that only reads.
  std::vector<Row> peek(std::initializer_list<Value> parameters = {});

 private:
  enum class Sees { as_usual, latest };
  std::vector<Row> execute(std::initializer_list<Value> parameters, Sees sees, bool read_only);

  const char* sql_;
  Planned planned_;
  SPIPlanPtr plan_ = nullptr;
};

/// A statement that is planned for this one run, with the caller's search_path. Parameters are of type text.
void run_once(const std::string& sql, const std::vector<Value>& parameters);

}  // namespace tenancy
