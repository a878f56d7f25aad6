// Option lines: the `-- MIGRATION_…: value` comments at the top of a migration file.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/migration.h"

namespace tenancy::core {

inline constexpr std::size_t kOptionCount = 14;

/// The name in a line of the shape of an option, whether or not there is one of that name: a comment that
/// begins with MIGRATION_, more capitals and a colon.
[[nodiscard]] std::optional<std::string_view> option_name(std::string_view line) noexcept;

/// Reads the options of one file into a migration. Errors carry file and line.
class OptionReader {
 public:
  /// Both must outlive the reader.
  OptionReader(std::string_view file, Migration& migration) noexcept : file_(file), migration_(migration) {}

  /// Reads a comment line at the top of the file; one that is no option is passed over.
  /// Words by which other tools say that a file has no transaction (sqlx's `no-transaction`, …) are
  /// MIGRATION_TRANSACTION: off. Throws Error(bad_value) for a value that is not allowed, and Error(bad_file) for an
  /// unknown or repeated option and for one that is misspelled in its case or lacks the colon.
  void read(std::string_view comment, int line);

  /// The last line that gave an option, and the one that gave the version; 0 when none did.
  [[nodiscard]] int last_line() const noexcept { return last_line_; }
  [[nodiscard]] int version_line() const noexcept { return lines_[0]; }

  /// Does the file say whether it has a transaction?
  [[nodiscard]] bool says_transaction() const noexcept { return says_transaction_; }

 private:
  [[noreturn]] void refuse(int line, const std::string& message, std::string hint) const;

  std::string_view file_;
  Migration& migration_;
  std::array<int, kOptionCount> lines_{};  ///< by option: the line that gave it
  int last_line_ = 0;
  bool says_transaction_ = false;
};

}  // namespace tenancy::core
