#include "driver/fleet/standalone_discovery.h"

#include <libpq-fe.h>

#include <set>
#include <stdexcept>
#include <utility>

#include "core/text_array.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

constexpr const char* kSchemas =
    "SELECT nspname AS id FROM pg_catalog.pg_namespace"
    " WHERE nspname::text LIKE $1 AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'tenancy')"
    "   AND nspname <> ALL ($2::text[])";

// A pattern such as % does not mean the database that administrators connect to.
constexpr const char* kDatabases =
    "SELECT datname AS id, datname AS database FROM pg_catalog.pg_database"
    " WHERE datname::text LIKE $1 AND datallowconn AND NOT datistemplate AND datname <> 'postgres'";

core::VariableMap assignments(const std::vector<std::string>& items) {
  core::VariableMap variables;
  for (const std::string& item : items) variables.insert(core::parse_assignment(item));
  return variables;
}

/// The rows of a query as tenants, by the names of its columns.
void append_rows(std::vector<TenantPlace>& tenants, const Result& rows) {
  auto const column = [&](const char* name) { return PQfnumber(rows.native(), name); };
  int const id = column("id");
  if (id < 0) {
    throw std::runtime_error(
        "the query for the tenants has no column id: it may also have server, database, schema, migration_set and "
        "variables");
  }
  int const server = column("server");
  int const database = column("database");
  int const schema = column("schema");
  int const set = column("migration_set");
  int const variables = column("variables");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    auto const text = [&](int number) {
      return number < 0 ? std::string() : std::string(rows.text(row, static_cast<std::size_t>(number)));
    };
    auto const list = [&](int number) {
      std::string const array = text(number);
      return array.empty() ? std::vector<std::string>() : core::parse_text_array(array);
    };
    tenants.push_back({.id = text(id),
                       .server = text(server),
                       .database = text(database),
                       .schema = text(schema),
                       .migration_set = text(set),
                       .variables = assignments(list(variables))});
  }
}

std::vector<TenantPlace> named_tenants(const Standalone& standalone) {
  std::vector<TenantPlace> tenants;
  for (const std::string& id : standalone.tenants) tenants.push_back({.id = id, .schema = id});
  for (const auto& [id, target] : standalone.targets) {
    tenants.push_back({.id = id,
                       .server = target.server,
                       .database = target.database,
                       .schema = target.schema,
                       .migration_set = target.migration_set,
                       .variables = assignments(target.variables)});
  }
  return tenants;
}

}  // namespace

awaitable<std::vector<TenantPlace>> standalone_tenants(const Standalone& standalone,
                                                       const std::vector<std::string>& shared_schemas,
                                                       const OpenConnection& open) {
  std::vector<TenantPlace> tenants = named_tenants(standalone);
  if (!standalone.discover.empty() || !standalone.discover_databases.empty() || !standalone.query.empty()) {
    Connection connection = co_await open();
    if (!standalone.discover.empty()) {
      Parameters parameters{standalone.discover, core::text_array(shared_schemas)};
      append_rows(tenants, co_await connection.query(kSchemas, std::move(parameters)));
    }
    if (!standalone.discover_databases.empty()) {
      Parameters parameters{standalone.discover_databases};
      append_rows(tenants, co_await connection.query(kDatabases, std::move(parameters)));
    }
    if (!standalone.query.empty()) append_rows(tenants, co_await connection.query(standalone.query));
  }
  std::set<std::string> known;
  std::erase_if(tenants, [&](const TenantPlace& tenant) { return !known.insert(tenant.id).second; });
  co_return tenants;
}

}  // namespace tenancy::driver
