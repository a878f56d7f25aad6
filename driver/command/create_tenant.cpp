// tenancy create-tenant: a schema or a database, with every migration in it.
#include <fmt/core.h>

#include <memory>

#include "core/tracking_sql.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/command/selection_options.h"
#include "driver/fleet/server_directory.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

struct NewTenant {
  std::string id, isolation = "schema", migration_set = "default", revision = "head", labels = "{}";
  std::optional<std::string> schema{}, database{}, server{}, template_name{}, owner{}, tier{}, seed{}, run_as{};
};

awaitable<void> create_schema(Connection& control, const NewTenant& tenant) {
  Parameters parameters{tenant.id,    tenant.schema,   tenant.migration_set, tenant.tier,  tenant.labels,
                        tenant.owner, tenant.revision, tenant.seed,          tenant.run_as};
  (void)co_await control.query("SELECT tenancy.create_tenant($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9)",
                               std::move(parameters));
}

awaitable<void> create_database(Connection& control, const NewTenant& tenant) {
  Parameters parameters{tenant.id,   tenant.database, tenant.template_name, tenant.owner, tenant.migration_set,
                        tenant.tier, tenant.labels,   tenant.revision,      tenant.run_as};
  (void)co_await control.query(
      "CALL tenancy.create_tenant_database($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::jsonb,"
      "                                    $8::text, $9::text)",
      std::move(parameters));
}

/// Makes the database there and registers the tenant, or leaves nothing behind.
awaitable<void> create_on_server(Context& context, Connection& control, const NewTenant& tenant) {
  ServerDirectory servers(context.control_conninfo());
  co_await servers.read(control, kNoDeadline);
  Conninfo conninfo = servers.conninfo(*tenant.server, {});
  if (!conninfo.get("dbname") && !conninfo.get("service")) conninfo.set("dbname", "postgres");
  Deadline const deadline = std::chrono::steady_clock::now() + context.settings().lanes.connect_timeout;
  Connection there = co_await Connection::open(std::move(conninfo), deadline);
  std::string const database = tenant.database.value_or(tenant.id);
  std::string sql = "CREATE DATABASE " + core::quote_identifier(database);
  if (tenant.template_name) sql += " TEMPLATE " + core::quote_identifier(*tenant.template_name);
  if (tenant.owner) sql += " OWNER " + core::quote_identifier(*tenant.owner);
  (void)co_await there.query(sql);
  std::exception_ptr failure;
  try {
    Parameters parameters{tenant.id, database, tenant.server, tenant.migration_set, tenant.tier, tenant.labels};
    (void)co_await control.query(
        "SELECT tenancy.register_tenant($1, NULL, 'database', $2, $3, $4, tier => $5, labels => $6::jsonb)",
        std::move(parameters));
  } catch (const ServerError&) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  sql = "DROP DATABASE " + core::quote_identifier(database);
  (void)co_await there.query(sql);
  std::rethrow_exception(failure);
}

void check(const NewTenant& tenant) {
  bool const is_database = tenant.isolation == "database";
  if (!is_database && (tenant.database || tenant.server || tenant.template_name)) {
    throw UsageError("a tenant with a schema lives in the control database",
                     "For a database of its own, say --isolation database.");
  }
  if (is_database && (tenant.schema || tenant.seed)) {
    throw UsageError("--schema and --seed are for tenants with a schema", "Leave them out.");
  }
}

awaitable<ExitCode> create(Context& context, const NewTenant& tenant) {
  check(tenant);
  Connection control = co_await context.connect();
  co_await give_variables(control, context.settings().request);
  control.on_notice([](const ServerReport& report) {
    if (report.severity == "WARNING") fmt::print(stderr, "warning: {}\n", report.message);
  });
  bool const as_json = context.settings().output.json;
  if (tenant.server) {
    co_await create_on_server(context, control, tenant);
  } else if (tenant.isolation == "database") {
    co_await create_database(control, tenant);
  } else {
    co_await create_schema(control, tenant);
  }
  if (as_json) {
    print_json({{"id", tenant.id}, {"action", "created"}, {"migrated", !tenant.server}});
  } else if (tenant.server) {
    fmt::print("tenant {} was created; to migrate it: tenancy upgrade --tenant {}\n", tenant.id, tenant.id);
  } else {
    fmt::print("tenant {} was created\n", tenant.id);
  }
  co_return kDone;
}

}  // namespace

void add_create_tenant(CLI::App& app, Context& context) {
  auto const tenant = std::make_shared<NewTenant>();
  Command& command = add_command(
      app,
      {.name = "create-tenant",
       .group = kTenants,
       .summary = "Create a tenant: its schema or its database, with every migration in it",
       .details = "All of it or nothing. On another server, the database is made and the tenant is registered; tenancy "
                  "upgrade --tenant ID then migrates it.",
       .examples = {{"tenancy create-tenant acme --tier gold", "a schema acme"},
                    {"tenancy create-tenant globex --isolation database", "a database globex"},
                    {"tenancy create-tenant initech --isolation database --server eu1", "on another cluster"}}});
  command.add_option("TENANT", tenant->id, "id of the tenant")->required();
  command.add_option("--isolation", tenant->isolation, "schema or database [schema]")
      ->type_name("KIND")
      ->check(CLI::IsMember({"schema", "database"}));
  command.add_option("--schema", tenant->schema, "name of its schema [its id]")->type_name("NAME");
  command.add_option("--tenant-database", tenant->database, "name of its database [its id]")->type_name("NAME");
  command.add_option("--server", tenant->server, "server of its database [the control database's]")->type_name("NAME");
  command.add_option("--template", tenant->template_name, "template of its database")->type_name("NAME");
  command.add_option("--owner", tenant->owner, "owner of its schema or database")->type_name("ROLE");
  command.add_option("--tenant-set", tenant->migration_set, "its migration set [default]")->type_name("SET");
  command.add_option("--tier", tenant->tier, "its tier")->type_name("TIER");
  command
      .add_option_function<std::vector<std::string>>(
          "--label", [tenant](const std::vector<std::string>& items) { tenant->labels = labels_of(items); }, "a label")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--revision", tenant->revision, "migrate up to there [head]")->type_name("REVISION");
  command.add_option("--seed", tenant->seed, "SQL to run there behind the migrations")->type_name("SQL");
  add_setting_flags(command, context, {SettingGroup::json});
  add_variable_flag(command, context);
  set_action(command, context, [&context, tenant] { return context.run(create(context, *tenant)); });
}

}  // namespace tenancy::driver
