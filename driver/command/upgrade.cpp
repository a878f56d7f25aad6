// tenancy upgrade: the fleet goes up to a revision.
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/fleet_operation.h"

namespace tenancy::driver {

void add_upgrade(CLI::App& app, Context& context) {
  auto const arguments = std::make_shared<FleetArguments>();
  Command& command = add_command(
      app,
      {.name = "upgrade",
       .group = kMigrate,
       .summary = "Bring the fleet up to a revision",
       .details = "The shared schema goes first; when it fails, nothing else is tried. Then the tenants, each in a "
                  "transaction of its own: one that fails stays as it is and stops no other. Run it as often as "
                  "you like: what is done stays done.\n\n"
                  "It is a run of the control database: tenancy runs lists it, tenancy run retry tries again what "
                  "failed.\n\n"
                  "SIGINT or SIGTERM once lets the running targets finish, twice cancels them.",
       .examples = {{"tenancy upgrade", "everybody, to the newest migration"},
                    {"tenancy upgrade --revision 007 --tier gold", "some of them, up to a version"},
                    {"tenancy upgrade --tenant acme --tenant globex", "these tenants"},
                    {"tenancy upgrade --standalone --discover 'tenant\\_%'", "without the extension"}}});
  command.add_option("--revision", arguments->revision, "heads, head, or a version [heads]")->type_name("REVISION");
  add_fleet_options(command, context, arguments);
  set_action(command, context, [&context, arguments] { return run_fleet(context, *arguments); });
}

}  // namespace tenancy::driver
