#include "extension/tenant_places.h"

#include "core/shard.h"

namespace tenancy {

namespace {

#define SERVER(t) "coalesce(" t ".server, ''::pg_catalog.text)"
#define DATABASE(t) "coalesce(" t ".database, ''::pg_catalog.text)"
#define WHERE_IT_IS(t) SERVER(t) ", " DATABASE(t) ", " t ".schema"
/// A row for each set of a tenant; `s` has the set.
#define FLEET(t, s)                                                                                                \
  "tenancy.tenants " t ", pg_catalog.unnest(" t ".migration_set OPERATOR(pg_catalog.||) " t ".further_sets) AS " s \
  "(name)"
#define PLACE(t, s) WHERE_IT_IS(t) ", " s ".name"
#define IS_HERE "(t.server IS NULL AND coalesce(t.database OPERATOR(pg_catalog.=) pg_catalog.current_database(), true))"
/// $1 to $7: pattern, tier, labels, statuses, migration set, ids, server. $8 is the shared schema.
#define IS_SELECTED(t, s)                                       \
  "($1 IS NULL OR " t                                           \
  ".id OPERATOR(pg_catalog.~~) $1)"                             \
  " AND ($2 IS NULL OR " t                                      \
  ".tier OPERATOR(pg_catalog.=) $2)"                            \
  " AND ($3 IS NULL OR " t                                      \
  ".labels OPERATOR(pg_catalog.@>) $3::pg_catalog.jsonb)"       \
  " AND ($4 IS NULL OR " t                                      \
  ".status OPERATOR(pg_catalog.=) ANY ($4::pg_catalog.text[]))" \
  " AND ($5 IS NULL OR " s                                      \
  ".name OPERATOR(pg_catalog.=) $5)"                            \
  " AND ($6 IS NULL OR " t                                      \
  ".id OPERATOR(pg_catalog.=) ANY ($6::pg_catalog.text[]))"     \
  " AND ($7 IS NULL OR " SERVER(t) " OPERATOR(pg_catalog.=) $7)"

#define SELECT_PLACES(behind) \
  "SELECT p.*, (SELECT pg_catalog.string_agg(DISTINCT t.migration_set OPERATOR(pg_catalog.||) '@'::pg_catalog.text" \
  "                                                   OPERATOR(pg_catalog.||) t.pinned_revision, ',')"     \
  "               FROM tenancy.tenants t WHERE t.pinned_revision IS NOT NULL"                               \
  "                AND ROW(" WHERE_IT_IS("t") ") OPERATOR(pg_catalog.=) ROW(p.a, p.b, p.c))"                \
  "  FROM (SELECT " SERVER("t") " AS a, " DATABASE("t") " AS b, t.schema AS c, s.name AS d,"              \
  "               pg_catalog.min(t.id), pg_catalog.min(t.id) OPERATOR(pg_catalog.<>) pg_catalog.max(t.id),"  \
  "               pg_catalog.bool_or(" IS_HERE ")"                                                         \
  "          FROM " FLEET("t", "s")                                                                        \
  "         WHERE " IS_SELECTED("t", "s") " AND NOT (t.schema OPERATOR(pg_catalog.=) $8 AND " IS_HERE ")" behind \
  "         GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT $9::pg_catalog.int8) AS p"

Query select_first_places(SELECT_PLACES(""), Query::Planned::each_run);

// The index knows tenants by their own sets alone; and of a comparison of all four the planner would believe that it
// leaves next to nothing, and sort the whole fleet.
Query select_next_places(
    SELECT_PLACES(" AND ROW(" WHERE_IT_IS(
        "t") ") OPERATOR(pg_catalog.>=) ROW($10, $11, $12)"
             " AND (ROW(" WHERE_IT_IS(
                 "t") ") OPERATOR(pg_catalog.<>) ROW($10, $11, $12) OR s.name OPERATOR(pg_catalog.>) $13)"),
    Query::Planned::each_run);

#define PLACES_TO_COUNT                                                                               \
  "  FROM (SELECT pg_catalog.min(t.id) AS first FROM " FLEET("t", "s") "         WHERE " IS_SELECTED( \
      "t", "s") " AND NOT (t.schema OPERATOR(pg_catalog.=) $8 AND " IS_HERE                           \
                ")"                                                                                   \
                "         GROUP BY " PLACE("t", "s") ") AS p"

Query count_all_places("SELECT pg_catalog.count(*)" PLACES_TO_COUNT);

Query select_first_tenants("SELECT p.first" PLACES_TO_COUNT);

Query select_shared_places(
    "SELECT DISTINCT " SERVER("t") " AS a, " DATABASE("t") " AS b, s.name AS c FROM " FLEET("t", "s")
    " WHERE " IS_SELECTED("t", "s") " AND NOT " IS_HERE " AND t.schema OPERATOR(pg_catalog.<>) $8"
    "   AND ($9 IS NULL OR (ROW(" SERVER("t") ", " DATABASE("t") ") OPERATOR(pg_catalog.>=) ROW($9, $10)"
    "                   AND ROW(" SERVER("t") ", " DATABASE("t") ") OPERATOR(pg_catalog.<=) ROW($11, $12)))"
    "   AND EXISTS (SELECT FROM tenancy.migrations m WHERE m.migration_set OPERATOR(pg_catalog.=) s.name"
    "                  AND m.scope OPERATOR(pg_catalog.<>) 'tenant'::pg_catalog.text)"
    "   AND NOT EXISTS (SELECT FROM " FLEET("o", "r") " WHERE " IS_SELECTED("o", "r")
    "                      AND ROW(" PLACE("o", "r") ") OPERATOR(pg_catalog.=)"
    "                          ROW(" SERVER("t") ", " DATABASE("t") ", $8, s.name))"
    " ORDER BY 1, 2, 3");

Query select_sets_in_shared_schema("SELECT DISTINCT s.name FROM " FLEET("t", "s") " WHERE " IS_SELECTED(
    "t", "s") " AND t.schema OPERATOR(pg_catalog.=) $8 AND " IS_HERE " ORDER BY 1");

Query select_kinds("SELECT DISTINCT s.name, t.schema OPERATOR(pg_catalog.=) $8 FROM " FLEET(
    "t", "s") " WHERE " IS_SELECTED("t", "s") " AND NOT (t.schema OPERATOR(pg_catalog.=) $8 AND " IS_HERE
                                              ") ORDER BY 1, 2");

#undef PLACES_TO_COUNT
#undef SELECT_PLACES
#undef IS_SELECTED
#undef IS_HERE
#undef PLACE
#undef FLEET
#undef WHERE_IT_IS
#undef DATABASE
#undef SERVER

Query select_unknown_ids(
    "SELECT coalesce(i, 'NULL'::pg_catalog.text) FROM pg_catalog.unnest($1::pg_catalog.text[]) AS i"
    " WHERE NOT EXISTS (SELECT FROM tenancy.tenants t WHERE t.id OPERATOR(pg_catalog.=) i) LIMIT 1");

/// What revisions are made of has no comma.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(std::min(end + 1, text.size()))) {
    end = text.find(',');
    parts.emplace_back(text.substr(0, end));
  }
  return parts;
}

TenantPlace to_place(Row row) {
  TenantPlace place;
  for (int i = 0; i < 4; ++i) place.key.push_back(*row[i]);
  place.server = std::move(*row[0]);
  place.database = std::move(*row[1]);
  place.schema = std::move(*row[2]);
  place.migration_set = std::move(*row[3]);
  place.first_tenant = std::move(*row[4]);
  place.is_shared = row[5] == "t";
  place.is_here = row[6] == "t";
  if (place.is_here) place.database.clear();
  if (row[7]) place.pins = split(*row[7]);
  return place;
}

}  // namespace

std::vector<TenantPlace> select_places(const PlaceFilter& filter, const std::string& shared_schema,
                                       const std::vector<std::string>& after, std::size_t most) {
  const TenantFilter& f = filter.tenants;
  std::string const limit = std::to_string(most);
  std::vector<Row> rows =
      after.empty()
          ? select_first_places.run(
                {f.pattern, f.tier, f.labels, f.statuses, f.migration_set, f.ids, filter.server, shared_schema, limit})
          : select_next_places.run({f.pattern, f.tier, f.labels, f.statuses, f.migration_set, f.ids, filter.server,
                                    shared_schema, limit, after[0], after[1], after[2], after[3]});
  std::vector<TenantPlace> places;
  places.reserve(rows.size());
  for (Row& row : rows) places.push_back(to_place(std::move(row)));
  return places;
}

std::size_t count_places(const PlaceFilter& filter, const std::string& shared_schema, std::size_t shard,
                         std::size_t shards) {
  const TenantFilter& f = filter.tenants;
  Query& query = shards == 1 ? count_all_places : select_first_tenants;
  std::vector<Row> const rows =
      query.run({f.pattern, f.tier, f.labels, f.statuses, f.migration_set, f.ids, filter.server, shared_schema});
  if (shards == 1) return std::stoul(*rows.front()[0]);
  return static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [=](const Row& row) { return core::is_in_shard(*row[0], shard, shards); }));
}

std::vector<SharedPlace> shared_places(const PlaceFilter& filter, const std::string& shared_schema,
                                       const TenantPlace* first, const TenantPlace* last) {
  const TenantFilter& f = filter.tenants;
  std::array<Value, 4> range;
  if (first != nullptr) range = {first->key[0], first->key[1], last->key[0], last->key[1]};
  std::vector<SharedPlace> places;
  for (Row& row : select_shared_places.run({f.pattern, f.tier, f.labels, f.statuses, f.migration_set, f.ids,
                                            filter.server, shared_schema, range[0], range[1], range[2], range[3]})) {
    places.push_back({std::move(*row[0]), std::move(*row[1]), std::move(*row[2])});
  }
  return places;
}

std::vector<std::string> sets_in_shared_schema(const PlaceFilter& filter, const std::string& shared_schema) {
  const TenantFilter& f = filter.tenants;
  std::vector<std::string> sets;
  for (Row& row : select_sets_in_shared_schema.run(
           {f.pattern, f.tier, f.labels, f.statuses, f.migration_set, f.ids, filter.server, shared_schema})) {
    sets.push_back(std::move(*row[0]));
  }
  return sets;
}

std::vector<PlaceKind> place_kinds(const PlaceFilter& filter, const std::string& shared_schema) {
  const TenantFilter& f = filter.tenants;
  std::vector<PlaceKind> kinds;
  for (Row& row : select_kinds.run(
           {f.pattern, f.tier, f.labels, f.statuses, f.migration_set, f.ids, filter.server, shared_schema})) {
    kinds.push_back({std::move(*row[0]), row[1] == "t"});
  }
  return kinds;
}

void check_filter(const TenantFilter& filter) {
  require_statuses(filter.statuses);
  if (!filter.ids) return;
  for (const Row& row : select_unknown_ids.run({filter.ids})) {
    throw PgError(ERRCODE_UNDEFINED_OBJECT, "tenant \"" + *row[0] + "\" is not registered", {}, "See tenancy.tenants.");
  }
}

}  // namespace tenancy
