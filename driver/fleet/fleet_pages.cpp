#include "driver/fleet/fleet_pages.h"

#include "core/text_array.h"

namespace tenancy::driver {

namespace {

constexpr const char* kPage =
    "SELECT next, unchanged, tenant, server, database, schema, kind, migration_set, pinned_revision, state,"
    "       from_revision, versions, transactional, sqlstate, error, variables, expected, skipping,"
    "       other_pins"
    "  FROM tenancy.fleet_page($1, $2, $3::text[], $4::integer, $5, $6, $7, $8::jsonb, $9::text[], $10, $11::text[],"
    "                          $12, $13::integer, $14::integer)";
enum PageColumn {
  kNext,
  kUnchanged,
  kTenant,
  kServer,
  kDatabase,
  kSchema,
  kKind,
  kSet,
  kPinned,
  kState,
  kFrom,
  kVersions,
  kTransactional,
  kSqlstate,
  kError,
  kVariables,
  kExpected,
  kSkipping,
  kOtherPins
};

const char* part_of(const Selection& selection) {
  if (!selection.tenants_too) return "shared";
  return selection.shared ? "all" : "tenants";
}

PlannedTarget::State parse_state(std::string_view text) {
  using State = PlannedTarget::State;
  if (text == "unread") return State::unread;
  if (text == "failed") return State::failed;
  return text == "busy" ? State::busy : State::pending;
}

PlannedTarget to_target(const Result& rows, std::size_t row) {
  auto const text = [&](PageColumn column) { return std::string(rows.text(row, column)); };
  PlannedTarget planned;
  planned.target = {.tenant = text(kTenant),
                    .server = text(kServer),
                    .database = text(kDatabase),
                    .schema = text(kSchema),
                    .kind = core::parse_target_kind(rows.text(row, kKind)),
                    .migration_set = text(kSet),
                    .pinned_revision = rows.value(row, kPinned)};
  for (const std::string& one : core::parse_text_array(rows.text(row, kVariables))) {
    planned.target.variables.insert(core::parse_assignment(one));
  }
  for (const std::string& label : core::parse_text_array(rows.text(row, kOtherPins))) {
    core::LabelledVersion pin = core::labelled_version({}, label, false);
    planned.target.other_pins.emplace(std::move(pin.set), std::move(pin.version));
  }
  planned.state = parse_state(rows.text(row, kState));
  planned.from_revision = text(kFrom);
  planned.versions = core::parse_text_array(rows.text(row, kVersions));
  planned.transactional = rows.text(row, kTransactional) != "f";
  planned.sqlstate = text(kSqlstate);
  planned.error = text(kError);
  return planned;
}

}  // namespace

std::vector<Statement> FleetPages::statements() const {
  const Selection& s = question_.selection;
  // Who is named is meant, whatever its status.
  bool const by_id = !s.tenants.empty();
  std::vector<Statement> statements{{"BEGIN READ ONLY"}};
  for (const auto& [name, value] : question_.settings) {
    statements.push_back({"SELECT set_config($1, $2, true)", {name, value}});
  }
  statements.push_back(
      {kPage,
       {question_.direction == core::Direction::up ? "up" : "down", question_.revision, after_,
        std::to_string(question_.page_size), part_of(s), s.pattern, s.tier, s.labels,
        by_id ? std::nullopt : core::text_array_or_null(s.statuses), s.migration_set,
        core::text_array_or_null(s.tenants), s.server, std::to_string(s.shard.index), std::to_string(s.shard.count)}});
  statements.push_back({"COMMIT"});
  return statements;
}

boost::asio::awaitable<std::optional<FleetPage>> FleetPages::next(Connection& control) {
  if (at_end_) co_return std::nullopt;
  Deadline const deadline =
      question_.timeout.count() == 0 ? kNoDeadline : std::chrono::steady_clock::now() + question_.timeout;
  std::vector<Statement> const all = statements();
  BatchResult const batch = co_await control.batch(all, deadline);
  if (batch.failure) {
    co_await control.execute("ROLLBACK", deadline);
    throw ServerError(ServerError::Kind::refused, *batch.failure);
  }
  const Result& rows = batch.results[all.size() - 2];
  FleetPage page;
  page.targets.reserve(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (!rows.is_null(row, kSchema)) {
      page.targets.push_back(to_target(rows, row));
      continue;
    }
    // The last row has no target.
    page.unchanged = static_cast<std::size_t>(rows.integer(row, kUnchanged));
    page.skipping = static_cast<std::size_t>(rows.integer(row, kSkipping));
    page.expected = static_cast<std::size_t>(rows.integer(row, kExpected));
    after_ = rows.value(row, kNext);
    at_end_ = !after_;
  }
  co_return page;
}

}  // namespace tenancy::driver
