// Sets and histories in short hand, for the tests of plans.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/requirements.h"

namespace tenancy::core {

/// "003" is a tenant migration; behind the version `p` makes it public, `b` both, `r` repeatable (and both),
/// `o` one that runs outside of transactions, and `!` irreversible; `>users@003` requires that one. The checksum of
/// every one is "sum".
inline MigrationSet make_set(const std::vector<std::string>& words, std::string name = "default") {
  std::vector<StoredMigration> migrations;
  for (const std::string& word : words) {
    StoredMigration& migration = migrations.emplace_back();
    const std::size_t end = std::min(word.find('>'), word.size());
    const std::size_t flags = std::min(word.find_first_of("pbro!"), end);
    migration.version = word.substr(0, flags);
    migration.checksum = "sum";
    if (end < word.size()) migration.required.push_back(word.substr(end + 1));
    for (const char flag : word.substr(flags, end - flags)) {
      if (flag == 'p') migration.scope = Scope::shared;
      if (flag == 'b' || flag == 'r') migration.scope = Scope::both;
      if (flag == 'r') migration.repeatable = true;
      if (flag == 'o') migration.transactional = false;
      if (flag == '!') migration.reversible = false;
    }
  }
  return {std::move(name), std::move(migrations)};
}

/// "003" is applied; behind the version `*` is another text, `?` in doubt, in this order.
inline std::vector<AppliedMigration> make_history(const std::vector<std::string>& words) {
  std::vector<AppliedMigration> rows;
  for (const std::string& word : words) {
    const std::size_t flags = std::min(word.find_first_of("*?"), word.size());
    rows.push_back({word.substr(0, flags), word.find('*') < word.size() ? "other" : "sum", word.ends_with('?')});
  }
  return rows;
}

/// "+003 -002 ~900": up, down, up again; with `?` behind it, in doubt. Of another set: "+users@003".
inline std::string steps_text(const MigrationSet& set, const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) {
    if (!text.empty()) text += ' ';
    text += step.direction == Direction::down ? '-' : step.again ? '~' : '+';
    text += version_label(set.name(), step.set->name(), step.stored().version);
    if (step.in_doubt) text += '?';
  }
  return text;
}

}  // namespace tenancy::core
