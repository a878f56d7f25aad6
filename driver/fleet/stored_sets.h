// Migrations without their SQL, by their sets: what planning needs.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>

#include "core/migration_set.h"
#include "driver/connection/connection.h"

namespace tenancy::driver {

class StoredSets {
 public:
  void add(core::MigrationSet set);
  /// Empty when nothing is stored under that name.
  [[nodiscard]] const core::MigrationSet& set(const std::string& name) const;

 private:
  mutable std::map<std::string, core::MigrationSet> sets_;
};

/// Those of the control database. Throws ServerError.
boost::asio::awaitable<StoredSets> read_stored_sets(Connection& control);

}  // namespace tenancy::driver
