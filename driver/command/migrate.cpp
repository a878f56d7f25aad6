// tenancy migrate public|tenants|tenant ID|all: upgrade, in the words that many teams use.
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/fleet_operation.h"

namespace tenancy::driver {

namespace {

/// What all of them take; `shared` and `tenants` say which part of the fleet they are about.
std::shared_ptr<FleetArguments> add_part(CLI::App& migrate, Context& context, const CommandWords& words, bool shared,
                                         bool tenants) {
  auto const arguments = std::make_shared<FleetArguments>();
  arguments->selection.shared = shared;
  arguments->selection.tenants_too = tenants;
  Command& command = add_command(migrate, words);
  command.add_option("--revision", arguments->revision, "heads, head, or a version [heads]")->type_name("REVISION");
  if (words.name == "tenant") {
    command.add_option("ID", arguments->selection.tenants, "id of the tenant")->required()->expected(1);
    add_way_options(command, context, arguments);
  } else {
    add_fleet_options(command, context, arguments);
  }
  set_action(command, context, [&context, arguments] { return run_fleet(context, *arguments); });
  return arguments;
}

}  // namespace

void add_migrate(CLI::App& app, Context& context) {
  Command& migrate = add_command(app, {.name = "migrate",
                                       .group = kMigrate,
                                       .summary = "Bring a part of the fleet up to a revision",
                                       .details = "As tenancy upgrade, for the part that is named."});
  add_part(migrate, context,
           {.name = "public",
            .summary = "The shared schema alone",
            .examples = {{"tenancy migrate public", "to the newest migration"}}},
           true, false);
  add_part(migrate, context,
           {.name = "tenants",
            .summary = "The tenants, without the shared schema",
            .examples = {{"tenancy migrate tenants --tier gold", "some of them"}}},
           false, true);
  add_part(migrate, context,
           {.name = "tenant",
            .summary = "One tenant",
            .examples = {{"tenancy migrate tenant acme", "to the newest migration"},
                         {"tenancy migrate tenant acme --revision +1", "one migration further"}}},
           false, true);
  add_part(migrate, context,
           {.name = "all",
            .summary = "The shared schema, then all tenants",
            .examples = {{"tenancy migrate all", "the same as tenancy upgrade"}}},
           true, true);
}

}  // namespace tenancy::driver
