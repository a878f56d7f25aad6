#include <fmt/core.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/config/config_file.h"
#include "driver/files/source_folder.h"

namespace tenancy::driver {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfig =
    R"(# What tenancy works with here. Everything is optional; `tenancy config` shows all settings and what is in force.
# TENANCY_* variables and flags win over this file.

# The database with the extension: its name, a connection string, a URI or a service of pg_service.conf.
# Without it libpq's own variables count (PGHOST, PGDATABASE, ...). Passwords belong into ~/.pgpass.
# database = "postgresql://deploy@db.example.com/app"

migrations = "migrations"        # folder of the migration files, relative to this file

# concurrency = 10               # targets at once
# lock_timeout = "2s"            # for each lock wait of a migration; then it is tried again
# statement_timeout = "0"        # for each statement of a migration; 0: none
# max_failures = "5%"            # more failed targets stop an upgrade

# Chosen with --env prod, or TENANCY_ENV=prod; its settings win over those above.
# [env.prod]
# database = "service=app_prod"
# concurrency = 40
)";

constexpr std::string_view kFirstMigration =
    R"(-- The first migration: its number is in the name, and it runs in the schema of each tenant.
-- Options stand here, at the top; with MIGRATION_SCOPE public it would run once, in the schema that all share.
-- MIGRATION_SCOPE: tenant

-- UPGRADE
-- Names have no schema in front: search_path is the tenant's schema while this runs.
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- DOWNGRADE
DROP TABLE users;
)";

ExitCode make_starter_folder(const fs::path& folder) {
  std::array<std::pair<fs::path, std::string_view>, 2> const files{
      {{(folder / kConfigFileName).lexically_normal(), kConfig},
       {(folder / "migrations" / "001_create_users.sql").lexically_normal(), kFirstMigration}}};
  std::error_code error;
  for (const auto& [path, text] : files) {
    if (fs::exists(fs::symlink_status(path, error))) {
      throw UsageError(path.string() + " is there already: nothing was written",
                       "Name another folder: tenancy init DIR.");
    }
  }
  if (fs::exists(folder / "migrations", error) && !fs::is_empty(folder / "migrations", error)) {
    throw UsageError((folder / "migrations").string() + " has files already: nothing was written",
                     "Your migrations can stay where they are: write a tenancy.toml, or name them to tenancy load.");
  }
  for (const auto& [path, text] : files) {
    write_new_file(path, text);
    fmt::print("made {}\n", path.string());
  }
  fmt::print(
      "\nNext, in {}: say in {} where your database is, then\n"
      "  tenancy new add_something   # a further migration\n"
      "  tenancy load                # into the database, which needs the extension tenancy\n"
      "  tenancy create-tenant acme  # or, for tenants that are there: tenancy tenants discover PATTERN\n"
      "  tenancy upgrade             # every tenant\n",
      folder == fs::path(".") ? "this folder" : folder.string(), kConfigFileName);
  return kDone;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto const folder = std::make_shared<std::string>(".");
  Command& command =
      add_command(app, {.name = "init",
                        .group = kStart,
                        .summary = "Make a starter folder: a configuration file and a first migration",
                        .details = "Writes tenancy.toml and migrations/001_create_users.sql, both with comments. "
                                   "What is there already is never overwritten.",
                        .examples = {{"tenancy init", "in this folder"}, {"tenancy init db", "in the folder db"}}});
  command.add_option("DIR", *folder, "the folder [this one]");
  set_action(command, context, [folder] { return make_starter_folder(fs::path(*folder).lexically_normal()); });
}

}  // namespace tenancy::driver
