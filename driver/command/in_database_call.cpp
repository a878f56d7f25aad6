#include "driver/command/in_database_call.h"

#include "core/text_array.h"
#include "driver/command/failure.h"

namespace tenancy::driver {

namespace {

void refuse(const std::string& what) {
  throw UsageError("--in-database does not go with " + what,
                   "Leave --in-database out: the driver then migrates over connections of its own.");
}

void check(const Request& request, const Selection& selection) {
  if (selection.shard.count > 1) refuse("--shard");
  if (selection.server && !selection.server->empty()) refuse("--server");
  if (!selection.tenants_too) refuse("a part of the fleet");
  bool const up = request.direction == core::Direction::up;
  if (selection.tenants.empty() ? !selection.shared : !up) refuse("a part of the fleet");
}

std::optional<std::string> number(const std::optional<std::size_t>& value) {
  return value ? std::optional(std::to_string(*value)) : std::nullopt;
}

}  // namespace

Statement in_database_call(const Request& request, const Selection& selection, const InDatabaseOptions& options) {
  check(request, selection);
  if (!selection.tenants.empty()) {
    return {"CALL tenancy.migrate_targets($1::text[], $2, concurrency => $3::integer)",
            {core::text_array(selection.tenants), request.revision_text, number(options.workers)}};
  }
  const std::string procedure =
      request.direction == core::Direction::up ? "tenancy.rollout" : "tenancy.downgrade_rollout";
  return {"CALL " + procedure +
              "($1, pattern => $2, tier => $3, labels => $4::jsonb, statuses => $5::text[], migration_set => $6,"
              " concurrency => $7::integer, max_failures => $8)",
          {request.revision_text, selection.pattern, selection.tier, selection.labels,
           core::text_array_or_null(selection.statuses), selection.migration_set, number(options.workers),
           options.max_failures}};
}

}  // namespace tenancy::driver
