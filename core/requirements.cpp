#include "core/requirements.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "core/revision_walk.h"
#include "core/version.h"

namespace tenancy::core {

namespace {

std::string migration_of(const Step& step) {
  return "migration " + step.stored().version + " of set " + step.set->name();
}

bool is_recorded(std::span<const AppliedMigration> applied, std::string_view version) {
  return std::any_of(applied.begin(), applied.end(),
                     [&](const AppliedMigration& row) { return row.version == version && !row.in_doubt; });
}

/// What to do about requirements that are not stored.
enum class Unknown { refuse, pass_over };

/// Puts steps of an upgrade in order, each behind what it requires.
class RequiredSteps {
 public:
  RequiredSteps(TargetKind kind, const PlanRequest& request, const PinnedSets& pins, SetHistories& histories,
                Unknown unknown)
      : kind_(kind),
        pins_(pins),
        // What is left out because it is late is not there.
        out_of_order_(request.out_of_order == OutOfOrder::apply ? OutOfOrder::apply : OutOfOrder::refuse),
        in_doubt_(request.in_doubt),
        histories_(histories),
        unknown_(unknown) {}

  [[nodiscard]] std::vector<Step> place(const std::vector<Step>& steps) {
    for (const Step& step : steps) place(step);
    return std::move(placed_);
  }

 private:
  enum class Mark : unsigned char { open, begun, placed };

  Mark& mark(const Step& step) {
    std::vector<Mark>& marks = marks_[step.set];
    marks.resize(step.set->size());
    return marks[step.migration];
  }

  void place(const Step& step) {
    Mark& own = mark(step);
    if (own == Mark::placed) return;
    if (own == Mark::begun) refuse_circle(step);
    own = Mark::begun;
    begun_.push_back(step);
    for (const std::string& text : step.stored().required) require(step, parse_requirement(text));
    begun_.pop_back();
    own = Mark::placed;
    placed_.push_back(step);
  }

  void require(const Step& by, const LabelledVersion& wanted) {
    const MigrationSet& set = histories_.set(wanted.set);
    const std::optional<std::size_t> index = set.find(wanted.version);
    if (!index || *index >= set.versioned_count()) {
      if (unknown_ == Unknown::pass_over) return;
      throw Error(ErrorKind::unknown_requirement,
                  migration_of(by) + " requires migration " + wanted.version + " of set " + wanted.set +
                      ", which is not stored",
                  "Load that set too, or mend the option MIGRATION_REQUIRES.");
    }
    const std::span<const AppliedMigration> applied = histories_.applied(wanted.set);
    if (is_recorded(applied, wanted.version)) return;
    const std::vector<Step> steps = steps_to(by, set, wanted, applied);
    require_allowed(by, wanted, steps);
    for (const Step& step : steps) place(step);
  }

  /// Nobody takes a set beyond its pin: not what requires it, either.
  void require_allowed(const Step& by, const LabelledVersion& wanted, const std::vector<Step>& steps) const {
    const auto found = pins_.find(wanted.set);
    if (found == pins_.end() || steps.empty()) return;
    const Revision pin = parse_revision(found->second);
    const MigrationSet& set = *steps.front().set;
    const std::vector<bool> allowed =
        pin.kind == Revision::Kind::base ? std::vector<bool>(set.versioned_count()) : up_to(set, pin.version);
    const bool is_allowed =
        std::all_of(steps.begin(), steps.end(), [&](const Step& step) { return allowed[step.migration]; });
    if (is_allowed) return;
    throw Error(ErrorKind::beyond_pin,
                migration_of(by) + " requires migration " + wanted.version + " of set " + wanted.set +
                    ", which is pinned to " + found->second,
                "Take the pin away with tenancy.pin_tenant(id, NULL); until then set " + by.set->name() +
                    " goes no further than what the pin allows.");
  }

  std::vector<Step> steps_to(const Step& by, const MigrationSet& set, const LabelledVersion& wanted,
                             std::span<const AppliedMigration> applied) const {
    try {
      return plan_upgrade(set, kind_, applied, {Revision::Kind::version, 0, wanted.version}, out_of_order_, in_doubt_)
          .steps;
    } catch (const Error& error) {
      throw Error(error.kind(), "set " + set.name() + ", which " + migration_of(by) + " requires: " + error.what(),
                  error.hint());
    }
  }

  [[noreturn]] void refuse_circle(const Step& first) const {
    std::vector<std::string> labels;
    for (auto step = std::find(begun_.begin(), begun_.end(), first); step != begun_.end(); ++step) {
      labels.push_back(version_label({}, step->set->name(), step->stored().version));
    }
    const std::vector<std::string_view> names(labels.begin(), labels.end());
    throw Error(ErrorKind::bad_order, "migrations " + listed(names) + " require each other in a circle",
                "Mend their options MIGRATION_REQUIRES: what is required must not come behind what requires it.");
  }

  TargetKind kind_;
  const PinnedSets& pins_;
  OutOfOrder out_of_order_;
  InDoubt in_doubt_;
  SetHistories& histories_;
  Unknown unknown_;
  std::map<const MigrationSet*, std::vector<Mark>> marks_;
  std::vector<Step> begun_;
  std::vector<Step> placed_;
};

/// Refuses steps down that a migration requires which is applied and not taken back itself; names the first of them.
class RequiredCheck {
 public:
  RequiredCheck(const std::vector<Step>& steps, SetHistories& histories) : steps_(steps), histories_(histories) {}

  void check() {
    std::set<const MigrationSet*> sets;
    for (const Step& step : steps_) sets.insert(step.set);
    for (const MigrationSet* const set : sets) {
      for (const std::string& other : histories_.sets_requiring(set->name())) look_at(*set, other);
    }
    if (found_.empty()) return;
    const auto& [position, set, migration] = *found_.begin();
    const Step by{&histories_.set(set), migration};
    throw Error(ErrorKind::still_required,
                migration_of(steps_[position]) + " is required by " + migration_of(by) + ", which is applied",
                "Take that one back first: downgrade set " + set + ".");
  }

 private:
  /// The place of the step, and what requires it.
  using Found = std::tuple<std::size_t, std::string, std::size_t>;

  [[nodiscard]] bool is_taken(const MigrationSet& set, std::size_t index) const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [&](const Step& step) { return step.set == &set && step.migration == index; });
  }

  void look_at(const MigrationSet& set, const std::string& other_name) {
    const MigrationSet& other = histories_.set(other_name);
    for (const AppliedMigration& row : histories_.applied(other_name)) {
      const std::optional<std::size_t> index = other.find(row.version);
      if (!index || is_taken(other, *index)) continue;
      for (const std::string& text : other[*index].required) {
        const LabelledVersion wanted = parse_requirement(text);
        const std::optional<std::size_t> step = wanted.set == set.name() ? step_against(set, wanted) : std::nullopt;
        if (step) found_.emplace(*step, other_name, *index);
      }
    }
  }

  [[nodiscard]] std::optional<std::size_t> step_against(const MigrationSet& set, const LabelledVersion& wanted) const {
    const std::optional<std::size_t> index = set.find(wanted.version);
    if (!index || *index >= set.versioned_count()) return std::nullopt;
    const std::vector<bool> needed = set.up_to(*index);
    const auto step = std::find_if(steps_.begin(), steps_.end(), [&](const Step& one) {
      return one.set == &set && one.migration < needed.size() && needed[one.migration];
    });
    if (step == steps_.end()) return std::nullopt;
    return static_cast<std::size_t>(step - steps_.begin());
  }

  const std::vector<Step>& steps_;
  SetHistories& histories_;
  std::set<Found> found_;
};

/// Where in a run the migration was applied last; the newest come first.
std::size_t place_in_run(const PlanRequest& request, std::string_view own, const Step& step) {
  const std::string label = version_label(own, step.set->name(), step.stored().version);
  const auto last = std::find(request.versions.rbegin(), request.versions.rend(), label);
  return static_cast<std::size_t>(request.versions.rend() - last);
}

/// A run may have applied migrations of other sets, too.
Plan rollback(const std::string& own, TargetKind kind, const PlanRequest& request, SetHistories& histories) {
  const MigrationSet& set = histories.set(own);
  std::map<std::string, std::vector<std::string>> of_others;
  for (const std::string& label : request.versions) {
    LabelledVersion named = labelled_version(own, label, set.find(label).has_value());
    if (named.set != own) of_others[named.set].push_back(std::move(named.version));
  }
  Plan plan = plan_rollback(set, kind, histories.applied(own), request.versions, request.in_doubt);
  for (const auto& [name, versions] : of_others) {
    const Plan other = plan_rollback(histories.set(name), kind, histories.applied(name), versions, request.in_doubt);
    std::vector<Step> steps;
    std::merge(plan.steps.begin(), plan.steps.end(), other.steps.begin(), other.steps.end(), std::back_inserter(steps),
               [&](const Step& left, const Step& right) {
                 return place_in_run(request, own, left) > place_in_run(request, own, right);
               });
    plan.steps = std::move(steps);
  }
  return plan;
}

Plan downgrade(const std::string& own, TargetKind kind, const PlanRequest& request, SetHistories& histories) {
  Plan plan = request.versions.empty()
                  ? plan_downgrade(histories.set(own), kind, histories.applied(own), request.revision, request.in_doubt)
                  : rollback(own, kind, request, histories);
  RequiredCheck(plan.steps, histories).check();
  return plan;
}

/// Sets of which nothing is applied.
class EmptyHistories : public SetHistories {
 public:
  explicit EmptyHistories(std::span<const MigrationSet* const> sets) : sets_(sets) {}

  const MigrationSet& set(const std::string& name) override {
    const auto found = std::find_if(sets_.begin(), sets_.end(), [&](const auto* one) { return one->name() == name; });
    return found == sets_.end() ? none_ : **found;
  }
  std::span<const AppliedMigration> applied(const std::string& /*set*/) override { return {}; }
  std::vector<std::string> sets_requiring(const std::string& /*set*/) override { return {}; }

 private:
  std::span<const MigrationSet* const> sets_;
  MigrationSet none_{"none", {}};
};

}  // namespace

LabelledVersion parse_requirement(std::string_view text) {
  const std::size_t at = std::min(text.find('@'), text.size());
  LabelledVersion requirement{std::string(text.substr(0, at)), std::string(text.substr(std::min(at + 1, text.size())))};
  if (is_set_name(requirement.set) && is_version(requirement.version)) return requirement;
  throw Error(ErrorKind::bad_value, quoted_text(text) + " names no set and version",
              "Write the name of a set, @ and a version, as in users@003.");
}

void check_required(const Migration& migration) {
  for (const std::string& text : migration.required) {
    if (parse_requirement(text).set != migration.set) continue;
    throw Error(ErrorKind::bad_value, quoted_text(text) + " is of the migration's own set",
                "What is required is of other sets. Within a set, MIGRATION_AFTER says what comes before.");
  }
}

std::vector<std::string> sets_required_by(const MigrationSet& set) {
  std::set<std::string> names;
  for (std::size_t index = 0; index < set.size(); ++index) {
    for (const std::string& text : set[index].required) names.insert(parse_requirement(text).set);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> with_required(const std::string& name,
                                       const std::function<const MigrationSet&(const std::string&)>& set_of) {
  std::vector<std::string> names{name};
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::string& required : sets_required_by(set_of(names[i]))) {
      if (std::find(names.begin(), names.end(), required) == names.end()) names.push_back(std::move(required));
    }
  }
  return names;
}

std::string version_label(std::string_view own, std::string_view set, std::string_view version) {
  return own == set ? std::string(version) : std::string(set) + "@" + std::string(version);
}

LabelledVersion labelled_version(std::string_view own, std::string_view label, bool is_own) {
  const std::size_t at = label.find('@');
  if (is_own || at == std::string_view::npos || !is_set_name(label.substr(0, at))) {
    return {std::string(own), std::string(label)};
  }
  return {std::string(label.substr(0, at)), std::string(label.substr(at + 1))};
}

Plan plan_target(const std::string& set, TargetKind kind, const PlanRequest& request, SetHistories& histories) {
  if (request.direction == Direction::down) return downgrade(set, kind, request, histories);
  const MigrationSet& own = histories.set(set);
  const std::span<const AppliedMigration> applied = histories.applied(set);
  Plan plan = request.pin ? plan_pinned_upgrade(own, kind, applied, request.revision, *request.pin,
                                                request.out_of_order, request.in_doubt)
                          : plan_upgrade(own, kind, applied, request.revision, request.out_of_order, request.in_doubt);
  const bool requires_any = std::any_of(plan.steps.begin(), plan.steps.end(),
                                        [](const Step& step) { return !step.stored().required.empty(); });
  if (!requires_any) return plan;
  PinnedSets pins = request.pins;
  // Whoever asks for the set itself may go beyond its pin, by not naming one.
  pins.erase(set);
  if (request.pin) pins.emplace(set, to_text(*request.pin));
  plan.steps = RequiredSteps(kind, request, pins, histories, Unknown::refuse).place(plan.steps);
  return plan;
}

Standing target_standing(const std::string& set, TargetKind kind, const PinnedSets& pins, OutOfOrder out_of_order,
                         SetHistories& histories) {
  const MigrationSet& own = histories.set(set);
  const std::span<const AppliedMigration> applied = histories.applied(set);
  const auto pin = pins.find(set);
  const bool is_held = pin != pins.end();
  Standing result =
      is_held ? pinned_standing(own, kind, applied, pin->second, out_of_order) : standing(own, kind, applied);
  if (result.state != Standing::State::behind || pins.empty()) return result;
  try {
    PlanRequest request{.pins = pins, .out_of_order = out_of_order};
    if (is_held) request.pin = parse_revision(pin->second);
    (void)plan_target(set, kind, request, histories);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::beyond_pin) return result;
    result.state = Standing::State::pinned;
    result.detail = error.what();
  }
  return result;
}

std::optional<Error> find_circle(std::span<const MigrationSet* const> sets) {
  EmptyHistories histories(sets);
  try {
    for (const MigrationSet* const set : sets) {
      const Plan plan = plan_upgrade(*set, TargetKind::combined, {}, {}, OutOfOrder::refuse);
      (void)RequiredSteps(TargetKind::combined, {}, {}, histories, Unknown::pass_over).place(plan.steps);
    }
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace tenancy::core
