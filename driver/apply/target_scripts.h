// The scripts of migrations in one target: those of the store, or rendered with the target's variables.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "core/plan.h"
#include "core/variables.h"
#include "driver/apply/store.h"

namespace tenancy::driver {

class TargetScripts {
 public:
  /// The store must outlive the object.
  explicit TargetScripts(const MigrationStore& store) : store_(store) {}

  /// What the scripts that follow are rendered with. The values of a call win over the others.
  void set_variables(core::TargetVariables variables, core::VariableMap of_call);

  /// Does the step's migration have variables?
  [[nodiscard]] bool is_rendered(const core::Step& step) const;

  /// Rendered when it is first asked for. Throws core::Error for values that are missing or cannot be.
  [[nodiscard]] const Script& script(const core::Step& step) const;

 private:
  using Key = std::tuple<const core::MigrationSet*, std::size_t, core::Direction>;

  [[nodiscard]] core::TargetVariables variables_for(const std::string& set) const;

  const MigrationStore& store_;
  core::TargetVariables variables_;
  core::VariableMap of_call_;
  mutable std::map<Key, std::unique_ptr<Script>> rendered_;
};

}  // namespace tenancy::driver
