// Parameters of statements.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenancy::driver {

/// $1, … as text; nothing is NULL.
using Parameters = std::vector<std::optional<std::string>>;

/// Parameters from values, as in `co_await session.query(sql, parameters(schema, std::nullopt))`, where GCC 12 refuses
/// a braced list.
template <typename... Values>
[[nodiscard]] Parameters parameters(Values&&... values) {
  Parameters all;
  all.reserve(sizeof...(values));
  (all.emplace_back(std::forward<Values>(values)), ...);
  return all;
}

}  // namespace tenancy::driver
