// tenancy downgrade: the fleet goes down to a revision.
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/fleet_operation.h"

namespace tenancy::driver {

void add_downgrade(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<FleetArguments>();
  arguments->direction = core::Direction::down;
  Command& command = add_command(
      app, {.name = "downgrade",
            .group = kMigrate,
            .summary = "Take the fleet down to a revision",
            .details = "The tenants go first, then the shared schema, unless a tenant was left out or failed. A target "
                       "with a migration that has no way down fails before anything runs there.",
            .examples = {{"tenancy downgrade 006", "what is newer than 006 is taken back"},
                         {"tenancy downgrade base --tenant acme", "everything, of one tenant"}}});
  arguments->revision.clear();
  CLI::Option* const argument = command.add_option("REVISION", arguments->revision, "a version, or base");
  command.add_option("--revision", arguments->revision, "the same")->type_name("REVISION")->excludes(argument);
  add_fleet_options(command, context, arguments);
  set_action(command, context, [&context, arguments] {
    if (arguments->revision.empty()) {
      throw UsageError("a downgrade needs a revision", "Say where to: tenancy downgrade 006, or base.");
    }
    return run_fleet(context, *arguments);
  });
}

}  // namespace tenancy::driver
