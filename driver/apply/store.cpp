#include "driver/apply/store.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "core/error.h"
#include "core/hexadecimal.h"
#include "core/text_array.h"

namespace tenancy::driver {

namespace {

constexpr std::string_view kSelectMigrations =
    "SELECT migration_set, version, description, scope, up_sql, up_line, down_sql, down_line, transactional,"
    "       repeatable, allow_outside, lock_timeout_ms, statement_timeout_ms, filename, variables, after, branches,"
    "       requires, tool_checksum"
    "  FROM tenancy.migrations";

constexpr std::string_view kSelectSynced =
    "SELECT migration_set, tool, table_name, app, table_schema FROM tenancy.synced_tools";

std::optional<std::chrono::milliseconds> milliseconds_in(const Result& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return std::chrono::milliseconds(rows.integer(row, column));
}

core::Migration to_migration(const Result& rows, std::size_t row) {
  core::Migration migration;
  migration.set = rows.text(row, 0);
  migration.version = rows.text(row, 1);
  migration.description = rows.text(row, 2);
  migration.scope = core::parse_scope(rows.text(row, 3));
  migration.up = {std::string(rows.text(row, 4)), static_cast<int>(rows.integer(row, 5))};
  if (auto down = rows.value(row, 6)) {
    migration.down = core::SqlSection{*std::move(down), static_cast<int>(rows.integer(row, 7))};
  }
  migration.transactional = rows.text(row, 8) == "t";
  migration.repeatable = rows.text(row, 9) == "t";
  migration.allow_outside = rows.text(row, 10) == "t";
  migration.lock_timeout = milliseconds_in(rows, row, 11);
  migration.statement_timeout = milliseconds_in(rows, row, 12);
  migration.filename = rows.text(row, 13);
  migration.variables = core::parse_variable_syntax(rows.text(row, 14));
  migration.after = core::parse_text_array_or_null(rows.value(row, 15));
  migration.branches = core::parse_text_array(rows.text(row, 16));
  migration.required = core::parse_text_array(rows.text(row, 17));
  migration.tool_checksum = rows.text(row, 18);
  return migration;
}

std::vector<core::StoredMigration> to_stored(const std::vector<core::Migration>& migrations) {
  std::vector<core::StoredMigration> stored;
  for (const core::Migration& one : migrations) {
    stored.push_back({one.version, one.description, sha256(one.up.sql), one.scope, one.transactional, one.repeatable,
                      one.down.has_value(), one.variables != core::VariableSyntax::none, one.after, one.branches,
                      one.required});
  }
  return stored;
}

/// In hexadecimal.
std::string digest_of(std::string_view text, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, algorithm, nullptr) != 1) {
    throw std::runtime_error("cannot compute a checksum");
  }
  return core::hexadecimal({digest.data(), size});
}

}  // namespace

std::string sha256(std::string_view text) { return digest_of(text, EVP_sha256()); }

std::string sha1(std::string_view text) { return digest_of(text, EVP_sha1()); }

MigrationStore::MigrationStore(std::vector<core::Migration> migrations)
    : MigrationStore(std::move(migrations), Checked::no) {}

MigrationStore::MigrationStore(std::vector<core::Migration> migrations, Checked checked) {
  if (checked == Checked::no) {
    for (core::Migration& one : migrations) leave_out_broken_down(one);
  }
  std::map<std::string, std::vector<core::Migration>> by_set;
  for (core::Migration& one : migrations) by_set[one.set].push_back(std::move(one));
  for (auto& [name, of_set] : by_set) add_set(name, std::move(of_set));
  if (checked == Checked::no) check();
}

void MigrationStore::add_set(const std::string& name, std::vector<core::Migration> migrations) {
  sets_.add(core::MigrationSet(name, to_stored(migrations)));
  const core::MigrationSet& order = set(name);
  std::vector<Entry> entries(migrations.size());
  for (core::Migration& one : migrations) {
    Entry& entry = entries[order.find(one.version).value()];
    entry.migration = std::move(one);
  }
  entries_.emplace(name, std::move(entries));
}

/// Old migrations are full of down SQL that nobody ever ran: without it they are irreversible.
void MigrationStore::leave_out_broken_down(core::Migration& migration) {
  if (!migration.down) return;
  try {
    if (migration.variables == core::VariableSyntax::none) {
      return check(Script(*migration.down, migration.filename), migration);
    }
    const core::VariableText text(*migration.down, migration.variables, migration.filename);
    if (auto sample = text.sample()) check(Script(*std::move(sample), migration.filename), migration);
  } catch (const core::Error&) {
    migration.down.reset();
  }
}

void MigrationStore::check() const {
  for (const auto& [name, entries] : entries_) {
    for (std::size_t index = 0; index < entries.size(); ++index) {
      const core::Migration& one = entries[index].migration;
      try {
        check(name, index, core::Direction::up);
      } catch (const core::Error& error) {
        throw core::Error(error.kind(), "migration " + one.version + ": " + error.placed_message(), error.hint());
      }
    }
  }
}

void MigrationStore::check(const std::string& set, std::size_t index, core::Direction direction) const {
  const core::Migration& one = migration(set, index);
  if (one.variables == core::VariableSyntax::none) return check(script(set, index, direction), one);
  if (auto sample = text(set, index, direction).sample()) check(Script(*std::move(sample), one.filename), one);
}

void MigrationStore::check(const Script& script, const core::Migration& migration) {
  const bool confined = migration.scope != core::Scope::shared && !migration.allow_outside;
  script.check(migration.transactional, confined);
}

boost::asio::awaitable<MigrationStore> MigrationStore::read(Connection& control, Deadline deadline) {
  const Result rows = co_await control.query(kSelectMigrations, {}, deadline);
  std::vector<core::Migration> migrations;
  for (std::size_t row = 0; row < rows.rows(); ++row) migrations.push_back(to_migration(rows, row));
  MigrationStore store(std::move(migrations), Checked::before);
  const Result synced = co_await control.query(kSelectSynced, {}, deadline);
  for (std::size_t row = 0; row < synced.rows(); ++row) {
    core::SyncedTool tool;
    tool.tool = synced.text(row, 1);
    tool.table = synced.text(row, 2);
    tool.group = synced.text(row, 3);
    tool.schema = synced.text(row, 4);
    store.synced_.emplace(synced.text(row, 0), std::move(tool));
  }
  co_return store;
}

void MigrationStore::sync(const std::string& set, core::SyncedTool tool) {
  synced_.insert_or_assign(set, std::move(tool));
}

std::optional<core::SyncedTool> MigrationStore::synced_tool(const std::string& set) const {
  const auto found = synced_.find(set);
  return found == synced_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> MigrationStore::set_names() const {
  std::vector<std::string> names;
  for (const auto& [name, entries] : entries_) names.push_back(name);
  return names;
}

const core::Migration& MigrationStore::migration(const std::string& set, std::size_t index) const {
  return entries_.at(set).at(index).migration;
}

namespace {

const core::SqlSection& section_of(const core::Migration& migration, core::Direction direction) {
  if (direction == core::Direction::up) return migration.up;
  if (!migration.down) throw std::logic_error("the migration has no SQL to go down");
  return *migration.down;
}

}  // namespace

const Script& MigrationStore::script(const std::string& set, std::size_t index, core::Direction direction) const {
  Entry& entry = entries_.at(set).at(index);
  std::unique_ptr<Script>& script = direction == core::Direction::up ? entry.up : entry.down;
  if (!script) script = std::make_unique<Script>(section_of(entry.migration, direction), entry.migration.filename);
  return *script;
}

const core::VariableText& MigrationStore::text(const std::string& set, std::size_t index,
                                               core::Direction direction) const {
  Entry& entry = entries_.at(set).at(index);
  std::optional<core::VariableText>& text = direction == core::Direction::up ? entry.up_text : entry.down_text;
  if (!text) {
    text.emplace(section_of(entry.migration, direction), entry.migration.variables, entry.migration.filename);
  }
  return *text;
}

std::unique_ptr<Script> MigrationStore::render(const std::string& set, std::size_t index, core::Direction direction,
                                               const core::TargetVariables& variables) const {
  const core::Migration& one = migration(set, index);
  auto script = std::make_unique<Script>(text(set, index, direction).render(variables), one.filename);
  check(*script, one);
  return script;
}

}  // namespace tenancy::driver
