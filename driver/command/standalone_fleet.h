// A fleet without a control database: migrations from a folder, tenants as the settings name them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "driver/apply/store.h"
#include "driver/command/context.h"
#include "driver/fleet/selection.h"
#include "driver/fleet/server_directory.h"
#include "driver/fleet/target.h"

namespace tenancy::driver {

/// The migration files, and the tools whose tables go along with them. Throws UsageError, and core::Error for what is
/// wrong in them.
[[nodiscard]] MigrationStore standalone_store(const Settings& settings);

class StandaloneFleet {
 public:
  /// Reads the migration files. Throws UsageError, and core::Error for what is wrong in them. The context must outlive
  /// the object.
  explicit StandaloneFleet(Context& context);

  [[nodiscard]] MigrationStore& store() noexcept { return store_; }
  [[nodiscard]] const ServerDirectory& servers() const noexcept { return servers_; }

  /// Throws core::Error when no migration set knows the revision, or it is head and a target has several.
  void check_revision(const core::Revision& revision, const std::vector<Target>& targets) const;

  /// Of the selected tenants. Throws ServerError where they are looked for in a database, UsageError for a selection by
  /// what only a control database knows, and Failure for a tenant that nobody knows.
  boost::asio::awaitable<std::vector<Target>> targets(const Selection& selection, core::Direction direction) const;

  /// Of one tenant, whoever else shares it, and of one of its sets. Throws as targets() does.
  boost::asio::awaitable<Target> target_of(const std::string& tenant) const;

 private:
  Context& context_;
  MigrationStore store_;
  ServerDirectory servers_;
};

}  // namespace tenancy::driver
