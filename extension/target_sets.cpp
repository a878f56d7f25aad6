#include "extension/target_sets.h"

namespace tenancy {

std::span<const core::AppliedMigration> TargetHistories::applied(const std::string& set) {
  if (set == target_.set) return applied_;
  auto found = others_.find(set);
  if (found == others_.end()) found = others_.emplace(set, read_(with_set(target_, set))).first;
  return found->second;
}

Target with_set(const Target& target, const std::string& set) {
  Target result = target;
  result.set = set;
  return result;
}

}  // namespace tenancy
