#include "extension/fleet_call.h"

#include "extension/worker_channel.h"

namespace tenancy {

namespace {

Query build_filter(
    "SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('pattern', $1, 'tier', $2, 'labels',"
    " $3::pg_catalog.jsonb, 'statuses', $4::pg_catalog.text[], 'migration_set', $5, 'tenants',"
    " $6::pg_catalog.text[]))");

}  // namespace

TenantFilter filter_arguments(const Arguments& arguments, int first) {
  return {arguments.optional_text(first), arguments.optional_text(first + 1), arguments.jsonb(first + 2),
          arguments.array(first + 3),     arguments.optional_text(first + 4), {}};
}

Request make_request(core::Direction direction, const std::string& revision, const Value& run_as) {
  Request request;
  request.direction = direction;
  request.revision = core::parse_revision(revision);
  request.run_as = run_as ? parse_run_as(*run_as) : current_settings().run_as;
  return request;
}

int concurrency_or_default(std::optional<int> given) {
  int const workers = given.value_or(current_settings().concurrency);
  if (workers >= 0 && workers <= kMaxWorkers) return workers;
  throw PgError(ERRCODE_INVALID_PARAMETER_VALUE, "concurrency " + std::to_string(workers) + " is out of range", {},
                "It is the number of background workers, from 0 (none) to " + std::to_string(kMaxWorkers) + ".");
}

void warn_about_nobody(const TenantFilter& filter, const std::vector<FleetTarget>& targets) {
  bool const anybody = std::any_of(targets.begin(), targets.end(), [](const FleetTarget& one) { return !one.shared; });
  // Those in the shared schema have no target of their own.
  if (anybody || !filter.is_partial() || !select_tenants(filter).empty()) return;
  guarded([] {
    ereport(WARNING, (errmsg("no tenant matches"),
                      errhint("pattern is a LIKE pattern on the id; tier, labels and statuses narrow it further. See "
                              "tenancy.tenants.")));
  });
}

Value recorded_filter(const TenantFilter& filter) {
  return build_filter
      .run({filter.pattern, filter.tier, filter.labels, filter.statuses, filter.migration_set, filter.ids})
      .front()[0];
}

}  // namespace tenancy
