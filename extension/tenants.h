// The registered tenants: tenancy.tenants, as far as migrating needs them.
#pragma once

#include "extension/spi.h"

namespace tenancy {

struct Tenant {
  std::string id;
  std::string isolation;  ///< schema, database or rls
  Value server;           ///< NULL: this cluster
  Value database;         ///< NULL: this database
  std::string schema;
  std::string migration_set;  ///< its own, or a further one: see select_tenants()
  std::string status;         ///< active, suspended or archived
  Value tier;
  Value pinned_revision;  ///< fleet operations take its own set no further up

  Value wave_value;             ///< as select_tenants() was asked for
  std::int64_t created_at = 0;  ///< microseconds since 1970; likewise

  /// Its target is a schema of this database.
  bool is_here = true;

  /// For one that is not: `database "x" on server "y"`.
  [[nodiscard]] std::string place() const;
};

/// Which tenants an operation is about. NULL: no condition. Text as PostgreSQL's input functions take it.
struct TenantFilter {
  Value pattern;  ///< LIKE pattern of the id
  Value tier;
  Value labels;    ///< jsonb that the labels contain
  Value statuses;  ///< text[]
  Value migration_set;
  Value ids;            ///< text[]: exactly these
  bool pinned = false;  ///< only those with a pin

  /// Does it choose among the tenants of a set, other than by their status?
  [[nodiscard]] bool is_partial() const noexcept { return pattern || tier || labels || ids; }
};

/// What a rollout needs to know of tenants beyond where they are.
struct TenantDetails {
  Value wave_by;  ///< "tier", or the key of a label
  bool age = false;
};

/// Once for each of its sets, ordered by place, schema, set and id. Throws PgError, also for a status that tenants do
/// not have.
[[nodiscard]] std::vector<Tenant> select_tenants(const TenantFilter& filter, const TenantDetails& details = {});

/// Throws PgError for a status in the text[] that tenants do not have.
void require_statuses(const Value& statuses);

[[nodiscard]] std::optional<Tenant> find_tenant(const std::string& id);

/// The tenants whose target is this schema of this database.
[[nodiscard]] std::vector<Tenant> tenants_in_schema(const std::string& schema);

}  // namespace tenancy
