// The sets of which one target has migrations, where migrations of one set require those of another.
#pragma once

#include <map>

#include "extension/store.h"
#include "extension/target.h"
#include "extension/tool_sync.h"

#include "core/requirements.h"

namespace tenancy {

/// What the target holds of each set, read when it is first asked for.
class TargetHistories : public core::SetHistories {
 public:
  /// Reads the rows of the target's set. Throws PgError.
  using Read = std::function<std::vector<core::AppliedMigration>(const Target& of_set)>;

  /// `applied`: of the target's own set. All references must outlive the object.
  TargetHistories(Store& store, const Target& target, std::span<const core::AppliedMigration> applied, Read read)
      : store_(store), target_(target), applied_(applied), read_(std::move(read)) {}

  [[nodiscard]] const core::MigrationSet& set(const std::string& name) override { return store_.set(name); }
  [[nodiscard]] std::span<const core::AppliedMigration> applied(const std::string& set) override;
  [[nodiscard]] std::vector<std::string> sets_requiring(const std::string& set) override {
    return store_.sets_requiring(set);
  }

 private:
  Store& store_;
  const Target& target_;
  std::span<const core::AppliedMigration> applied_;
  Read read_;
  std::map<std::string, std::vector<core::AppliedMigration>> others_{};
};

/// The target as one of another set.
[[nodiscard]] Target with_set(const Target& target, const std::string& set);

/// The values of variables by set, for the sets of a plan that have any.
using SetVariables = std::map<const core::MigrationSet*, core::TargetVariables>;

/// What carrying out the steps of one set takes.
struct SetWork {
  Target target;  ///< of that set
  std::optional<core::TargetVariables> variables;
  TargetSync sync;
  std::size_t tracked;  ///< rows of the set in the tracking table
};

}  // namespace tenancy
