// The SQL of a migration in one direction: parsed once, or, where it has variables, rendered for each target.
#pragma once

#include "extension/sql_script.h"

#include "core/plan.h"
#include "core/variables.h"

namespace tenancy {

class MigrationSql {
 public:
  /// Parses; the trees live in `context`, which must outlive the object. Throws PgError with the place in the file.
  MigrationSql(const core::Migration& migration, core::Direction direction, MemoryContext context);

  [[nodiscard]] bool has_variables() const noexcept { return text_.has_value(); }

  /// With the values of a target. Throws PgError with the place in the file for one that is missing or cannot be.
  [[nodiscard]] core::SqlSection render(const core::TargetVariables& variables) const;

  /// Throws what check_statements() throws; with variables, as far as that can be known without their values.
  void check() const;

 private:
  friend class TargetScript;
  void check(const SqlScript& script) const { check_statements(script, transactional_, confined_); }

  std::string filename_;
  bool transactional_;
  bool confined_;
  MemoryContext context_;
  std::optional<SqlScript> script_;         ///< without variables
  std::optional<core::VariableText> text_;  ///< with them
};

/// What runs in one target: the migration's own script, or one that lives as long as the object.
class TargetScript {
 public:
  /// The values are only needed for SQL with variables. `sql` must outlive the object. Throws PgError.
  TargetScript(const MigrationSql& sql, const std::optional<core::TargetVariables>& variables);

  [[nodiscard]] const SqlScript& get() const noexcept { return rendered_ ? *rendered_ : *sql_.script_; }

 private:
  const MigrationSql& sql_;
  std::optional<ScopedContext> memory_;
  std::optional<SqlScript> rendered_;
};

}  // namespace tenancy
