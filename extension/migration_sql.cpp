#include "extension/migration_sql.h"

namespace tenancy {

namespace {

/// The file that a direction's SQL came from: a pair's and a folder's down SQL has one of its own.
std::string file_of(const core::Migration& migration, core::Direction direction) {
  constexpr std::string_view kUp = "up.sql";
  std::string name = migration.filename;
  if (direction == core::Direction::up || !name.ends_with(kUp)) return name;
  return name.replace(name.size() - kUp.size(), kUp.size(), "down.sql");
}

/// In the words in which errors of the server name a place.
PgError placed(const core::Error& error) {
  return to_pg_error(core::Error(error.kind(), error.placed_message(), error.hint()));
}

}  // namespace

MigrationSql::MigrationSql(const core::Migration& migration, core::Direction direction, MemoryContext context)
    : filename_(file_of(migration, direction)),
      transactional_(migration.transactional),
      confined_(migration.scope != core::Scope::shared && !migration.allow_outside),
      context_(context) {
  const core::SqlSection& section = direction == core::Direction::up ? migration.up : migration.down.value();
  if (migration.variables == core::VariableSyntax::none) {
    script_.emplace(section, filename_, context);
    return;
  }
  try {
    text_.emplace(section, migration.variables, filename_);
  } catch (const core::Error& error) {
    throw placed(error);
  }
}

core::SqlSection MigrationSql::render(const core::TargetVariables& variables) const {
  try {
    return text_.value().render(variables);
  } catch (const core::Error& error) {
    throw placed(error);
  }
}

void MigrationSql::check() const {
  if (script_) return check(*script_);
  std::optional<core::SqlSection> sample = text_->sample();
  if (!sample) return;
  ScopedContext const memory(context_, "tenancy sample");
  check(SqlScript(*std::move(sample), filename_, memory.get()));
}

TargetScript::TargetScript(const MigrationSql& sql, const std::optional<core::TargetVariables>& variables) : sql_(sql) {
  if (!sql.has_variables()) return;
  memory_.emplace(sql.context_, "tenancy rendered script");
  rendered_.emplace(sql.render(variables.value()), sql.filename_, memory_->get());
  sql.check(*rendered_);
}

}  // namespace tenancy
