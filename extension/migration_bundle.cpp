#include "extension/migration_bundle.h"

#include "extension/wire.h"

namespace tenancy {

namespace {

using Time = std::optional<std::chrono::milliseconds>;

void write(WireWriter& writer, const Time& time) { writer.number(time ? time->count() : -1); }

Time read_time(WireReader& reader) {
  auto const count = reader.number<std::chrono::milliseconds::rep>();
  return count < 0 ? Time() : Time(count);
}

void write(WireWriter& writer, const core::SqlSection& section) {
  writer.text(section.sql);
  writer.number(section.first_line);
}

core::SqlSection read_section(WireReader& reader) {
  core::SqlSection section;
  section.sql = reader.text();
  section.first_line = reader.number<int>();
  return section;
}

void write(WireWriter& writer, const std::vector<std::string>& words) {
  writer.number(static_cast<std::uint32_t>(words.size()));
  for (const std::string& word : words) writer.text(word);
}

std::vector<std::string> read_words(WireReader& reader) {
  std::vector<std::string> words;
  for (auto count = reader.number<std::uint32_t>(); count > 0; --count) words.push_back(reader.text());
  return words;
}

void write(WireWriter& writer, const core::Migration& migration) {
  writer.text(migration.version);
  writer.text(migration.description);
  writer.number(migration.scope);
  write(writer, migration.up);
  writer.number(migration.down.has_value());
  if (migration.down) write(writer, *migration.down);
  writer.number(migration.transactional);
  writer.number(migration.repeatable);
  writer.number(migration.allow_outside);
  writer.number(migration.variables);
  write(writer, migration.lock_timeout);
  write(writer, migration.statement_timeout);
  writer.text(migration.filename);
  writer.text(migration.tool_checksum);
  writer.number(migration.after.has_value());
  if (migration.after) write(writer, *migration.after);
  write(writer, migration.branches);
  write(writer, migration.required);
}

core::Migration read_migration(WireReader& reader) {
  core::Migration migration;
  migration.version = reader.text();
  migration.description = reader.text();
  migration.scope = reader.number<core::Scope>();
  migration.up = read_section(reader);
  if (reader.number<bool>()) migration.down = read_section(reader);
  migration.transactional = reader.number<bool>();
  migration.repeatable = reader.number<bool>();
  migration.allow_outside = reader.number<bool>();
  migration.variables = reader.number<core::VariableSyntax>();
  migration.lock_timeout = read_time(reader);
  migration.statement_timeout = read_time(reader);
  migration.filename = reader.text();
  migration.tool_checksum = reader.text();
  if (reader.number<bool>()) migration.after = read_words(reader);
  migration.branches = read_words(reader);
  migration.required = read_words(reader);
  return migration;
}

}  // namespace

const core::Migration* MigrationBundle::find(const std::string& set, const std::string& version) const {
  auto const found = sets.find(set);
  if (found == sets.end()) return nullptr;
  for (const core::Migration& migration : found->second) {
    if (migration.version == version) return &migration;
  }
  return nullptr;
}

std::optional<core::SyncedTool> MigrationBundle::synced_tool(const std::string& set) const {
  auto const found = synced.find(set);
  return found == synced.end() ? std::nullopt : std::optional(found->second);
}

std::string MigrationBundle::encode() const {
  WireWriter writer;
  writer.number(static_cast<std::uint32_t>(sets.size()));
  for (const auto& [name, migrations] : sets) {
    writer.text(name);
    writer.number(static_cast<std::uint32_t>(migrations.size()));
    for (const core::Migration& migration : migrations) write(writer, migration);
  }
  writer.number(static_cast<std::uint32_t>(synced.size()));
  for (const auto& [name, tool] : synced) {
    for (const std::string* const text : {&name, &tool.tool, &tool.table, &tool.group, &tool.schema})
      writer.text(*text);
  }
  return writer.bytes();
}

MigrationBundle MigrationBundle::decode(std::string_view bytes) {
  MigrationBundle bundle;
  WireReader reader(bytes);
  for (auto count = reader.number<std::uint32_t>(); count > 0; --count) {
    std::string const name = reader.text();
    std::vector<core::Migration>& migrations = bundle.sets[name];
    migrations.resize(reader.number<std::uint32_t>());
    for (core::Migration& migration : migrations) {
      migration = read_migration(reader);
      migration.set = name;
    }
  }
  for (auto count = reader.number<std::uint32_t>(); count > 0; --count) {
    core::SyncedTool& tool = bundle.synced[reader.text()];
    for (std::string* const text : {&tool.tool, &tool.table, &tool.group, &tool.schema}) *text = reader.text();
  }
  return bundle;
}

}  // namespace tenancy
