// Formats of migration files: ours and those of other tools.
#pragma once

#include <string_view>

namespace tenancy::core {

enum class Format {
  own,
  golang_migrate,
  dbmate,
  goose,
  sql_migrate,
  flyway,
  diesel,
  prisma,
  rails,
  django,
  node_pg_migrate,
  sqitch,
  pop,
};

/// "own", "golang-migrate", "dbmate", "goose", "sql-migrate", "flyway", "diesel", "prisma", "rails", "django",
/// "node-pg-migrate", "sqitch", "pop".
[[nodiscard]] std::string_view to_string(Format format) noexcept;

/// The same words, in any case; throws Error(bad_value).
[[nodiscard]] Format parse_format(std::string_view text);

}  // namespace tenancy::core
