// Every command of the application: a function each, which puts it on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "driver/command/context.h"

namespace tenancy::driver {

// Other
void add_config(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_help(CLI::App& app, Context& context);

}  // namespace tenancy::driver
