#include "driver/apply/target_scripts.h"

namespace tenancy::driver {

void TargetScripts::set_variables(core::TargetVariables variables) {
  variables_ = std::move(variables);
  rendered_.clear();
}

bool TargetScripts::is_rendered(const core::Step& step) const {
  return store_.migration(set_, step.migration).variables != core::VariableSyntax::none;
}

const Script& TargetScripts::script(const core::Step& step) const {
  if (!is_rendered(step)) return store_.script(set_, step.migration, step.direction);
  std::unique_ptr<Script>& script = rendered_[{step.migration, step.direction}];
  if (!script) script = store_.render(set_, step.migration, step.direction, variables_);
  return *script;
}

}  // namespace tenancy::driver
