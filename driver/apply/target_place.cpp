#include "driver/apply/target_place.h"

namespace tenancy::driver {

namespace {

core::TargetRole role_of(const Request& request, const Target& target) {
  switch (request.run_as) {
    case RunAs::caller:
      return core::TargetRole::caller;
    case RunAs::owner:
      return core::TargetRole::owner;
    case RunAs::automatic:
      break;
  }
  // What tenants share is the caller's: extensions, say, that its owner could not install.
  const bool shared = target.kind != core::TargetKind::tenant && target.database.empty();
  return shared ? core::TargetRole::caller : core::TargetRole::automatic;
}

}  // namespace

core::TargetPlace place_of(const Request& request, const Target& target, int server_version) {
  return {target.schema,          request.tracking_table,   target.migration_set,
          request.shared_schemas, role_of(request, target), server_version};
}

}  // namespace tenancy::driver
