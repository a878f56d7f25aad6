#include "core/plan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "core/history.h"
#include "core/message.h"
#include "core/revision_walk.h"

namespace tenancy::core {

namespace {

using Kind = Revision::Kind;

std::vector<std::string_view> versions_of(const MigrationSet& set, std::span<const std::size_t> indexes) {
  std::vector<std::string_view> versions;
  versions.reserve(indexes.size());
  for (const std::size_t index : indexes) versions.emplace_back(set[index].version);
  return versions;
}

/// Pending versioned migrations among `wanted`, oldest first.
std::vector<std::size_t> pending_versioned(const History& history, const std::vector<bool>& wanted) {
  std::vector<std::size_t> pending;
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    if (wanted[index] && history.is_pending(index)) pending.push_back(index);
  }
  return pending;
}

/// Treats what is pending although something that comes after it is applied.
void settle_out_of_order(const MigrationSet& set, const History& history, OutOfOrder policy,
                         std::vector<std::size_t>& pending, Plan& plan) {
  if (!history.newest() || pending.empty() || pending.front() > *history.newest() || policy == OutOfOrder::apply)
    return;
  std::vector<bool> applied(set.versioned_count());
  for (std::size_t index = 0; index < applied.size(); ++index) applied[index] = history.is_applied(index);
  const std::vector<bool> late = set.before(applied);
  const auto in_order =
      std::stable_partition(pending.begin(), pending.end(), [&](std::size_t index) { return late[index]; });
  if (in_order == pending.begin()) return;
  plan.skipped.assign(pending.begin(), in_order);
  pending.erase(pending.begin(), in_order);
  if (policy == OutOfOrder::skip) return;
  history.require_retried(plan.steps);
  const std::vector<std::string_view> versions = versions_of(set, plan.skipped);
  throw Error(ErrorKind::out_of_order,
              (versions.size() == 1 ? "migration " : "migrations ") + listed(versions) +
                  (versions.size() == 1 ? " is" : " are") + " pending, but newer migration " +
                  history.revision(history.newest()) + " is applied",
              "Give late migrations a newer version, or set tenancy.out_of_order to apply or skip.");
}

void add_repeatables(const MigrationSet& set, const History& history, Plan& plan) {
  for (std::size_t index = set.versioned_count(); index < set.size(); ++index) {
    if (!history.is_pending(index)) continue;
    plan.steps.push_back({&set, index, Direction::up, history.is_changed(index), history.is_in_doubt(index)});
  }
}

/// Relative to what is applied along the graph, not in the order of the set?
bool walks(const MigrationSet& set, const Revision& revision) {
  return revision.is_relative() && (set.has_graph() || !revision.version.empty());
}

WalkedTarget walked_target(const MigrationSet& set, TargetKind kind, const History& history, Direction direction) {
  WalkedTarget target{std::vector<bool>(set.versioned_count()), std::vector<bool>(set.versioned_count())};
  for (std::size_t index = 0; index < set.versioned_count(); ++index) {
    target.applied[index] = history.is_applied(index) || (direction == Direction::down && history.is_in_doubt(index));
    target.is_its[index] = applies_to(set[index].scope, kind);
  }
  return target;
}

/// By index of versioned migrations: what a downgrade is about.
std::vector<bool> asked_down(const MigrationSet& set, TargetKind kind, const History& history, const Revision& revision,
                             std::string& goal) {
  if (walks(set, revision)) {
    goal = walk_back(set, walked_target(set, kind, history, Direction::down), revision).end;
    return behind(set, resolve_place(set, goal));
  }
  if (revision.kind == Kind::version) return behind(set, resolve_place(set, revision.version));
  return std::vector<bool>(set.versioned_count(), true);
}

/// Applied versioned migrations among `asked`, newest first; of revision `-N` the first N.
std::vector<std::size_t> versioned_to_take_back(const MigrationSet& set, const History& history,
                                                const std::vector<bool>& asked, const Revision& revision) {
  std::vector<std::size_t> taken;
  for (std::size_t index = asked.size(); index-- > 0;) {
    if (asked[index] && (history.is_applied(index) || history.is_in_doubt(index))) taken.push_back(index);
  }
  if (revision.kind == Kind::back && !walks(set, revision)) {
    const auto count = static_cast<std::size_t>(revision.count);
    if (taken.size() < count) refuse_count(revision, taken.size(), "applied");
    taken.resize(count);
  }
  return taken;
}

void check_reversible(const MigrationSet& set, std::span<const Step> steps) {
  std::vector<std::size_t> irreversible;
  for (const Step& step : steps) {
    if (!set[step.migration].reversible) irreversible.push_back(step.migration);
  }
  if (irreversible.empty()) return;
  const bool one = irreversible.size() == 1;
  throw Error(ErrorKind::irreversible,
              (one ? "migration " : "migrations ") + listed(versions_of(set, irreversible)) +
                  (one ? " has no SQL to go down" : " have no SQL to go down"),
              "Add a DOWNGRADE section or a down file, or go forward with a new migration.");
}

/// By index in the set: whether it is among the steps.
std::vector<bool> taken_by(const MigrationSet& set, std::span<const Step> steps) {
  std::vector<bool> taken(set.size());
  for (const Step& step : steps) {
    if (step.set == &set) taken[step.migration] = true;
  }
  return taken;
}

/// The newest applied versioned migration that the steps leave.
std::optional<std::size_t> newest_left(const MigrationSet& set, const History& history, std::span<const Step> steps) {
  const std::vector<bool> taken = taken_by(set, steps);
  for (std::size_t index = set.versioned_count(); index-- > 0;) {
    if (history.is_applied(index) && !taken[index]) return index;
  }
  return std::nullopt;
}

/// Refuses to take back what migrations that are not among the steps may stand on.
void check_nothing_stands_on(const MigrationSet& set, std::span<const AppliedMigration> applied,
                             std::span<const Step> steps) {
  const std::vector<bool> taken = taken_by(set, steps);
  const AppliedMigration* first = nullptr;
  for (const AppliedMigration& row : applied) {
    const std::optional<std::size_t> index = set.find(row.version);
    if (index && taken[*index] && (first == nullptr || row.applied_at < first->applied_at)) first = &row;
  }
  if (first == nullptr) return;
  std::vector<std::size_t> later;
  for (const AppliedMigration& row : applied) {
    const std::optional<std::size_t> index = set.find(row.version);
    if (index && !taken[*index] && row.applied_at > first->applied_at) later.push_back(*index);
  }
  if (later.empty()) return;
  std::sort(later.begin(), later.end());
  throw Error(ErrorKind::out_of_order,
              (later.size() == 1 ? "migration " : "migrations ") + listed(versions_of(set, later)) +
                  (later.size() == 1 ? " was" : " were") + " applied after migration " + first->version +
                  ", and may stand on it",
              "Take back the later migrations first, or go forward with a new migration.");
}

/// The versioned migrations that an upgrade to `heads` or to a version is about.
std::vector<bool> asked_by(const MigrationSet& set, const Revision& revision) {
  if (revision.kind != Kind::version) return std::vector<bool>(set.versioned_count(), true);
  return up_to(set, revision.version);
}

/// Is something applied that the pin, a version, does not allow?
bool is_past(const MigrationSet& set, const History& history, const Revision& pin) {
  const std::vector<bool> allowed = asked_by(set, pin);
  for (std::size_t index = 0; index < allowed.size(); ++index) {
    if (!allowed[index] && history.is_applied(index)) return true;
  }
  return false;
}

}  // namespace

std::string Step::name(std::string_view own) const {
  std::string text = direction == Direction::up ? "migration " : "downgrade of migration ";
  text += stored().version;
  if (set->name() != own) text += " of set " + set->name();
  return text;
}

OutOfOrder parse_out_of_order(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, OutOfOrder>, 3> kWords{
      {{"refuse", OutOfOrder::refuse}, {"apply", OutOfOrder::apply}, {"skip", OutOfOrder::skip}}};
  for (const auto& [word, value] : kWords) {
    if (ascii::equals_ignoring_case(text, word)) return value;
  }
  throw Error(ErrorKind::bad_value, quoted_text(text) + " is not a rule for out of order migrations",
              "The rules are refuse, apply and skip.");
}

Plan plan_upgrade(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                  const Revision& revision, OutOfOrder out_of_order, InDoubt in_doubt) {
  if (revision.kind == Kind::base || revision.kind == Kind::back) {
    throw Error(ErrorKind::wrong_direction, "revision " + to_text(revision) + " goes down, and this is an upgrade",
                "Ask for a downgrade: an upgrade never takes a migration back.");
  }
  check_head(set, kind, revision);
  std::vector<bool> asked = asked_by(set, revision);
  const History history{set, kind, applied, in_doubt};
  history.check();

  Plan plan;
  plan.from = history.revision(history.newest());
  const bool is_walk = walks(set, revision);
  if (is_walk) {
    const std::size_t goal = walk_up(set, walked_target(set, kind, history, Direction::up), revision);
    plan.goal = set[goal].version;
    asked = set.up_to(goal);
  }
  std::vector<std::size_t> pending = pending_versioned(history, asked);
  settle_out_of_order(set, history, out_of_order, pending, plan);
  if (revision.kind == Kind::forward && !is_walk) {
    const auto count = static_cast<std::size_t>(revision.count);
    if (pending.size() < count) refuse_count(revision, pending.size(), "pending");
    pending.resize(count);
  }
  plan.steps.reserve(pending.size());
  for (const std::size_t index : pending) {
    plan.steps.push_back({&set, index, Direction::up, false, history.is_in_doubt(index)});
  }
  const std::optional<std::size_t> last = pending.empty() ? history.newest() : std::optional{pending.back()};
  plan.to = history.revision(std::max(last, history.newest()));
  if (plan.goal.empty()) plan.goal = revision.is_relative() ? plan.to : to_text(revision);
  if (revision.is_head()) add_repeatables(set, history, plan);
  history.require_retried(plan.steps);
  return plan;
}

Plan plan_downgrade(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                    const Revision& revision, InDoubt in_doubt) {
  if (revision.is_head() || revision.kind == Kind::forward) {
    throw Error(ErrorKind::wrong_direction, "revision " + to_text(revision) + " goes up, and this is a downgrade",
                "Ask for an upgrade.");
  }
  const History history{set, kind, applied, in_doubt};
  history.check();

  Plan plan;
  const std::vector<bool> asked = asked_down(set, kind, history, revision, plan.goal);
  plan.from = history.revision(history.newest());
  if (revision.kind == Kind::base) {
    for (std::size_t index = set.size(); index-- > set.versioned_count();) {
      const bool in_doubt_here = history.is_in_doubt(index);
      if (history.is_applied(index) || in_doubt_here)
        plan.steps.push_back({&set, index, Direction::down, false, in_doubt_here});
    }
  }
  for (const std::size_t index : versioned_to_take_back(set, history, asked, revision)) {
    plan.steps.push_back({&set, index, Direction::down, false, history.is_in_doubt(index)});
  }
  check_reversible(set, plan.steps);
  history.require_retried(plan.steps);
  plan.to = history.revision(newest_left(set, history, plan.steps));
  if (plan.goal.empty()) plan.goal = revision.is_relative() ? plan.to : to_text(revision);
  return plan;
}

Plan plan_rollback(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                   std::span<const std::string> versions, InDoubt in_doubt) {
  const History history{set, kind, applied, in_doubt};
  history.check();

  Plan plan;
  plan.from = history.revision(history.newest());
  for (const std::string& version : versions) {
    const std::optional<std::size_t> index = set.find(version);
    if (!index) continue;
    const bool doubtful = history.is_in_doubt(*index);
    if (history.is_applied(*index) || doubtful) plan.steps.push_back({&set, *index, Direction::down, false, doubtful});
  }
  std::sort(plan.steps.begin(), plan.steps.end(),
            [](const Step& left, const Step& right) { return left.migration > right.migration; });
  plan.steps.erase(std::unique(plan.steps.begin(), plan.steps.end()), plan.steps.end());
  check_reversible(set, plan.steps);
  history.require_retried(plan.steps);
  check_nothing_stands_on(set, applied, plan.steps);
  plan.to = history.revision(newest_left(set, history, plan.steps));
  return plan;
}

Revision held_back(const MigrationSet& set, const Revision& asked, const Revision& pin) {
  if (!asked.is_head() && asked.kind != Kind::version) {
    throw Error(ErrorKind::bad_value, "revision " + to_text(asked) + " cannot be asked of a pinned tenant",
                "Ask for heads or a version, or take the pin away.");
  }
  if (pin.kind == Kind::forward || pin.kind == Kind::back) {
    throw Error(ErrorKind::bad_value, "revision " + to_text(pin) + " is no pin",
                "A tenant is pinned to a version or to base.");
  }
  const std::vector<bool> allowed = asked_by(set, asked);
  if (pin.kind == Kind::base || (pin.is_head() && asked.is_head())) return pin;
  const std::vector<bool> held = asked_by(set, pin);
  for (std::size_t index = set.versioned_count(); index-- > 0;) {
    if (allowed[index] && held[index]) return {Kind::version, 0, set[index].version};
  }
  return {Kind::base, 0, {}};
}

Plan plan_pinned_upgrade(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                         const Revision& asked, const Revision& pin, OutOfOrder out_of_order, InDoubt in_doubt) {
  check_head(set, kind, asked);
  const Revision revision = held_back(set, asked, pin);
  const History history{set, kind, applied, in_doubt};
  if (revision.kind == Kind::base || is_past(set, history, pin)) {
    Plan plan;
    plan.from = plan.to = history.revision(history.newest());
    return plan;
  }
  return plan_upgrade(set, kind, applied, revision, out_of_order, in_doubt);
}

Plan first_steps(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied, Plan plan,
                 std::size_t count) {
  if (count >= plan.steps.size()) return plan;
  plan.steps.resize(count);
  const History history{set, kind, applied, InDoubt::retry};
  std::optional<std::size_t> newest = history.newest();
  if (count > 0 && plan.steps.front().direction == Direction::down) newest = newest_left(set, history, plan.steps);
  for (const Step& step : plan.steps) {
    if (step.set == &set && step.direction == Direction::up && step.migration < set.versioned_count())
      newest = std::max(newest, std::optional{step.migration});
  }
  plan.to = history.revision(newest);
  return plan;
}

Standing standing(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied) {
  const History history{set, kind, applied};
  Standing result;
  result.revision = history.revision(history.newest());
  for (std::size_t index = 0; index < set.size(); ++index) {
    if (history.is_pending(index)) ++result.pending;
  }
  const std::vector<Flaw> flaws = history.flaws();
  for (const Flaw& flaw : flaws) {
    if (!result.detail.empty()) result.detail += "; ";
    result.detail += flaw.message;
  }
  if (!flaws.empty()) {
    result.state = flaws.front().kind == ErrorKind::in_doubt ? Standing::State::in_doubt : Standing::State::diverged;
  } else if (result.pending > 0) {
    result.state = Standing::State::behind;
  }
  return result;
}

std::string_view to_string(Standing::State state) noexcept {
  switch (state) {
    case Standing::State::current:
      return "current";
    case Standing::State::behind:
      return "behind";
    case Standing::State::pinned:
      return "pinned";
    case Standing::State::diverged:
      return "diverged";
    case Standing::State::in_doubt:
      return "in doubt";
  }
  return "";
}

Standing pinned_standing(const MigrationSet& set, TargetKind kind, std::span<const AppliedMigration> applied,
                         std::string_view pin, OutOfOrder out_of_order) {
  Standing result = standing(set, kind, applied);
  if (result.state != Standing::State::behind) return result;
  try {
    const Plan plan = plan_pinned_upgrade(set, kind, applied, {}, parse_revision(pin), out_of_order);
    if (!plan.steps.empty() || !plan.skipped.empty()) return result;
    result.state = Standing::State::pinned;
    result.detail = "pinned to " + std::string(pin);
  } catch (const Error& error) {
    result.detail = error.what();
  }
  return result;
}

}  // namespace tenancy::core
