// The places where tenants live, in their order and part by part: no call costs more than its part of a great fleet.
#pragma once

#include "extension/tenants.h"

namespace tenancy {

/// Where one or, with isolation rls, more of the selected tenants live.
struct TenantPlace {
  std::string server;    ///< empty: this cluster
  std::string database;  ///< empty: this database
  std::string schema;
  std::string migration_set;
  std::string first_tenant;  ///< the first of the tenants' ids
  bool is_shared = false;    ///< by more tenants than that
  bool is_here = true;
  std::vector<std::string> pins;  ///< of all tenants in that schema, whether selected or not: SET@REVISION
  std::vector<std::string> key;   ///< for `after`
};

struct PlaceFilter {
  TenantFilter tenants;
  Value server;  ///< empty text: this cluster
};

struct PlaceKind {
  std::string migration_set;
  bool has_shared_schema = false;  ///< the tenant's schema has the name of the shared one, in a database of its own
};

/// What tenants with schemas of another database share there.
struct SharedPlace {
  std::string server, database, migration_set;
};

/// The first places behind `after` (from the beginning when it is empty), `most` at most. Tenants in the shared schema
/// of this database are left out. Throws PgError.
[[nodiscard]] std::vector<TenantPlace> select_places(const PlaceFilter& filter, const std::string& shared_schema,
                                                     const std::vector<std::string>& after, std::size_t most);

/// How many places there are of which a shard takes its part. Throws PgError.
[[nodiscard]] std::size_t count_places(const PlaceFilter& filter, const std::string& shared_schema, std::size_t shard,
                                       std::size_t shards);

/// Of the other databases from that of one place to that of another, or of all, in order: the sets of selected tenants
/// there that have migrations for a shared schema, unless one of the tenants lives in the shared schema itself. Throws
/// PgError.
[[nodiscard]] std::vector<SharedPlace> shared_places(const PlaceFilter& filter, const std::string& shared_schema,
                                                     const TenantPlace* first = nullptr,
                                                     const TenantPlace* last = nullptr);

/// The migration sets of the selected tenants that live in the shared schema of this database. Throws PgError.
[[nodiscard]] std::vector<std::string> sets_in_shared_schema(const PlaceFilter& filter,
                                                             const std::string& shared_schema);

/// What kinds of places select_places() finds. Throws PgError.
[[nodiscard]] std::vector<PlaceKind> place_kinds(const PlaceFilter& filter, const std::string& shared_schema);

/// Throws PgError for a status that tenants do not have, and for an id that is not registered.
void check_filter(const TenantFilter& filter);

}  // namespace tenancy
