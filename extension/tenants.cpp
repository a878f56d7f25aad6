#include "extension/tenants.h"

namespace tenancy {

namespace {

#define TENANT_COLUMNS_WITH(set, pin)                                    \
  "id, isolation, server, database, schema, " set ", status, tier, " pin \
  ", server IS NULL AND (database IS NULL OR database OPERATOR(pg_catalog.=) pg_catalog.current_database())"
#define TENANT_COLUMNS TENANT_COLUMNS_WITH("migration_set", "pinned_revision")

/// A row for each set of a tenant; the pin is of its own set.
Query select_filtered("SELECT " TENANT_COLUMNS_WITH(
    "s.name", "CASE WHEN s.name OPERATOR(pg_catalog.=) migration_set THEN pinned_revision END")
                      ", CASE WHEN $6 OPERATOR(pg_catalog.=) 'tier' THEN tier"
                      "       WHEN $6 IS NOT NULL THEN labels OPERATOR(pg_catalog.->>) $6 END,"
                      "  CASE WHEN $7 IS NOT NULL"
                      "       THEN (extract(epoch FROM created_at) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 END"
                      "  FROM tenancy.tenants, pg_catalog.unnest(migration_set OPERATOR(pg_catalog.||) further_sets) AS s(name)"
                      " WHERE ($1 IS NULL OR id OPERATOR(pg_catalog.~~) $1)"
                      "   AND ($2 IS NULL OR tier OPERATOR(pg_catalog.=) $2)"
                      "   AND ($3 IS NULL OR labels OPERATOR(pg_catalog.@>) $3::pg_catalog.jsonb)"
                      "   AND ($4 IS NULL OR status OPERATOR(pg_catalog.=) ANY ($4::pg_catalog.text[]))"
                      "   AND ($5 IS NULL OR s.name OPERATOR(pg_catalog.=) $5)"
                      "   AND ($8 IS NULL OR id OPERATOR(pg_catalog.=) ANY ($8::pg_catalog.text[]))"
                      "   AND ($9 IS NULL OR pinned_revision IS NOT NULL AND s.name OPERATOR(pg_catalog.=) migration_set)"
                      // Those that share a target follow each other, however they say that it is here.
                      " ORDER BY server COLLATE pg_catalog.\"C\" NULLS FIRST,"
                      "       CASE WHEN server IS NOT NULL"
                      "                 OR database OPERATOR(pg_catalog.<>) pg_catalog.current_database()"
                      "            THEN database END COLLATE pg_catalog.\"C\" NULLS FIRST,"
                      "       schema COLLATE pg_catalog.\"C\", s.name COLLATE pg_catalog.\"C\", id COLLATE pg_catalog.\"C\"");

Query select_unknown_statuses(
    "SELECT s FROM pg_catalog.unnest($1::pg_catalog.text[]) AS s"
    " WHERE (s OPERATOR(pg_catalog.=) ANY ('{active,suspended,archived}'::pg_catalog.text[])) IS NOT TRUE");

Query select_by_id("SELECT " TENANT_COLUMNS " FROM tenancy.tenants WHERE id OPERATOR(pg_catalog.=) $1");

Query select_by_schema(
    "SELECT " TENANT_COLUMNS
    "  FROM tenancy.tenants WHERE schema OPERATOR(pg_catalog.=) $1 AND server IS NULL"
    "   AND (database IS NULL OR database OPERATOR(pg_catalog.=) pg_catalog.current_database()) ORDER BY id");

#undef TENANT_COLUMNS
#undef TENANT_COLUMNS_WITH

std::vector<Tenant> to_tenants(std::vector<Row> rows) {
  std::vector<Tenant> tenants;
  tenants.reserve(rows.size());
  for (Row& row : rows) {
    // A set that is named twice.
    if (!tenants.empty() && tenants.back().id == *row[0] && tenants.back().migration_set == *row[5]) continue;
    tenants.push_back({std::move(*row[0]),
                       std::move(*row[1]),
                       std::move(row[2]),
                       std::move(row[3]),
                       std::move(*row[4]),
                       std::move(*row[5]),
                       std::move(*row[6]),
                       std::move(row[7]),
                       std::move(row[8]),
                       {},
                       0,
                       row[9] == "t"});
    if (row.size() <= 10) continue;
    tenants.back().wave_value = std::move(row[10]);
    if (row[11]) tenants.back().created_at = std::stoll(*row[11]);
  }
  return tenants;
}

}  // namespace

std::string Tenant::place() const {
  std::string const text = "database \"" + database.value_or("") + "\"";
  return server ? text + " on server \"" + *server + "\"" : text;
}

void require_statuses(const Value& statuses) {
  for (const Row& row : select_unknown_statuses.run({statuses})) {
    throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "status \"" + row[0].value_or("NULL") + "\" is not known", {},
                  "Tenants are active, suspended or archived.");
  }
}

std::vector<Tenant> select_tenants(const TenantFilter& filter, const TenantDetails& details) {
  require_statuses(filter.statuses);
  return to_tenants(select_filtered.run({filter.pattern, filter.tier, filter.labels, filter.statuses,
                                         filter.migration_set, details.wave_by, details.age ? Value("t") : Value(),
                                         filter.ids, filter.pinned ? Value("t") : Value()}));
}

std::optional<Tenant> find_tenant(const std::string& id) {
  std::vector<Tenant> tenants = to_tenants(select_by_id.run({id}));
  if (tenants.empty()) return std::nullopt;
  return std::move(tenants.front());
}

std::vector<Tenant> tenants_in_schema(const std::string& schema) { return to_tenants(select_by_schema.run({schema})); }

}  // namespace tenancy
