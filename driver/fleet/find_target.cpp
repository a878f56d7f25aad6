#include "driver/fleet/find_target.h"

#include <stdexcept>

namespace tenancy::driver {

boost::asio::awaitable<Target> find_target(Connection& control, const std::string& tenant,
                                           const std::string& shared_schema) {
  Parameters parameters{tenant};
  Result const rows = co_await control.query(
      "SELECT server, CASE WHEN server IS NOT NULL OR database <> current_database() THEN database END, schema,"
      "       migration_set, pinned_revision FROM tenancy.tenants WHERE id = $1",
      std::move(parameters));
  if (rows.rows() == 0) throw std::runtime_error("tenant \"" + tenant + "\" is not registered");
  Target target{.tenant = tenant,
                .server = std::string(rows.text(0, 0)),
                .database = std::string(rows.text(0, 1)),
                .schema = std::string(rows.text(0, 2)),
                .migration_set = std::string(rows.text(0, 3)),
                .pinned_revision = rows.value(0, 4)};
  if (target.schema == shared_schema) target.kind = core::TargetKind::combined;
  co_return target;
}

}  // namespace tenancy::driver
