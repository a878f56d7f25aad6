// Everything that the driver can be told: by a configuration file, by environment variables, by flags.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/format.h"
#include "core/migration.h"
#include "driver/fleet/lane_options.h"
#include "driver/fleet/target.h"
#include "driver/output/output_options.h"

namespace tenancy::driver {

/// A folder whose migrations are a set of their own.
struct SetFolder {
  std::filesystem::path folder{};
  core::Scope scope = core::Scope::tenant;    ///< of files that do not say it
  std::optional<core::Format> file_format{};  ///< absent: found out

  friend bool operator==(const SetFolder&, const SetFolder&) = default;
};

/// A cluster that targets may live on, for standalone operations: the control database has its own list.
struct ServerSettings {
  std::string conninfo{};
  std::size_t max_connections = 0;  ///< targets at once there; 0: no other bound than `lanes`
};

/// A tenant that the configuration itself names.
struct StandaloneTenant {
  std::string server{};    ///< a name of Settings::servers; empty: that of `database`
  std::string database{};  ///< empty: that of `database`
  std::string schema{};    ///< empty: the tenant's id, or "public" in a database of its own
  std::string migration_set{core::kDefaultSet};
  std::vector<std::string> variables{};  ///< NAME=VALUE
};

/// Another tool whose own tables go along with a migration set; see core/tool_sync.h.
struct StandaloneSync {
  std::string tool{};
  std::string table{};         ///< empty: the tool's own
  std::string app{};           ///< whose rows: an app of Django's, a project of sqitch's
  std::string table_schema{};  ///< see core::tool_schema(); empty: the tool's own
};

/// A fleet without a control database: migrations come from files, tenants from here.
struct Standalone {
  bool enabled = false;
  std::string discover{};              ///< LIKE pattern of schemas
  std::string discover_databases{};    ///< LIKE pattern of databases; its tenants live in the schema public of each
  std::string query{};                 ///< whose rows are tenants: id, and optionally the other members of TenantPlace
  std::vector<std::string> tenants{};  ///< ids that are also names of schemas
  std::map<std::string, StandaloneTenant> targets{};  ///< by id
  std::map<std::string, StandaloneSync> sync{};       ///< by migration set
};

struct Settings {
  std::string database{};  ///< conninfo or URI of the control database; empty: libpq's PG* variables and defaults
  std::filesystem::path migrations{"migrations"};
  std::string migration_set{core::kDefaultSet};  ///< of files that do not say it
  core::Scope scope = core::Scope::tenant;       ///< of files that do not say it
  std::optional<core::Format> file_format{};     ///< absent: found out
  std::map<std::string, SetFolder> sets{};
  LaneOptions lanes{};
  Request request{};  ///< what does not depend on the command: revision and direction are the command's
  Standalone standalone{};
  std::map<std::string, ServerSettings> servers{};
  OutputOptions output{};
};

}  // namespace tenancy::driver
