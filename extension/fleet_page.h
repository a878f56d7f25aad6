// A part of the fleet for the driver: what in it has something to do. No call knows of another one, so that they may
// come over different sessions.
#pragma once

#include "extension/target.h"
#include "extension/tenant_places.h"

namespace tenancy {

/// Which targets: `tenants` leaves the shared schemas out, but for one in which selected tenants live.
enum class FleetPart { all, shared, tenants };

struct PageRequest {
  Request request;
  PlaceFilter filter;
  std::vector<std::string> after;  ///< empty: the first page
  std::size_t size = 0;            ///< places of tenants that are looked at
  FleetPart part = FleetPart::all;
  std::size_t shard = 1;
  std::size_t shards = 1;
};

struct PageTarget {
  Target target;
  std::string server;
  Value held_at;
  core::PinnedSets pins;  ///< of all sets in its schema
  std::string state;      ///< pending, busy, failed (its plan cannot be made), unread (it is elsewhere)
  std::string from;
  std::vector<std::string> versions;  ///< of its steps
  std::optional<bool> transactional;
  std::vector<std::string> variables;  ///< NAME=VALUE, as they are stored; where migrations of its set have any
  std::string sqlstate, error;
};

struct PageEnd {
  std::vector<std::string> next;  ///< empty: this was the last page
  std::size_t unchanged = 0;
  std::size_t skipping = 0;             ///< of those: with pending migrations, left out because they are out of order
  std::optional<std::size_t> expected;  ///< of the first of several pages: targets on all of them
};

/// Reports the targets of one page in the order in which they are to be migrated. A target that cannot be planned is
/// reported, too. Throws PgError.
PageEnd report_page(Migrator& migrator, const PageRequest& request,
                    const std::function<void(const PageTarget&)>& report);

}  // namespace tenancy
