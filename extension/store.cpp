#include "extension/store.h"

#include <set>

#include "core/requirements.h"
#include "core/sql_kind.h"
#include "core/text_array.h"
#include "extension/checksum.h"
#include "extension/spi.h"
#include "extension/store_rows.h"

namespace tenancy {

namespace {

using core::Migration;
using core::SqlSection;

bool is_true(const Value& value) { return value == "t"; }

int to_int(const Value& value) { return value ? std::stoi(*value) : 0; }

std::optional<std::chrono::milliseconds> to_milliseconds(const Value& value) {
  if (!value) return std::nullopt;
  return std::chrono::milliseconds(std::stoll(*value));
}

constexpr StoreColumn kSetColumns[] = {{"version"},       {"description"}, {"checksum"},       {"scope"},
                                       {"transactional"}, {"repeatable"},  {"down_sql", true}, {"variables"},
                                       {"after"},         {"branches"},    {"requires"}};

/// All but the set; `up` is the column that stands for the SQL up.
constexpr std::array<StoreColumn, 18> migration_columns(const char* up) {
  return {{{"description"},
           {"scope"},
           {up},
           {"up_line"},
           {"down_sql"},
           {"down_line"},
           {"transactional"},
           {"repeatable"},
           {"allow_outside"},
           {"lock_timeout_ms"},
           {"statement_timeout_ms"},
           {"filename"},
           {"variables"},
           {"after"},
           {"branches"},
           {"requires"},
           {"tool_checksum"},
           {"version"}}};
}
constexpr auto kMigrationColumns = migration_columns("up_sql");
constexpr auto kShortColumns = migration_columns("checksum");

Query select_shared_sets(
    "SELECT DISTINCT migration_set FROM tenancy.migrations"
    " WHERE scope OPERATOR(pg_catalog.<>) 'tenant'::pg_catalog.text ORDER BY migration_set");

Query select_requiring(
    "SELECT DISTINCT pg_catalog.split_part(r, '@', 1), m.migration_set"
    "  FROM tenancy.migrations AS m, pg_catalog.unnest(m.requires) AS r ORDER BY 1, 2");

core::StoredMigration to_stored(Row& row) {
  return {std::move(*row[0]),
          std::move(*row[1]),
          std::move(*row[2]),
          core::parse_scope(*row[3]),
          is_true(row[4]),
          is_true(row[5]),
          is_true(row[6]),
          core::parse_variable_syntax(*row[7]) != core::VariableSyntax::none,
          core::parse_text_array_or_null(row[8]),
          core::parse_text_array(row[9].value()),
          core::parse_text_array(row[10].value())};
}

Migration to_migration(const std::string& set, const Row& row) {
  Migration migration;
  migration.set = set;
  migration.description = row[0].value();
  migration.scope = core::parse_scope(row[1].value());
  migration.up = {row[2].value(), to_int(row[3])};
  if (row[4]) migration.down = SqlSection{*row[4], to_int(row[5])};
  migration.transactional = is_true(row[6]);
  migration.repeatable = is_true(row[7]);
  migration.allow_outside = is_true(row[8]);
  migration.lock_timeout = to_milliseconds(row[9]);
  migration.statement_timeout = to_milliseconds(row[10]);
  migration.filename = row[11].value_or("");
  migration.variables = core::parse_variable_syntax(row[12].value());
  migration.after = core::parse_text_array_or_null(row[13]);
  migration.branches = core::parse_text_array(row[14].value());
  migration.required = core::parse_text_array(row[15].value());
  migration.tool_checksum = row[16].value_or("");
  migration.version = row[17].value();
  return migration;
}

/// Is a migration still what the set was planned with?
bool is_same(const Migration& migration, const core::StoredMigration& planned) {
  return checksum(migration.up.sql) == planned.checksum && migration.scope == planned.scope &&
         migration.transactional == planned.transactional && migration.repeatable == planned.repeatable &&
         migration.down.has_value() == planned.reversible &&
         (migration.variables != core::VariableSyntax::none) == planned.has_variables;
}

}  // namespace

core::StoredMigration to_stored(const Migration& migration) {
  return {migration.version,
          migration.description,
          checksum(migration.up.sql),
          migration.scope,
          migration.transactional,
          migration.repeatable,
          migration.down.has_value(),
          migration.variables != core::VariableSyntax::none,
          migration.after,
          migration.branches,
          migration.required};
}

std::vector<core::StoredMigration> stored_migrations(const std::string& set) {
  std::vector<core::StoredMigration> migrations;
  StoreKey const keys[] = {{"migration_set", set}};
  for (Row& row : read_rows("migrations", kSetColumns, keys)) migrations.push_back(to_stored(row));
  return migrations;
}

std::optional<Migration> find_migration(const std::string& set, const std::string& version) {
  StoreKey const keys[] = {{"migration_set", set}, {"version", version}};
  std::vector<Row> const rows = find_row("migrations", kMigrationColumns, keys);
  if (rows.empty()) return std::nullopt;
  return to_migration(set, rows.front());
}

std::vector<core::StoredDigest> stored_digests(const std::string& set) {
  std::vector<core::StoredDigest> digests;
  StoreKey const keys[] = {{"migration_set", set}};
  for (const Row& row : read_rows("migrations", kShortColumns, keys)) {
    Migration const migration = to_migration(set, row);
    digests.push_back(core::digest_of(migration, migration.up.sql, checksum));
  }
  if (auto const tool = find_synced_tool(set)) digests.push_back(core::digest_of(set, *tool, checksum));
  return digests;
}

std::vector<core::StoredMigration> Store::read_set(const std::string& name) const {
  if (!bundle_) return stored_migrations(name);
  std::vector<core::StoredMigration> migrations;
  if (auto const found = bundle_->sets.find(name); found != bundle_->sets.end()) {
    for (const Migration& one : found->second) migrations.push_back(to_stored(one));
  }
  return migrations;
}

std::optional<Migration> Store::find(const std::string& set, const std::string& version) const {
  if (!bundle_) return find_migration(set, version);
  const Migration* const found = bundle_->find(set, version);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

Store::SetNames Store::read_requiring() const {
  SetNames names;
  if (!bundle_) {
    for (Row& row : select_requiring.run()) names.emplace(std::move(*row[0]), std::move(*row[1]));
    return names;
  }
  for (const auto& [name, migrations] : bundle_->sets) {
    for (const std::string& required : core::sets_required_by(core::MigrationSet(name, read_set(name)))) {
      names.emplace(required, name);
    }
  }
  return names;
}

std::vector<std::string> Store::sets_requiring(const std::string& set) {
  if (!requiring_) requiring_ = read_requiring();
  std::vector<std::string> names;
  auto const [begin, end] = requiring_->equal_range(set);
  for (auto one = begin; one != end; ++one) names.push_back(one->second);
  return names;
}

std::vector<std::string> Store::with_required(const std::string& name) {
  return core::with_required(name, [this](const std::string& one) -> const core::MigrationSet& { return set(one); });
}

MigrationBundle Store::bundle(const std::vector<std::string>& sets) {
  Store store(CurrentMemoryContext);
  std::set<std::string> wanted;
  for (const std::string& set : sets) {
    for (const std::string& one : store.with_required(set)) wanted.insert(one);
    for (const std::string& one : store.sets_requiring(set)) wanted.insert(one);
  }
  MigrationBundle bundle;
  for (const std::string& name : wanted) {
    std::vector<Migration>& migrations = bundle.sets[name];
    const core::MigrationSet& set = store.set(name);
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (auto found = find_migration(name, set[i].version)) migrations.push_back(*std::move(found));
    }
    if (auto synced = find_synced_tool(name)) bundle.synced.emplace(name, *std::move(synced));
  }
  return bundle;
}

Store::Loaded& Store::loaded(const std::string& name) {
  if (auto const found = sets_.find(name); found != sets_.end()) return found->second;
  Loaded loaded{core::MigrationSet(name, read_set(name)), {}};
  loaded.runnable.resize(loaded.set.size());
  return sets_.emplace(name, std::move(loaded)).first->second;
}

const core::MigrationSet& Store::set(const std::string& name) { return loaded(name).set; }

const std::optional<core::SyncedTool>& Store::synced_tool(const std::string& set) {
  auto& synced = loaded(set).synced;
  if (!synced) synced.emplace(bundle_ ? bundle_->synced_tool(set) : find_synced_tool(set));
  return *synced;
}

void Store::require(const std::optional<std::string>& name) {
  if (!name || set(*name).size() > 0) return;
  throw PgError(ERRCODE_UNDEFINED_OBJECT, "migration set \"" + *name + "\" has no migrations", {},
                "See SELECT DISTINCT migration_set FROM tenancy.migrations.");
}

const RunnableMigration& Store::runnable(const std::string& set_name, std::size_t index) {
  Loaded& set = loaded(set_name);
  std::unique_ptr<RunnableMigration>& slot = set.runnable[index];
  if (slot == nullptr) {
    std::optional<Migration> const stored = find(set_name, set.set[index].version);
    if (!stored || !is_same(*stored, set.set[index])) {
      throw PgError(ERRCODE_T_R_SERIALIZATION_FAILURE,
                    "migration " + set.set[index].version + " was changed or dropped while it was about to run", {},
                    "Run it again.");
    }
    slot = std::make_unique<RunnableMigration>(RunnableMigration{{*stored, core::Direction::up, context_},
                                                                 {},
                                                                 stored->allow_outside,
                                                                 stored->lock_timeout,
                                                                 stored->statement_timeout,
                                                                 core::tool_file(*stored),
                                                                 core::adds_enum_value(stored->up.sql)});
    if (stored->down) slot->down.emplace(*stored, core::Direction::down, context_);
  }
  return *slot;
}

std::vector<std::string> Store::shared_sets() {
  std::vector<std::string> names;
  for (Row& row : select_shared_sets.run()) names.push_back(std::move(*row[0]));
  std::stable_partition(names.begin(), names.end(), [](const auto& name) { return name == core::kDefaultSet; });
  return names;
}

}  // namespace tenancy
