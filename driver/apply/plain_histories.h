// The sets of which one target has migrations, for planning by plain SQL.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/requirements.h"
#include "driver/apply/plain_batch.h"
#include "driver/apply/store.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// A look at a target, for planning.
class PlainHistories : public core::SetHistories {
 public:
  PlainHistories(const MigrationStore& store, const PlainFacts& facts, const std::string& own)
      : store_(store), facts_(facts), own_(own) {}

  const core::MigrationSet& set(const std::string& name) override { return store_.set(name); }
  std::span<const core::AppliedMigration> applied(const std::string& set) override { return facts_.rows_of(set, own_); }
  std::vector<std::string> sets_requiring(const std::string& set) override { return store_.sets_requiring(set); }

 private:
  const MigrationStore& store_;
  const PlainFacts& facts_;
  const std::string& own_;
};

/// The sets besides its own whose rows planning a target of that set takes.
[[nodiscard]] std::vector<std::string> other_sets_of(const MigrationStore& store, const std::string& set,
                                                     core::Direction direction);

/// The set of a step, when it is not the target's own.
[[nodiscard]] std::string other_set(const core::Step& step, const Target& target);

}  // namespace tenancy::driver
