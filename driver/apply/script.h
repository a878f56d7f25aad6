// The SQL of a migration in one direction, cut into statements.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/migration.h"
#include "core/sql_kind.h"
#include "core/sql_statements.h"

namespace tenancy::driver {

class Script {
 public:
  struct Statement {
    core::SqlStatement source;
    core::SqlKind kind;
  };

  Script(core::SqlSection section, std::string filename);
  // Its statements are views of its text.
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  [[nodiscard]] const std::vector<Statement>& statements() const noexcept { return statements_; }

  /// Has it statements that may queue constraint triggers: anything but plain DDL?
  [[nodiscard]] bool writes_data() const noexcept { return writes_data_; }

  /// Has it ALTER TYPE … ADD VALUE, which must be committed before what is behind it?
  [[nodiscard]] bool adds_enum_value() const noexcept { return adds_enum_value_; }

  /// "005_invoices.sql line 14", or "line 14".
  [[nodiscard]] std::string place(std::size_t offset) const;

  /// "statement 3 (005_invoices.sql line 14)": its place, or that of the character at a position of it, from 1.
  [[nodiscard]] std::string name(const Statement& statement, int position = 0) const;

  /// Refuses what cannot be part of a migration, as the extension does when it stores one; throws
  /// core::Error(bad_statement).
  void check(bool transactional, bool confined) const;

  /// Refuses what would change the session; throws core::Error(bad_statement).
  void check_session() const;

 private:
  core::SqlSection section_;
  std::string filename_;
  std::vector<Statement> statements_;
  bool writes_data_ = false;
  bool adds_enum_value_ = false;
};

}  // namespace tenancy::driver
