#include "core/migration_order.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "core/requirements.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

/// Orders the migrations that say their place.
class Graph {
 public:
  explicit Graph(std::span<const PlacedMigration> migrations) : migrations_(migrations) {
    for (std::size_t i = 0; i < migrations.size(); ++i) {
      if (!migrations[i].repeatable) by_version_.emplace(*migrations[i].version, i);
    }
  }

  [[nodiscard]] bool has(std::size_t index) const noexcept {
    return migrations_[index].after->has_value() && !migrations_[index].repeatable;
  }

  /// Kahn's algorithm, the lowest version first.
  std::vector<std::size_t> order(const std::vector<MigrationPlace>& by_key) {
    std::vector<std::size_t> rank(migrations_.size());
    for (std::size_t i = 0; i < by_key.size(); ++i) rank[by_key[i].index] = i;
    const auto later = [&](std::size_t left, std::size_t right) { return rank[left] > rank[right]; };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> ready{later};

    std::vector<std::size_t> waits_for(migrations_.size());
    std::vector<std::vector<std::size_t>> followers(migrations_.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < migrations_.size(); ++i) {
      if (!has(i)) continue;
      ++count;
      for (const std::size_t before : known_before(i)) followers[before].push_back(i);
      waits_for[i] = known_before(i).size();
      if (waits_for[i] == 0) ready.push(i);
    }
    std::vector<std::size_t> result;
    while (!ready.empty()) {
      const std::size_t next = ready.top();
      ready.pop();
      result.push_back(next);
      for (const std::size_t follower : followers[next]) {
        if (--waits_for[follower] == 0) ready.push(follower);
      }
    }
    if (result.size() < count) refuse_circle(by_key, waits_for);
    return result;
  }

 private:
  [[nodiscard]] std::vector<std::size_t> known_before(std::size_t index) const {
    std::vector<std::size_t> result;
    for (const std::string& word : **migrations_[index].after) {
      const std::string version{predecessor_in(word).version};
      const auto found = by_version_.find(version);
      if (found == by_version_.end()) continue;
      if (!has(found->second)) {
        throw Error(ErrorKind::bad_order,
                    "migration " + *migrations_[index].version + " comes after " + version +
                        ", which does not say its own place",
                    "What says no place comes behind all that do. Give migration " + version +
                        " an option MIGRATION_AFTER too, or leave out that of " + *migrations_[index].version + ".");
      }
      result.push_back(found->second);
    }
    return result;
  }

  [[noreturn]] void refuse_circle(const std::vector<MigrationPlace>& by_key,
                                  const std::vector<std::size_t>& waits_for) const {
    std::vector<std::string_view> versions;
    for (const MigrationPlace& place : by_key) {
      if (waits_for[place.index] > 0) versions.emplace_back(*migrations_[place.index].version);
    }
    throw Error(ErrorKind::bad_order, "migrations " + listed(versions) + " come after each other, or after such ones",
                "Mend their options MIGRATION_AFTER.");
  }

  std::span<const PlacedMigration> migrations_;
  std::unordered_map<std::string_view, std::size_t> by_version_;
};

[[noreturn]] void refuse_place(const std::string& message, std::string hint) {
  throw Error(ErrorKind::bad_value, message, std::move(hint));
}

}  // namespace

Predecessor predecessor_in(std::string_view word) noexcept {
  const bool is_only_needed = word.size() > 2 && word.front() == '(' && word.back() == ')';
  return {is_only_needed ? word.substr(1, word.size() - 2) : word, is_only_needed};
}

std::vector<MigrationPlace> order_migrations(std::span<const PlacedMigration> migrations) {
  std::vector<MigrationPlace> places;
  places.reserve(migrations.size());
  for (std::size_t i = 0; i < migrations.size(); ++i) places.push_back({i, version_key(*migrations[i].version)});
  std::sort(places.begin(), places.end(), [&](const MigrationPlace& left, const MigrationPlace& right) {
    return std::tie(migrations[left.index].repeatable, left.key, left.index) <
           std::tie(migrations[right.index].repeatable, right.key, right.index);
  });
  Graph graph{migrations};
  const auto plain = std::stable_partition(places.begin(), places.end(),
                                           [&](const MigrationPlace& place) { return graph.has(place.index); });
  if (plain == places.begin()) return places;

  std::vector<MigrationPlace> ordered;
  ordered.reserve(places.size());
  for (const std::size_t index : graph.order(places))
    ordered.push_back({index, version_key(*migrations[index].version)});
  std::move(plain, places.end(), std::back_inserter(ordered));
  return ordered;
}

void sort_migrations(std::vector<Migration>& migrations) {
  std::stable_sort(migrations.begin(), migrations.end(),
                   [](const Migration& left, const Migration& right) { return left.set < right.set; });
  std::vector<Migration> sorted;
  sorted.reserve(migrations.size());
  for (auto begin = migrations.begin(); begin != migrations.end();) {
    const auto end = std::find_if(begin, migrations.end(), [&](const Migration& one) { return one.set != begin->set; });
    std::vector<PlacedMigration> of_set;
    for (auto one = begin; one != end; ++one) of_set.push_back({&one->version, &one->after, one->repeatable});
    const std::vector<MigrationPlace> places = order_migrations(of_set);
    for (const MigrationPlace& place : places) {
      sorted.push_back(std::move(*(begin + static_cast<std::ptrdiff_t>(place.index))));
    }
    begin = end;
  }
  migrations = std::move(sorted);
}

void check_place(const Migration& migration) {
  check_required(migration);
  for (const std::string& branch : migration.branches) {
    if (is_branch_name(branch)) continue;
    refuse_place(
        quoted_text(branch) + " is not a name for a branch",
        "The name of a branch is up to 63 letters, digits and any of . _ -, and begins with a letter or a digit.");
  }
  if (!migration.after) return;
  if (migration.repeatable) {
    refuse_place("a repeatable migration has no place in the order", "It is applied after all others.");
  }
  for (const std::string& word : *migration.after) {
    const std::string version{predecessor_in(word).version};
    if (!is_version(version)) refuse_place(quoted_text(version) + " is not a version", {});
    if (version == migration.version) refuse_place("migration " + version + " cannot come after itself", {});
  }
}

}  // namespace tenancy::core
