#include "driver/apply/store_update.h"

#include <algorithm>

#include "core/text_array.h"
#include "driver/connection/parameters.h"

namespace tenancy::driver {

namespace {

Statement add_migration(const core::Migration& one) {
  using Value = Parameters::value_type;
  const auto word = [](bool value) { return std::string(value ? "t" : "f"); };
  const auto time = [](const auto& value) { return value ? Value(std::to_string(value->count())) : Value(); };
  const auto line = [](const auto& section) { return section ? Value(std::to_string(section->first_line)) : Value(); };
  return {
      "SELECT tenancy.add_migration($1, $2, $3, $4, $5, $6, $7::bool, $8::bool, $9::bool, $10, $11,"
      "                             variables => $12, filename => $13, after => $14::text[],"
      "                             branches => $15::text[], requires => $16::text[], tool_checksum => nullif($17, ''),"
      "                             up_line => $18::int, down_line => $19::int)",
      {one.version, one.up.sql, one.down ? Value(one.down->sql) : Value(), one.description,
       std::string(to_string(one.scope)), one.set, word(one.transactional), word(one.repeatable),
       word(one.allow_outside), time(one.lock_timeout), time(one.statement_timeout),
       std::string(to_string(one.variables)), one.filename.empty() ? Value() : Value(one.filename),
       one.after ? Value(core::text_array(*one.after)) : Value(), core::text_array(one.branches),
       core::text_array(one.required), one.tool_checksum, std::to_string(one.up.first_line), line(one.down)}};
}

Statement sync(const std::string& set, const core::SyncedTool& tool) {
  return {"SELECT tenancy.sync($1, $2, $3, nullif($4, ''), nullif($5, ''))",
          parameters(tool.tool, set, tool.table, tool.group, tool.schema)};
}

bool contains(const std::vector<core::StoredDigest>& sorted, const core::StoredDigest& one) {
  return std::binary_search(sorted.begin(), sorted.end(), one);
}

}  // namespace

StoreUpdate::StoreUpdate(const MigrationStore& store, const std::string& set)
    : store_(store), sets_(store.sets().sets_requiring(set)) {
  const std::vector<std::string> required = store.sets().with_required(set);
  sets_.insert(sets_.end(), required.begin(), required.end());
  for (const std::string& name : sets_) {
    const core::MigrationSet& migrations = store.set(name);
    for (std::size_t i = 0; i < migrations.size(); ++i) {
      here_.push_back(core::digest_of(store.migration(name, i), migrations[i].checksum, sha256));
    }
    if (const auto tool = store.synced_tool(name)) here_.push_back(core::digest_of(name, *tool, sha256));
  }
  sets_text_ = core::text_array(sets_);
  digest_ = core::digest_of(here_, sha256);
}

Statement StoreUpdate::look() const {
  return {"SELECT migration_set, version, digest FROM tenancy.stored($1)", parameters(sets_text_)};
}

void StoreUpdate::add_changes(const std::string& set, const Digests& there, std::vector<Statement>& statements) const {
  const core::MigrationSet& migrations = store_.set(set);
  bool is_synced_there = false;
  for (const core::StoredDigest& one : there) {
    if (one.set != set) continue;
    if (!one.version) {
      is_synced_there = true;
    } else if (!migrations.find(*one.version)) {
      // What ours no longer has must not be applied there.
      statements.push_back({"SELECT tenancy.drop_migration($1, $2)", {one.version, set}});
    }
  }
  for (const core::StoredDigest& one : here_) {
    if (one.set != set || contains(there, one)) continue;
    statements.push_back(one.version ? add_migration(store_.migration(set, migrations.find(*one.version).value()))
                                     : sync(set, store_.synced_tool(set).value()));
  }
  if (is_synced_there && !store_.synced_tool(set)) {
    statements.emplace_back("SELECT tenancy.stop_sync($1)", parameters(set));
  }
}

std::vector<Statement> StoreUpdate::changes(const Result& there) const {
  Digests digests;
  for (std::size_t row = 0; row < there.rows(); ++row) {
    digests.push_back({std::string(there.text(row, 0)), there.value(row, 1), std::string(there.text(row, 2))});
  }
  std::sort(digests.begin(), digests.end());
  std::vector<Statement> statements;
  for (const std::string& set : sets_) add_changes(set, digests, statements);
  return statements;
}

}  // namespace tenancy::driver
