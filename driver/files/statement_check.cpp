#include "driver/files/statement_check.h"

#include "core/error.h"
#include "core/sql_kind.h"
#include "core/sql_statements.h"
#include "core/statement_refusal.h"
#include "core/variables.h"

namespace tenancy::driver {

namespace {

/// With values for its variables, as far as it can be checked without those of a target.
std::optional<core::SqlSection> checkable(const std::string& file, const core::Migration& migration,
                                          const core::SqlSection& section, std::vector<Finding>& findings) {
  if (migration.variables == core::VariableSyntax::none) return section;
  try {
    return core::VariableText(section, migration.variables, file).sample();
  } catch (const core::Error& error) {
    findings.push_back({Finding::Kind::error, file, error.line(), error.what(), error.hint()});
    return std::nullopt;
  }
}

void check_section(const std::string& file, const core::Migration& migration, const core::SqlSection& source,
                   Finding::Kind kind, std::vector<Finding>& findings) {
  std::optional<core::SqlSection> const given = checkable(file, migration, source, findings);
  if (!given) return;
  const core::SqlSection& section = *given;
  bool const confined = migration.scope != core::Scope::shared && !migration.allow_outside;
  for (const core::SqlStatement& statement : core::split_statements(section.sql)) {
    core::StatementRefusal const found =
        core::refusal(core::SqlKind(statement.text), migration.transactional, confined);
    if (found.is_empty()) continue;
    int const line = section.line_at(statement.offset);
    findings.push_back({kind, file, line, found.message(statement.number), std::string(found.hint)});
  }
}

/// A pair's and a folder's down SQL has a file of its own.
std::string down_file(std::string file) {
  constexpr std::string_view up = "up.sql";
  if (file.ends_with(up)) file.replace(file.size() - up.size(), up.size(), "down.sql");
  return file;
}

}  // namespace

void check_statements(const MigrationFolder& folder, const std::vector<core::Migration>& migrations,
                      std::vector<Finding>& findings) {
  for (const core::Migration& migration : migrations) {
    std::string const file = (folder.path / migration.filename).string();
    check_section(file, migration, migration.up, Finding::Kind::error, findings);
    // Down SQL that cannot run makes a migration irreversible; it does not stop one.
    if (migration.down) check_section(down_file(file), migration, *migration.down, Finding::Kind::warning, findings);
  }
}

}  // namespace tenancy::driver
