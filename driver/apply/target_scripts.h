// The scripts of migrations in one target: those of the store, or rendered with the target's variables.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/plan.h"
#include "core/variables.h"
#include "driver/apply/store.h"

namespace tenancy::driver {

class TargetScripts {
 public:
  /// The store must outlive the object.
  TargetScripts(const MigrationStore& store, std::string set) : store_(store), set_(std::move(set)) {}

  /// What the scripts that follow are rendered with.
  void set_variables(core::TargetVariables variables);

  /// Does the step's migration have variables?
  [[nodiscard]] bool is_rendered(const core::Step& step) const;

  /// Rendered when it is first asked for. Throws core::Error for values that are missing or cannot be.
  [[nodiscard]] const Script& script(const core::Step& step) const;

 private:
  using Key = std::pair<std::size_t, core::Direction>;

  const MigrationStore& store_;
  std::string set_;
  core::TargetVariables variables_;
  mutable std::map<Key, std::unique_ptr<Script>> rendered_;
};

}  // namespace tenancy::driver
