// tenancy tenants: who is registered, and where each one lives.
#include <fmt/core.h>

#include <memory>

#include "core/text_array.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/listing.h"
#include "driver/command/selection_options.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

constexpr const char* kList =
    "SELECT id, isolation, server, database, schema, migration_set, further_sets, status, tier, labels, "
    "pinned_revision,"
    "       (extract(epoch FROM created_at) * 1000000)::bigint"
    "  FROM tenancy.tenants"
    " WHERE ($1::text IS NULL OR id LIKE $1) AND ($2::text IS NULL OR tier = $2)"
    "   AND ($3::jsonb IS NULL OR labels @> $3) AND ($4::text[] IS NULL OR status = ANY ($4))"
    "   AND ($5::text IS NULL OR $5 = ANY (migration_set || further_sets)) AND ($6::text[] IS NULL OR id = ANY ($6))"
    "   AND ($7::text IS NULL OR coalesce(server, '') = $7)"
    " ORDER BY id";

awaitable<ExitCode> list(Context& context, const Selection& selection) {
  Connection control = co_await context.connect();
  Listing listing({{"id", "TENANT", ValueForm::text, true},
                   {"isolation", "ISOLATION"},
                   {"server", "SERVER"},
                   {"database", "DATABASE", ValueForm::text, true},
                   {"schema", "SCHEMA", ValueForm::text, true},
                   {"migration_set", "SET"},
                   {"further_sets", "FURTHER SETS", ValueForm::texts},
                   {"status", "STATUS"},
                   {"tier", "TIER"},
                   {"labels", "LABELS", ValueForm::json, true},
                   {"pinned_revision", "PINNED"},
                   {"created_at", "", ValueForm::moment}},
                  context.settings().output);
  Parameters parameters{selection.pattern,       selection.tier,
                        selection.labels,        core::text_array_or_null(selection.statuses),
                        selection.migration_set, core::text_array_or_null(selection.tenants),
                        selection.server};
  co_await control.stream(kList, std::move(parameters), [&](const Result& row) { listing.add(row, 0); });
  listing.finish();
  if (listing.rows() == 0 && !context.settings().output.json) fmt::print("no tenants\n");
  co_return kDone;
}

struct NewTenant {
  std::string id, isolation = "schema", migration_set = "default", status = "active", labels = "{}";
  std::optional<std::string> schema{}, database{}, server{}, tier{};
  std::vector<std::string> further_sets{};
};

awaitable<ExitCode> add(Context& context, const NewTenant& tenant) {
  Connection control = co_await context.connect();
  Parameters parameters{tenant.id,        tenant.schema,
                        tenant.isolation, tenant.database,
                        tenant.server,    tenant.migration_set,
                        tenant.status,    tenant.tier,
                        tenant.labels,    core::text_array(tenant.further_sets)};
  (void)co_await control.query("SELECT tenancy.register_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::text[])",
                               std::move(parameters));
  if (!context.settings().output.json) fmt::print("tenant {} was registered\n", tenant.id);
  co_return kDone;
}

/// Prints the ids that a statement returns, and how many they are.
awaitable<ExitCode> change(Context& context, std::string sql, Parameters parameters, std::string what) {
  Connection control = co_await context.connect();
  Result const rows = co_await control.query(sql, std::move(parameters));
  bool const as_json = context.settings().output.json;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (as_json) print_json({{"id", std::string(rows.text(row, 0))}, {"action", what}});
  }
  if (!as_json) fmt::print("{} {}\n", counted(rows.rows(), "tenant was", "tenants were"), what);
  co_return kDone;
}

struct Found {
  std::string pattern, migration_set = "default";
  std::optional<std::string> tier{};
  std::vector<std::string> further_sets{};
};

void add_list(CLI::App& tenants, Context& context) {
  auto const selection = std::make_shared<Selection>();
  selection->statuses.clear();
  Command& command = add_command(tenants, {.name = "list",
                                           .summary = "List the tenants",
                                           .examples = {{"tenancy tenants list --tier gold", ""},
                                                        {"tenancy tenants list --status suspended --json", ""}}});
  add_selection_options(command, selection);
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, selection] { return context.run(list(context, *selection)); });
}

void add_add(CLI::App& tenants, Context& context) {
  auto const tenant = std::make_shared<NewTenant>();
  Command& command = add_command(
      tenants,
      {.name = "add",
       .summary = "Register a tenant whose schema or database exists",
       .details = "Changes nothing there. To make a new one, use tenancy create-tenant.",
       .examples = {{"tenancy tenants add acme --tier gold", "whose schema is acme"},
                    {"tenancy tenants add globex --isolation database --tenant-database globex_db --server eu1", ""},
                    {"tenancy tenants add initech --isolation rls --schema shared_app", "rows in a shared schema"}}});
  command.add_option("TENANT", tenant->id, "id of the tenant")->required();
  command.add_option("--schema", tenant->schema, "its schema [its id; public in a database of its own]")
      ->type_name("NAME");
  command.add_option("--isolation", tenant->isolation, "schema, database or rls [schema]")
      ->type_name("KIND")
      ->check(CLI::IsMember({"schema", "database", "rls"}));
  // --database is the control database.
  command.add_option("--tenant-database", tenant->database, "the database it lives in [the control database]")
      ->type_name("NAME");
  command.add_option("--server", tenant->server, "the server it lives on [the control database's]")->type_name("NAME");
  command.add_option("--tenant-set", tenant->migration_set, "its migration set [default]")->type_name("SET");
  add_further_set_option(command, tenant->further_sets);
  command.add_option("--status", tenant->status, "active, suspended or archived [active]")->type_name("STATUS");
  command.add_option("--tier", tenant->tier, "its tier")->type_name("TIER");
  add_label_option(
      command, [tenant](std::string labels) { tenant->labels = std::move(labels); }, "a label");
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, tenant] { return context.run(add(context, *tenant)); });
}

void add_discover(CLI::App& tenants, Context& context) {
  auto const found = std::make_shared<Found>();
  Command& command = add_command(
      tenants, {.name = "discover",
                .summary = "Register the schemas of the control database that are LIKE a pattern",
                .details = "Those that a tenant has already are passed over. The id is the name of the schema.",
                .examples = {{"tenancy tenants discover 'tenant\\_%'", ""}}});
  command.add_option("PATTERN", found->pattern, "LIKE pattern of the names of schemas")->required();
  command.add_option("--tenant-set", found->migration_set, "their migration set [default]")->type_name("SET");
  add_further_set_option(command, found->further_sets);
  command.add_option("--tier", found->tier, "their tier")->type_name("TIER");
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, found] {
    return context.run(change(
        context, "SELECT id FROM tenancy.discover($1, $2, $3, $4::text[])",
        {found->pattern, found->migration_set, found->tier, core::text_array(found->further_sets)}, "registered"));
  });
}

/// add-set and remove-set.
void add_set_change(CLI::App& tenants, Context& context, CommandWords words, std::string function, std::string what) {
  auto const set = std::make_shared<std::string>();
  auto const ids = std::make_shared<std::vector<std::string>>();
  Command& command = add_command(tenants, std::move(words));
  command.add_option("SET", *set, "a migration set")->required();
  command.add_option("TENANT", *ids, "ids of tenants")->required();
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, set, ids, function = std::move(function), what = std::move(what)] {
    return context.run(
        change(context, "SELECT r.id FROM unnest($1::text[]) AS one, LATERAL tenancy." + function + "(one, $2) AS r",
               {core::text_array(*ids), *set}, what));
  });
}

/// A command that does the same to each of the tenants it is given.
void add_change(CLI::App& tenants, Context& context, CommandWords words, std::string call, std::string what) {
  auto const ids = std::make_shared<std::vector<std::string>>();
  Command& command = add_command(tenants, std::move(words));
  command.add_option("TENANT", *ids, "ids of tenants")->required();
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, ids, call = std::move(call), what = std::move(what)] {
    return context.run(change(context, "SELECT r.id FROM unnest($1::text[]) AS one, LATERAL " + call + " AS r",
                              {core::text_array(*ids)}, what));
  });
}

void add_pin(CLI::App& tenants, Context& context) {
  auto const id = std::make_shared<std::string>();
  auto const revision = std::make_shared<std::string>();
  Command& command = add_command(tenants, {.name = "pin",
                                           .summary = "Hold a tenant back at a revision",
                                           .details = "Fleet operations do not take it further up.",
                                           .examples = {{"tenancy tenants pin acme 012", ""}}});
  command.add_option("TENANT", *id, "id of the tenant")->required();
  command.add_option("REVISION", *revision, "a version, or base")->required();
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, id, revision] {
    return context.run(change(context, "SELECT id FROM tenancy.pin_tenant($1, $2)", {*id, *revision}, "pinned"));
  });
}

}  // namespace

void add_tenants(CLI::App& app, Context& context) {
  Command& tenants = add_command(
      app, {.name = "tenants",
            .group = kTenants,
            .summary = "Register tenants, and say what is to be done with them",
            .examples = {{"tenancy tenants list", ""}, {"tenancy tenants import --csv customers.csv", ""}}});
  add_list(tenants, context);
  add_add(tenants, context);
  add_discover(tenants, context);
  add_import(tenants, context);
  add_change(tenants, context,
             {.name = "suspend",
              .summary = "Leave tenants out of fleet operations",
              .details = "They can still be asked for: --status suspended, or by their ids."},
             "tenancy.set_tenant_status(one, 'suspended')", "suspended");
  add_change(tenants, context, {.name = "activate", .summary = "Let fleet operations have them again"},
             "tenancy.set_tenant_status(one, 'active')", "activated");
  add_change(tenants, context, {.name = "archive", .summary = "Leave tenants out that are not to come back"},
             "tenancy.set_tenant_status(one, 'archived')", "archived");
  add_pin(tenants, context);
  add_change(tenants, context, {.name = "unpin", .summary = "Let tenants that are held back go again"},
             "tenancy.pin_tenant(one, NULL)", "unpinned");
  add_set_change(tenants, context,
                 {.name = "add-set",
                  .summary = "Give tenants a further migration set",
                  .details = "The next upgrade applies it.",
                  .examples = {{"tenancy tenants add-set analytics acme globex", ""}}},
                 "add_tenant_set", "changed");
  add_set_change(tenants, context,
                 {.name = "remove-set",
                  .summary = "Take a further migration set from tenants",
                  .details = "What it has made in their schemas stays as it is."},
                 "remove_tenant_set", "changed");
  add_change(tenants, context,
             {.name = "remove",
              .summary = "Forget tenants",
              .details = "Their schemas, their data and their tracking tables stay as they are."},
             "tenancy.deregister_tenant(one)", "removed");
}

}  // namespace tenancy::driver
