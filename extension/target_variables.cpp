// The values of variables that a target's migrations have, of each of its sets.
#include "extension/target.h"
#include "extension/target_sets.h"

namespace tenancy {

core::TargetVariables Migrator::variables_of(const Target& target, const Request& request, Oid role) {
  core::TargetVariables variables;
  variables.schema = target.schema;
  variables.tenant = target.tenant;
  variables.shared_schema = settings_.shared_schemas.front();
  variables.tracking_table = settings_.tracking_table;
  variables.given = request.variables ? core::values_for_set(*request.variables, target.set)
                                      : stored_variables_.of(target.tenant, target.set);
  if (!call_variables_) call_variables_ = current_variables();
  for (const auto& [name, value] : core::values_for_set(*call_variables_, target.set)) {
    variables.given.insert_or_assign(name, value);
  }
  guarded([&] {
    variables.database = get_database_name(MyDatabaseId);
    variables.user = GetUserNameFromId(role, false);
    char time[sizeof "2000-01-01 00:00:00"];
    pg_time_t const now = timestamptz_to_time_t(GetCurrentTimestamp());
    pg_strftime(time, sizeof time, "%Y-%m-%d %H:%M:%S", pg_localtime(&now, session_timezone));
    variables.timestamp = time;
  });
  return variables;
}

std::optional<core::VariableMap> Migrator::stored_variables(const Target& target) {
  std::vector<std::string> const sets = store_.with_required(target.set);
  bool const any =
      std::any_of(sets.begin(), sets.end(), [this](const auto& name) { return store_.set(name).has_variables(); });
  if (!any) return std::nullopt;
  if (sets.size() == 1) return stored_variables_.of(target.tenant, target.set);
  // Each set may have values of its own.
  core::VariableMap values;
  for (const std::string& set : sets) {
    for (const auto& [name, value] : stored_variables_.of(target.tenant, set)) values.emplace(set + "@" + name, value);
  }
  return values;
}

SetVariables Migrator::require_variables(const Target& target, const Request& request, Oid role,
                                         const core::Plan& plan) {
  SetVariables variables;
  for (const core::Step& step : plan.steps) {
    if (!step.stored().has_variables) continue;
    const std::string& set = step.set->name();
    auto const [of_set, is_new] = variables.try_emplace(step.set);
    if (is_new) of_set->second = variables_of(with_set(target, set), request, role);
    try {
      (void)store_.runnable(set, step.migration).sql(step.direction).render(of_set->second);
    } catch (PgError& error) {
      error.prefix(step.name(target.set));
      throw;
    }
  }
  return variables;
}

}  // namespace tenancy
