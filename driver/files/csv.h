// Comma-separated values, as RFC 4180 and spreadsheets write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenancy::driver {

struct CsvRecord {
  int line = 0;  ///< at which it begins, from 1
  std::vector<std::string> values{};
};

/// Records of text; empty lines are left out, and so is a byte order mark. Throws UsageError for a quote that does not
/// end.
[[nodiscard]] std::vector<CsvRecord> parse_csv(std::string_view text);

}  // namespace tenancy::driver
