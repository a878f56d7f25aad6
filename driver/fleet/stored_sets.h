// Migrations without their SQL, by their sets, and what one target holds of each: what planning needs.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/requirements.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

class StoredSets {
 public:
  void add(core::MigrationSet set);
  /// Empty when nothing is stored under that name.
  [[nodiscard]] const core::MigrationSet& set(const std::string& name) const;
  /// The set and all that its migrations require, directly or not; it comes first.
  [[nodiscard]] std::vector<std::string> with_required(const std::string& name) const;
  /// The sets with migrations that require some of that set.
  [[nodiscard]] std::vector<std::string> sets_requiring(const std::string& name) const;
  /// The sets besides its own whose rows planning a target of that set takes.
  [[nodiscard]] std::vector<std::string> others(const std::string& name, core::Direction direction) const;

 private:
  mutable std::map<std::string, core::MigrationSet> sets_;  ///< also those that were asked for and are empty
};

/// Of one target, for planning.
class StoredHistories : public core::SetHistories {
 public:
  /// What the target holds of a set, whose name is the argument.
  using Applied = std::function<std::span<const core::AppliedMigration>(const std::string& set)>;

  /// `sets` must outlive the object.
  StoredHistories(const StoredSets& sets, Applied applied) : sets_(sets), applied_(std::move(applied)) {}

  const core::MigrationSet& set(const std::string& name) override { return sets_.set(name); }
  std::span<const core::AppliedMigration> applied(const std::string& set) override { return applied_(set); }
  std::vector<std::string> sets_requiring(const std::string& set) override { return sets_.sets_requiring(set); }

 private:
  const StoredSets& sets_;
  Applied applied_;
};

/// Those of the control database. Throws ServerError.
boost::asio::awaitable<StoredSets> read_stored_sets(Connection& control);

}  // namespace tenancy::driver
