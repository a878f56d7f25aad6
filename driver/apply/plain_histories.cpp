#include "driver/apply/plain_histories.h"

namespace tenancy::driver {

std::vector<std::string> other_sets_of(const MigrationStore& store, const std::string& set, core::Direction direction) {
  if (direction == core::Direction::down) return store.sets_requiring(set);
  std::vector<std::string> sets = store.with_required(set);
  sets.erase(sets.begin());
  return sets;
}

std::string other_set(const core::Step& step, const Target& target) {
  return step.set->name() == target.migration_set ? std::string() : step.set->name();
}

}  // namespace tenancy::driver
