// Migrations without their SQL, by their sets: what planning needs.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "core/plan.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

class StoredSets {
 public:
  void add(core::MigrationSet set);
  /// Empty when nothing is stored under that name.
  [[nodiscard]] const core::MigrationSet& set(const std::string& name) const;
  /// The sets with migrations that require some of that set.
  [[nodiscard]] std::vector<std::string> sets_requiring(const std::string& name) const;
  /// The sets besides its own whose rows planning a target of that set takes.
  [[nodiscard]] std::vector<std::string> others(const std::string& name, core::Direction direction) const;

 private:
  mutable std::map<std::string, core::MigrationSet> sets_;
};

/// Those of the control database. Throws ServerError.
boost::asio::awaitable<StoredSets> read_stored_sets(Connection& control);

}  // namespace tenancy::driver
