// The migration files of a revision of Alembic.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/migration.h"
#include "driver/alembic/project.h"

namespace tenancy::driver {

struct RevisionFileOptions {
  std::string schema{};                ///< the tenant's schema in the SQL, which is taken out; empty: there is none
  std::optional<core::Scope> scope{};  ///< nothing: what the folder's files are anyway
  std::optional<std::string> migration_set{};
};

struct RevisionFiles {
  std::vector<std::pair<std::filesystem::path, std::string>> files{};  ///< names and texts: NAME.up.sql, NAME.down.sql
  std::string unfinished{};  ///< why the SQL that goes up is to be written by hand; empty: it is not
  std::string note{};        ///< what somebody should look at
};

/// The files are named as the revision's own: 1975ea83b712_create_account.py becomes
/// 1975ea83b712_create_account.up.sql. Without SQL to go down that Alembic can render there is no down file, and the
/// migration is irreversible. Throws UsageError for a revision id that is no version.
[[nodiscard]] RevisionFiles files_of(const AlembicRevision& revision, const RevisionFileOptions& options);

}  // namespace tenancy::driver
