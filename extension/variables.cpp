#include "extension/variables.h"

#include "core/error.h"

namespace tenancy {

namespace {

// The weaker ones first. Those of a tenant are a question of their own: there may be as many as tenants.
Query select_of_set(
    "SELECT name, value FROM tenancy.variables"
    " WHERE tenant IS NULL AND (migration_set IS NULL OR migration_set OPERATOR(pg_catalog.=) $1)"
    " ORDER BY migration_set NULLS FIRST");

Query select_of_tenant(
    "SELECT name, value FROM tenancy.variables"
    " WHERE tenant OPERATOR(pg_catalog.=) $1"
    "   AND (migration_set IS NULL OR migration_set OPERATOR(pg_catalog.=) $2)"
    " ORDER BY migration_set NULLS FIRST");

void add_rows(core::VariableMap& values, std::vector<Row> rows) {
  for (Row& row : rows) values.insert_or_assign(std::move(row[0].value()), std::move(row[1].value()));
}

/// In a guarded frame.
std::string_view text_of(const JsonbValue& value) {
  switch (value.type) {
    case jbvString:
      return {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
    case jbvBool:
      return value.val.boolean ? "true" : "false";
    case jbvNumeric:
      return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
    default:
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a variable's value must be text or a number")));
  }
}

/// Who migrates a schema that is not registered may say whose it is.
void check_name(const std::string& name) {
  if (name == "tenant") return;
  // One for a set alone: `users@region`.
  std::size_t const at = name.find('@');
  bool const names_set = at != std::string::npos && core::is_set_name(std::string_view(name).substr(0, at));
  try {
    core::check_variable_name(names_set ? name.substr(at + 1) : name);
  } catch (const core::Error& error) {
    throw to_pg_error(error);
  }
}

}  // namespace

core::VariableMap parse_variables(const std::string& json) {
  core::VariableMap values;
  if (json.empty()) return values;
  ScopedContext const scratch(CurrentMemoryContext, "tenancy variables");
  TemporaryContext const memory(scratch.get());
  guarded([&] {
    Jsonb* const object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.c_str())));
    if (!JB_ROOT_IS_OBJECT(object)) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("variables must be a JSON object")));
    }
    JsonbIterator* iterator = JsonbIteratorInit(&object->root);
    JsonbValue name, value;
    for (JsonbIteratorToken token; (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE;) {
      if (token == WJB_KEY) name = value;
      if (token == WJB_VALUE) values.insert_or_assign(std::string(text_of(name)), std::string(text_of(value)));
    }
  });
  for (const auto& [name, value] : values) check_name(name);
  return values;
}

core::VariableMap StoredVariables::of(const std::string& tenant, const std::string& set) {
  auto const [of_set, is_new] = of_set_.try_emplace(set);
  if (is_new) add_rows(of_set->second, select_of_set.run({set}));
  core::VariableMap values = of_set->second;
  if (!tenant.empty()) add_rows(values, select_of_tenant.run({tenant, set}));
  return values;
}

}  // namespace tenancy
