// Statements of a script: where each begins and ends, as PostgreSQL's parser sees it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tenancy::core {

struct SqlStatement {
  std::string_view text;   ///< from its first word, without the semicolon
  std::size_t offset = 0;  ///< of that word in the script
  int number = 1;          ///< 1-based
};

/// Cuts a script at its semicolons: not at those in quotes, comments, parentheses (the actions of CREATE RULE) and the
/// body of a function in standard SQL (BEGIN ATOMIC … END). What is empty is no statement. The script must outlive the
/// result.
[[nodiscard]] std::vector<SqlStatement> split_statements(std::string_view script);

}  // namespace tenancy::core
