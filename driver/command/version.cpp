#include <fmt/core.h>

#include <boost/json.hpp>
#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/connection/library_version.h"

namespace tenancy::driver {

namespace {

ExitCode show_version(bool as_json) {
  int const number = libpq_version();
  std::string const libpq = fmt::format("{}.{}", number / 10000, number % 10000);
  if (as_json) {
    fmt::print("{}\n", boost::json::serialize(boost::json::object{{"tenancy", TENANCY_VERSION}, {"libpq", libpq}}));
  } else {
    fmt::print("tenancy {}\nlibpq {}\n", TENANCY_VERSION, libpq);
  }
  return kDone;
}

}  // namespace

void add_version(CLI::App& app, Context& context) {
  Command& command = add_command(app, {.name = "version",
                                       .group = kOther,
                                       .summary = "Show the versions of tenancy and of libpq",
                                       .examples = {{"tenancy version --json", "for machines"}}});
  // No setting: the version can be had beside a broken configuration.
  auto const as_json = std::make_shared<bool>(false);
  command.add_flag("--json", *as_json, "JSON on standard output");
  set_action(command, context, [as_json] { return show_version(*as_json); });
}

}  // namespace tenancy::driver
