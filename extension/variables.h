// The values of variables: those that are stored in tenancy.variables, and those of the setting of that name, which are
// for a call.
#pragma once

#include "extension/spi.h"

#include "core/variables.h"

namespace tenancy {

/// The names and values of a JSON object, as the setting has it. Throws PgError.
[[nodiscard]] core::VariableMap parse_variables(const std::string& json);

/// The table, as far as an operation needs it. Throws PgError.
class StoredVariables {
 public:
  /// For a target of the set: what is stored for its tenant, for the set, for everybody. The tenant is empty where
  /// there is none or more than one.
  [[nodiscard]] core::VariableMap of(const std::string& tenant, const std::string& set);

 private:
  std::unordered_map<std::string, core::VariableMap> of_set_;  ///< without those of tenants
};

}  // namespace tenancy
