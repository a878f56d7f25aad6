// The SQL function fleet_page.
#include "extension/fleet_call.h"
#include "extension/fleet_page.h"

namespace tenancy {

namespace {

using core::Direction;

PgError bad_value(const std::string& message, const std::string& hint) {
  return {ERRCODE_INVALID_PARAMETER_VALUE, message, {}, hint};
}

Direction direction_argument(const std::string& text) {
  if (text == "up") return Direction::up;
  if (text == "down") return Direction::down;
  throw bad_value("direction \"" + text + "\" is not known", "Say up or down.");
}

FleetPart part_argument(const std::string& text) {
  if (text == "all") return FleetPart::all;
  if (text == "shared") return FleetPart::shared;
  if (text == "tenants") return FleetPart::tenants;
  throw bad_value("part \"" + text + "\" is not known", "Say all, shared or tenants.");
}

std::vector<std::string> after_argument(const Arguments& arguments, int position) {
  std::vector<std::string> after = arguments.texts(position, "after");
  if (after.empty() || after.size() == 4) return after;
  throw bad_value("\"after\" does not name the end of a page", "Take it from the column next of the page before.");
}

std::size_t page_size_argument(std::optional<int> size) {
  constexpr int kMost = 100000;
  if (size && *size > 0 && *size <= kMost) return *size;
  throw bad_value("page_size is out of range", "It is a number of targets, from 1 to " + std::to_string(kMost) + ".");
}

/// Arguments: direction, revision, after, page_size, part, pattern, tier, labels, statuses, migration_set, tenants,
/// server, shard, shards.
PageRequest page_arguments(const Arguments& arguments) {
  PageRequest page;
  page.request = make_request(direction_argument(arguments.required_text(0, "direction")),
                              arguments.required_text(1, "revision"), {});
  page.request.in_fleet = true;
  page.request.outside = Outside::stop_before;
  page.after = after_argument(arguments, 2);
  page.size = page_size_argument(arguments.integer(3));
  page.part = part_argument(arguments.required_text(4, "part"));
  page.filter.tenants = filter_arguments(arguments, 5);
  page.filter.tenants.ids = arguments.array(10);
  page.filter.server = arguments.optional_text(11);
  int const shard = arguments.integer(12).value_or(1);
  int const shards = arguments.integer(13).value_or(1);
  if (shard < 1 || shard > shards) {
    throw bad_value("there is no shard " + std::to_string(shard) + " of " + std::to_string(shards),
                    "Shards are numbered from 1.");
  }
  page.shard = shard;
  page.shards = shards;
  if (arguments.texts(10, "tenants").size() != 1) require_absolute(page.request.revision);
  return page;
}

}  // namespace

TENANCY_SQL_FUNCTION(tenancy_fleet_page) {
  return sql_entry([=] {
    Arguments const arguments(fcinfo);
    ResultRows rows(fcinfo);
    ScopedContext const memory(CurrentMemoryContext, "tenancy migrations");
    Migrator migrator(memory.get());
    PageEnd const end = report_page(migrator, page_arguments(arguments), [&](const PageTarget& one) {
      const Target& target = one.target;
      std::vector<std::string> pins;
      for (const auto& [set, pin] : one.pins) {
        if (set != target.set) pins.push_back(core::version_label(target.set, set, pin));
      }
      rows.add({Cell(), Cell(), cell_or_null(target.tenant), cell_or_null(one.server), cell_or_null(target.database),
                to_cell(target.schema), Cell(to_string(target.kind)), to_cell(target.set), to_cell(one.held_at),
                to_cell(one.state), cell_or_null(one.from), Cell(std::span(one.versions)),
                one.transactional ? Cell(*one.transactional) : Cell(), cell_or_null(one.sqlstate),
                cell_or_null(one.error), Cell(std::span(one.variables)), Cell(), Cell(),
                Cell(std::span<const std::string>(pins))});
    });
    Cell const none;
    rows.add({end.next.empty() ? none : Cell(std::span(end.next)), static_cast<std::int64_t>(end.unchanged), none, none,
              none, none, none, none, none, none, none, none, none, none, none, none,
              end.expected ? Cell(static_cast<std::int64_t>(*end.expected)) : none,
              static_cast<std::int64_t>(end.skipping), none});
    return Datum(0);
  });
}

}  // namespace tenancy
