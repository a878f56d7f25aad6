// tenancy create-tenant: a schema or a database, with every migration in it.
#include <fmt/core.h>

#include <memory>

#include "core/text_array.h"
#include "core/tracking_sql.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/command/selection_options.h"
#include "driver/fleet/fleet_pages.h"
#include "driver/fleet/fleet_runners.h"
#include "driver/fleet/place.h"
#include "driver/fleet/server_directory.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

struct NewTenant {
  std::string id, isolation = "schema", migration_set = "default", revision = "heads", labels = "{}";
  std::optional<std::string> schema{}, database{}, server{}, template_name{}, owner{}, tier{}, seed{}, run_as{};
  std::vector<std::string> further_sets{};
};

awaitable<void> create_schema(Connection& control, const NewTenant& tenant) {
  Parameters parameters{
      tenant.id,    tenant.schema,   tenant.migration_set, tenant.tier,   tenant.labels,
      tenant.owner, tenant.revision, tenant.seed,          tenant.run_as, core::text_array(tenant.further_sets)};
  (void)co_await control.query(
      "SELECT tenancy.create_tenant($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, further_sets => $10::text[])",
      std::move(parameters));
}

awaitable<void> create_database(Connection& control, const NewTenant& tenant) {
  Parameters parameters{
      tenant.id,   tenant.database, tenant.template_name, tenant.owner,  tenant.migration_set,
      tenant.tier, tenant.labels,   tenant.revision,      tenant.run_as, core::text_array(tenant.further_sets)};
  (void)co_await control.query(
      "CALL tenancy.create_tenant_database($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::jsonb,"
      "                                    $8::text, $9::text, further_sets => $10::text[])",
      std::move(parameters));
}

/// A database of another server, from nothing to its last migration; what fails takes everything back.
class RemoteDatabase {
 public:
  RemoteDatabase(Context& context, Connection& control, const NewTenant& tenant)
      : context_(context),
        control_(control),
        tenant_(tenant),
        database_(tenant.database.value_or(tenant.id)),
        servers_(context.control_conninfo()) {}

  awaitable<void> create() {
    co_await servers_.read(control_, kNoDeadline);
    co_await connect();
    co_await create_database();
    std::exception_ptr failure;
    try {
      co_await register_tenant();
      if (tenant_.revision != "base") co_await migrate();
    } catch (...) {
      failure = std::current_exception();
    }
    if (!failure) co_return;
    co_await take_back();
    std::rethrow_exception(failure);
  }

 private:
  awaitable<void> connect() {
    Conninfo conninfo = servers_.conninfo(*tenant_.server, {});
    if (!conninfo.get("dbname") && !conninfo.get("service")) conninfo.set("dbname", "postgres");
    server_ = co_await context_.connect_to(std::move(conninfo));
  }

  awaitable<void> create_database() {
    std::string sql = "CREATE DATABASE " + core::quote_identifier(database_);
    if (tenant_.template_name) sql += " TEMPLATE " + core::quote_identifier(*tenant_.template_name);
    if (tenant_.owner) sql += " OWNER " + core::quote_identifier(*tenant_.owner);
    (void)co_await server_->query(sql);
  }

  awaitable<void> register_tenant() {
    Parameters parameters{tenant_.id,
                          database_,
                          tenant_.server,
                          tenant_.migration_set,
                          tenant_.tier,
                          tenant_.labels,
                          core::text_array(tenant_.further_sets)};
    (void)co_await control_.query(
        "SELECT tenancy.register_tenant($1, NULL, 'database', $2, $3, $4, tier => $5, labels => $6::jsonb,"
        "                               further_sets => $7::text[])",
        std::move(parameters));
    is_registered_ = true;
  }

  awaitable<void> migrate() {
    Request request = context_.settings().request;
    co_await adopt_settings(control_, context_.configuration(), request, kNoDeadline);
    request.revision_text = tenant_.revision;
    request.revision = core::parse_revision(tenant_.revision);
    std::vector<Target> const targets = co_await find_targets(request);
    FleetRunners runners(context_.io_context().get_executor(), request, FleetRunners::Way::called_where_possible,
                         [this] { return MigrationStore::read(control_, kNoDeadline); });
    Connection there = co_await context_.connect_to(servers_.conninfo(*tenant_.server, database_));
    TargetRunner* const runner = co_await runners.runner();
    for (const Target& target : targets) {
      Outcome const outcome = co_await runner->run(there, target, kNoDeadline);
      if (outcome.failure) throw ServerError(ServerError::Kind::refused, *outcome.failure);
    }
  }

  /// As an upgrade would see them, with their variables: one for each of its sets.
  awaitable<std::vector<Target>> find_targets(const Request& request) {
    FleetQuestion question{.settings = extension_settings(request)};
    question.selection.tenants = {tenant_.id};
    question.selection.shared = false;
    FleetPages pages(std::move(question));
    std::optional<FleetPage> page = co_await pages.next(control_);
    std::vector<Target> targets;
    for (PlannedTarget& planned : page.value().targets) targets.push_back(std::move(planned.target));
    co_return targets;
  }

  /// What cannot be taken back is said: the failure that led here counts.
  awaitable<void> take_back() {
    try {
      if (is_registered_) {
        Parameters parameters{tenant_.id};
        (void)co_await control_.query("SELECT tenancy.deregister_tenant($1)", std::move(parameters));
      }
      std::string const sql = "DROP DATABASE " + core::quote_identifier(database_) + " WITH (FORCE)";
      (void)co_await server_->query(sql);
    } catch (const ServerError& error) {
      fmt::print(stderr, "warning: database {} on server {}, or its registration, is left behind: {}\n", database_,
                 *tenant_.server, error.what());
    }
  }

  Context& context_;
  Connection& control_;
  const NewTenant& tenant_;
  std::string database_;
  ServerDirectory servers_;
  std::optional<Connection> server_;
  bool is_registered_ = false;
};

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
    RemoteDatabase database(context, control, tenant);
    co_await database.create();
  } else if (tenant.isolation == "database") {
    co_await create_database(control, tenant);
  } else {
    co_await create_schema(control, tenant);
  }
  if (as_json) {
    print_json({{"id", tenant.id}, {"action", "created"}});
  } else {
    fmt::print("tenant {} was created\n", tenant.id);
  }
  co_return kDone;
}

}  // namespace

void add_create_tenant(CLI::App& app, Context& context) {
  auto const tenant = std::make_shared<NewTenant>();
  Command& command = add_command(
      app, {.name = "create-tenant",
            .group = kTenants,
            .summary = "Create a tenant: its schema or its database, with every migration in it",
            .details = "All of it or nothing, also on another server.",
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
  add_further_set_option(command, tenant->further_sets);
  command.add_option("--tier", tenant->tier, "its tier")->type_name("TIER");
  add_label_option(
      command, [tenant](std::string labels) { tenant->labels = std::move(labels); }, "a label");
  command.add_option("--revision", tenant->revision, "migrate up to there [heads]")->type_name("REVISION");
  command.add_option("--seed", tenant->seed, "SQL to run there behind the migrations")->type_name("SQL");
  add_setting_flags(command, context, {SettingGroup::json});
  add_setting_flags(command, context, {"target_timeout"});
  add_variable_flag(command, context);
  set_action(command, context, [&context, tenant] { return context.run(create(context, *tenant)); });
}

}  // namespace tenancy::driver
