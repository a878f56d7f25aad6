// What migrations of one set require of other sets, in the same schema.
//
// A requirement `users@003` means: before the migration goes up, set users is at 003 there, or past it. An upgrade
// applies what is missing first; a downgrade that would take it away again is refused.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/plan.h"

namespace tenancy::core {

/// A migration as lists and options name it: "users@003".
struct LabelledVersion {
  std::string set;
  std::string version;

  friend bool operator==(const LabelledVersion&, const LabelledVersion&) = default;
};

/// "users@003"; throws Error(bad_value).
[[nodiscard]] LabelledVersion parse_requirement(std::string_view text);

/// Throws Error(bad_value) for what a migration cannot require: what is badly written, and its own set.
void check_required(const Migration& migration);

/// The names of the sets that migrations of the set require, in order.
[[nodiscard]] std::vector<std::string> sets_required_by(const MigrationSet& set);

/// The set of that name and all that its migrations require, directly or not; it comes first.
[[nodiscard]] std::vector<std::string> with_required(
    const std::string& name, const std::function<const MigrationSet&(const std::string&)>& set_of);

/// The version in a list about a target of set `own`: "003", and "users@003" of another set.
[[nodiscard]] std::string version_label(std::string_view own, std::string_view set, std::string_view version);

/// The set and version that such a label means. Versions may hold an @ themselves: `is_own` says that the label is
/// known to be a version of set `own`.
[[nodiscard]] LabelledVersion labelled_version(std::string_view own, std::string_view label, bool is_own);

/// The sets of a store, and what one target holds of each. What it returns must stay as it is while plans are made.
class SetHistories {
 public:
  virtual ~SetHistories() = default;
  /// Empty when there is none of that name.
  [[nodiscard]] virtual const MigrationSet& set(const std::string& name) = 0;
  [[nodiscard]] virtual std::span<const AppliedMigration> applied(const std::string& set) = 0;
  /// The sets with migrations that require some of that set.
  [[nodiscard]] virtual std::vector<std::string> sets_requiring(const std::string& set) = 0;
};

/// What holds the sets of a schema back: revisions by set.
using PinnedSets = std::map<std::string, std::string, std::less<>>;

/// What is asked of one target.
struct PlanRequest {
  Direction direction = Direction::up;
  Revision revision{};
  std::optional<Revision> pin{};            ///< upwards; it holds the target's own set
  PinnedSets pins{};                        ///< upwards; they hold the other sets of its schema
  std::span<const std::string> versions{};  ///< downwards: exactly these, as version_label() has them, in the order
                                            ///< in which they were applied
  OutOfOrder out_of_order = OutOfOrder::refuse;
  InDoubt in_doubt = InDoubt::refuse;
};

/// The plan for a target of the set, by plan_upgrade(), plan_pinned_upgrade(), plan_downgrade() or plan_rollback(), and
/// over all sets: upwards the steps of other sets stand before the first step that needs them. Its revisions are those
/// of the target's own set. Throws what these throw, and upwards Error(unknown_requirement) for what is not stored,
/// Error(beyond_pin) for what a pin of that set does not allow, and Error(bad_order) for migrations that require each
/// other; downwards Error(still_required) for a step that an applied migration of another set requires.
[[nodiscard]] Plan plan_target(const std::string& set, TargetKind kind, const PlanRequest& request,
                               SetHistories& histories);

/// Where a target of the set stands, as pinned_standing() says, or standing() where no pin holds the set itself. It is
/// pinned also where a pin of another set in its schema is why plan_target() refuses to take it to heads; `detail` then
/// names what requires what. `pins`: of all sets in its schema. Never throws for what the target holds.
[[nodiscard]] Standing target_standing(const std::string& set, TargetKind kind, const PinnedSets& pins,
                                       OutOfOrder out_of_order, SetHistories& histories);

/// What is wrong among the sets themselves: circles. The message of the first; nothing when all is well. What is not
/// stored is passed over.
[[nodiscard]] std::optional<Error> find_circle(std::span<const MigrationSet* const> sets);

}  // namespace tenancy::core
