// Every command of the application: a function each, which puts it on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "driver/command/context.h"

namespace tenancy::driver {

// Start
void add_init(CLI::App& app, Context& context);
void add_new(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_load(CLI::App& app, Context& context);
void add_import_project(CLI::App& app, Context& context);
void add_adopt(CLI::App& app, Context& context);
void add_baseline(CLI::App& app, Context& context);

// Migrate
void add_upgrade(CLI::App& app, Context& context);
void add_downgrade(CLI::App& app, Context& context);
void add_migrate(CLI::App& app, Context& context);
void add_rollout(CLI::App& app, Context& context);

// Look
void add_status(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_history(CLI::App& app, Context& context);

// Tenants
void add_create_tenant(CLI::App& app, Context& context);
void add_tenants(CLI::App& app, Context& context);
void add_import(CLI::App& tenants, Context& context);  ///< a command of `tenants`
void add_servers(CLI::App& app, Context& context);

// Runs
void add_runs(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);

// Other
void add_config(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);
void add_help(CLI::App& app, Context& context);

}  // namespace tenancy::driver
