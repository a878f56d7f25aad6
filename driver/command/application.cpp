#include "driver/command/application.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <exception>

namespace tenancy::driver {

int run_application(int argc, char** argv) {
  try {
    CLI::App app("Migrates a fleet of PostgreSQL tenants.", "tenancy");
    app.set_version_flag("--version", TENANCY_VERSION);
    app.require_subcommand(1);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? kDone : kUsage;
    }
    return kDone;
  } catch (const std::exception& error) {
    fmt::print(stderr, "tenancy: {}\n", error.what());
    return kUsage;
  }
}

}  // namespace tenancy::driver
