#include "extension/fleet_page.h"

#include "core/revision_walk.h"
#include "core/set_order.h"
#include "core/shard.h"
#include "extension/fleet_call.h"
#include "extension/pins.h"

namespace tenancy {

namespace {

using Report = std::function<void(const PageTarget&)>;

Query select_sets("SELECT DISTINCT migration_set FROM tenancy.migrations ORDER BY 1");

/// A version need only be known in one of the sets.
void check_revision(Migrator& migrator, const PageRequest& page) {
  std::vector<std::string> sets;
  if (page.filter.tenants.migration_set) {
    sets.push_back(*page.filter.tenants.migration_set);
  } else {
    for (Row& row : select_sets.run()) sets.push_back(std::move(*row[0]));
  }
  std::optional<core::Error> unknown;
  for (const std::string& set : sets) {
    try {
      Request request = page.request;
      using Kind = core::Revision::Kind;
      bool const down = request.direction == core::Direction::down;
      // Where it leads depends on what is applied; of which set head is asked, check_head() knows.
      bool const is_open = request.revision.kind == (down ? Kind::back : Kind::forward);
      if (is_open || (!down && request.revision.kind == Kind::head)) {
        request.revision = {down ? Kind::base : Kind::heads, 0, {}};
      }
      migrator.check_request(Target{{}, {}, core::TargetKind::combined, set}, request);
      return;
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::unknown_revision) throw;
      if (!unknown) unknown = error;
    }
  }
  if (unknown) throw *unknown;
}

bool is_same_schema(const TenantPlace& one, const TenantPlace& other) {
  return std::equal(one.key.begin(), one.key.end() - 1, other.key.begin());
}

class FleetPage {
 public:
  FleetPage(Migrator& migrator, const PageRequest& request, const Report& report)
      : migrator_(migrator),
        page_(request),
        report_(report),
        shared_schema_(migrator.settings().shared_schemas.front()),
        memory_(CurrentMemoryContext, "tenancy target") {}

  PageEnd make();

 private:
  [[nodiscard]] bool is_down() const { return page_.request.direction == core::Direction::down; }
  [[nodiscard]] bool takes_shared() const;
  [[nodiscard]] std::vector<std::string> shared_sets() const;
  [[nodiscard]] std::size_t count_all() const;
  void check_head() const;
  void look_at_shared();
  void look_at_shared_elsewhere(const SharedPlace& place);
  [[nodiscard]] std::vector<TenantPlace> select_whole_schemas(std::vector<std::string>& next) const;
  void order_sets(std::vector<TenantPlace>& places);
  void look_at_places(const std::vector<TenantPlace>& places);
  void look_at_place(const TenantPlace& place);
  void look_at(PageTarget target);
  void plan(PageTarget& target);

  Migrator& migrator_;
  const PageRequest& page_;
  const Report& report_;
  const std::string shared_schema_;
  ScopedContext memory_;
  CacheTrimmer trimmer_;
  std::size_t unchanged_ = 0;
  std::size_t skipping_ = 0;
};

/// Downwards, what some tenants leave the others still need.
bool FleetPage::takes_shared() const {
  if (page_.part != FleetPart::all || !is_down()) return page_.part != FleetPart::tenants;
  const TenantFilter& filter = page_.filter.tenants;
  return !filter.is_partial() && !page_.filter.server && page_.shards == 1 && selects_everybody(filter);
}

std::vector<std::string> FleetPage::shared_sets() const {
  const Value& only = page_.filter.tenants.migration_set;
  std::vector<std::string> sets;
  if (takes_shared()) {
    for (std::string& set : Store::shared_sets()) {
      if (!only || *only == set) sets.push_back(std::move(set));
    }
  }
  // Migrations of every scope reach rls tenants in the shared schema with the shared target.
  bool const left_out = page_.part == FleetPart::all && !takes_shared();
  if (page_.part == FleetPart::shared || left_out) return sets;
  for (std::string& set : sets_in_shared_schema(page_.filter, shared_schema_)) {
    if (std::find(sets.begin(), sets.end(), set) == sets.end()) sets.push_back(std::move(set));
  }
  return sets;
}

std::size_t FleetPage::count_all() const {
  std::size_t targets = count_places(page_.filter, shared_schema_, page_.shard, page_.shards);
  if (!page_.filter.server || page_.filter.server->empty()) targets += shared_sets().size();
  bool const takes_shared_elsewhere = page_.part == FleetPart::all && (!is_down() || takes_shared());
  if (takes_shared_elsewhere) targets += shared_places(page_.filter, shared_schema_).size();
  return targets;
}

/// That it means one thing in each of the sets, before anything is done in any of them.
void FleetPage::check_head() const {
  if (page_.request.revision.kind != core::Revision::Kind::head) return;
  auto const check = [this](const std::string& set, core::TargetKind kind) {
    core::check_head(migrator_.store().set(set), kind, page_.request.revision);
  };
  for (const std::string& set : shared_sets()) check(set, core::TargetKind::shared);
  if (page_.part != FleetPart::tenants) {
    for (const SharedPlace& place : shared_places(page_.filter, shared_schema_)) {
      check(place.migration_set, core::TargetKind::shared);
    }
  }
  if (page_.part == FleetPart::shared) return;
  for (const PlaceKind& kind : place_kinds(page_.filter, shared_schema_)) {
    check(kind.migration_set, kind.has_shared_schema ? core::TargetKind::combined : core::TargetKind::tenant);
  }
}

void FleetPage::look_at_shared() {
  if (page_.filter.server && !page_.filter.server->empty()) return;
  Pins const pins(migrator_.store());
  for (const std::string& set : shared_sets()) {
    PageTarget target;
    target.target = shared_target(migrator_.settings(), set);
    if (!is_down()) hold(target, pins.at(shared_schema_));
    look_at(std::move(target));
  }
}

void FleetPage::look_at_shared_elsewhere(const SharedPlace& place) {
  PageTarget target;
  target.target = {{}, shared_schema_, core::TargetKind::shared, place.migration_set, place.database};
  target.server = place.server;
  look_at(std::move(target));
}

/// The places of a page, which has all sets of its last schema: downwards one of them may have to go before another one
/// that a page before would have had.
std::vector<TenantPlace> FleetPage::select_whole_schemas(std::vector<std::string>& next) const {
  std::vector<TenantPlace> places = select_places(page_.filter, shared_schema_, page_.after, page_.size + 1);
  while (places.size() > page_.size) {
    auto const last = std::adjacent_find(places.begin() + static_cast<std::ptrdiff_t>(page_.size) - 1, places.end(),
                                         std::not_fn(is_same_schema));
    if (last != places.end()) {
      places.erase(last + 1, places.end());
      next = places.back().key;
      break;
    }
    constexpr std::size_t kMore = 16;
    std::vector<TenantPlace> more = select_places(page_.filter, shared_schema_, places.back().key, kMore);
    if (more.empty()) break;
    std::move(more.begin(), more.end(), std::back_inserter(places));
  }
  return places;
}

void FleetPage::order_sets(std::vector<TenantPlace>& places) {
  core::order_sets(places, page_.request.direction, is_same_schema,
                   [this](const TenantPlace& place) { return migrator_.store().depth(place.migration_set); });
}

void FleetPage::look_at_places(const std::vector<TenantPlace>& places) {
  if (places.empty()) return;
  bool const brings_shared =
      !is_down() && page_.part == FleetPart::all &&
      std::any_of(places.begin(), places.end(), [](const TenantPlace& one) { return !one.is_here; });
  std::vector<SharedPlace> shared;
  if (brings_shared) shared = shared_places(page_.filter, shared_schema_, &places.front(), &places.back());
  auto next_shared = shared.begin();
  auto const belongs = [](const SharedPlace& one, const std::vector<std::string>& key) {
    return !key.empty() && one.server == key[0] && one.database == key[1];
  };
  // The page before had it when it ended in the same database.
  while (next_shared != shared.end() && belongs(*next_shared, page_.after)) ++next_shared;
  for (const TenantPlace& place : places) {
    while (next_shared != shared.end() && belongs(*next_shared, place.key)) look_at_shared_elsewhere(*next_shared++);
    look_at_place(place);
  }
}

void FleetPage::look_at_place(const TenantPlace& place) {
  if (!core::is_in_shard(place.first_tenant, page_.shard, page_.shards)) return;
  PageTarget target;
  // A database of its own has in its shared schema what other tenants share, too.
  auto const kind = place.schema == shared_schema_ ? core::TargetKind::combined : core::TargetKind::tenant;
  target.target = {place.is_shared ? "" : place.first_tenant, place.schema, kind, place.migration_set, place.database};
  target.server = place.server;
  core::PinnedSets pins;
  for (const std::string& label : place.pins) {
    core::LabelledVersion const pin = core::labelled_version({}, label, false);
    add_pin(pins, migrator_.store(), pin.set, pin.version);
  }
  if (!is_down()) hold(target, std::move(pins));
  look_at(std::move(target));
}

void FleetPage::look_at(PageTarget target) {
  if (target.server.empty() && target.target.database.empty()) {
    TemporaryContext const memory(memory_.get());
    plan(target);
    trimmer_.target_done();
  } else {
    target.state = "unread";
  }
  if (target.state.empty()) {
    ++unchanged_;
    return;
  }
  if (auto const stored = migrator_.stored_variables(target.target)) {
    for (const auto& [name, value] : *stored) target.variables.push_back(name + "=" + value);
  }
  report_(target);
}

void FleetPage::plan(PageTarget& target) {
  Request request = page_.request;
  request.held_at = target.held_at;
  request.pins = target.pins;
  Subtransaction subtransaction;
  try {
    core::Plan const plan = migrator_.plan(target.target, request);
    for (const core::Step& step : plan.steps) {
      target.versions.push_back(core::version_label(target.target.set, step.set->name(), step.stored().version));
    }
    target.from = plan.from;
    if (!plan.steps.empty()) {
      target.state = "pending";
      target.transactional = migrator_.is_transactional(target.target, plan);
    } else if (!plan.skipped.empty()) {
      ++skipping_;
    }
    subtransaction.commit();
  } catch (const PgError& error) {
    subtransaction.roll_back();
    if (error.stops_the_run()) throw;
    target.sqlstate = error.sqlstate();
    target.error = error.report().message;
    // What another set of the schema requires may be free when that one is taken back.
    bool const may_pass =
        core::is_retryable(target.sqlstate) || error.sqlerrcode() == ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST;
    target.state = may_pass ? "busy" : "failed";
  }
}

PageEnd FleetPage::make() {
  bool const first = page_.after.empty();
  if (first) {
    migrator_.store().require(page_.filter.tenants.migration_set);
    check_filter(page_.filter.tenants);
    check_revision(migrator_, page_);
    check_head();
    if (!is_down()) look_at_shared();
  }
  PageEnd end;
  if (page_.part != FleetPart::shared) {
    std::vector<TenantPlace> places = select_whole_schemas(end.next);
    order_sets(places);
    look_at_places(places);
  }
  if (end.next.empty()) {
    if (page_.part == FleetPart::shared || (is_down() && takes_shared())) {
      for (const SharedPlace& place : shared_places(page_.filter, shared_schema_)) look_at_shared_elsewhere(place);
    }
    if (is_down()) look_at_shared();
  }
  end.unchanged = unchanged_;
  end.skipping = skipping_;
  if (first && !end.next.empty()) end.expected = count_all();
  return end;
}

}  // namespace

PageEnd report_page(Migrator& migrator, const PageRequest& request, const Report& report) {
  return FleetPage(migrator, request, report).make();
}

}  // namespace tenancy
