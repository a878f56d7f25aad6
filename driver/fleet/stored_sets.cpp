#include "driver/fleet/stored_sets.h"

#include <algorithm>

#include "core/text_array.h"

namespace tenancy::driver {

void StoredSets::add(core::MigrationSet set) {
  std::string name = set.name();
  sets_.insert_or_assign(std::move(name), std::move(set));
}

const core::MigrationSet& StoredSets::set(const std::string& name) const {
  return sets_.try_emplace(name, name, std::vector<core::StoredMigration>{}).first->second;
}

std::vector<std::string> StoredSets::with_required(const std::string& name) const {
  return core::with_required(name, [this](const std::string& one) -> const core::MigrationSet& { return set(one); });
}

std::vector<std::string> StoredSets::sets_requiring(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& [other, set] : sets_) {
    std::vector<std::string> const required = core::sets_required_by(set);
    if (std::find(required.begin(), required.end(), name) != required.end()) names.push_back(other);
  }
  return names;
}

std::vector<std::string> StoredSets::others(const std::string& name, core::Direction direction) const {
  if (direction == core::Direction::down) return sets_requiring(name);
  std::vector<std::string> sets = with_required(name);
  sets.erase(sets.begin());
  return sets;
}

boost::asio::awaitable<StoredSets> read_stored_sets(Connection& control) {
  Result const rows = co_await control.query(
      "SELECT migration_set, version, description, checksum, scope, transactional, repeatable, down_sql IS NOT NULL,"
      "       variables <> 'off', after, branches, requires"
      "  FROM tenancy.migrations");
  std::map<std::string, std::vector<core::StoredMigration>> by_set;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    auto const text = [&](std::size_t column) { return std::string(rows.text(row, column)); };
    auto const is_true = [&](std::size_t column) { return rows.text(row, column) == "t"; };
    by_set[text(0)].push_back({text(1), text(2), text(3), core::parse_scope(rows.text(row, 4)), is_true(5), is_true(6),
                               is_true(7), is_true(8), core::parse_text_array_or_null(rows.value(row, 9)),
                               core::parse_text_array(rows.text(row, 10)), core::parse_text_array(rows.text(row, 11))});
  }
  StoredSets sets;
  for (auto& [name, migrations] : by_set) sets.add(core::MigrationSet(name, std::move(migrations)));
  co_return sets;
}

}  // namespace tenancy::driver
