#include "driver/apply/target_scripts.h"

namespace tenancy::driver {

void TargetScripts::set_variables(core::TargetVariables variables, core::VariableMap of_call) {
  variables_ = std::move(variables);
  of_call_ = std::move(of_call);
  rendered_.clear();
}

bool TargetScripts::is_rendered(const core::Step& step) const {
  return store_.migration(step.set->name(), step.migration).variables != core::VariableSyntax::none;
}

core::TargetVariables TargetScripts::variables_for(const std::string& set) const {
  core::TargetVariables variables = variables_;
  variables.given = core::values_for_set(variables_.given, set);
  for (auto& [name, value] : core::values_for_set(of_call_, set)) variables.given.insert_or_assign(name, value);
  return variables;
}

const Script& TargetScripts::script(const core::Step& step) const {
  const std::string& set = step.set->name();
  if (!is_rendered(step)) return store_.script(set, step.migration, step.direction);
  std::unique_ptr<Script>& script = rendered_[{step.set, step.migration, step.direction}];
  if (!script) script = store_.render(set, step.migration, step.direction, variables_for(set));
  return *script;
}

}  // namespace tenancy::driver
