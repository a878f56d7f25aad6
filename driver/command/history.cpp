// tenancy history: what is applied in one target, and when that was done.
#include <fmt/core.h>

#include <memory>

#include "core/tracking_sql.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/control_settings.h"
#include "driver/command/listing.h"
#include "driver/command/standalone_fleet.h"
#include "driver/fleet/find_target.h"
#include "driver/fleet/place.h"
#include "driver/fleet/server_directory.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

constexpr const char* kColumns =
    "SELECT migration_set, version, description, state, (extract(epoch FROM applied_at) * 1000000)::bigint, applied_by,"
    "       (extract(epoch FROM duration) * 1000000)::bigint, checksum FROM ";

/// Over a session with the target's database, whether the extension is there or not.
awaitable<Result> read_history(Connection& connection, const Target& target, const Request& request) {
  std::string const table =
      core::quote_identifier(target.schema) + "." + core::quote_identifier(request.tracking_table);
  std::string const sql = kColumns + ("ONLY " + table) + " ORDER BY applied_at, migration_set, version";
  try {
    co_return co_await connection.query(sql);
  } catch (const ServerError& error) {
    if (error.sqlstate() != "42P01") throw;
  }
  co_return Result();
}

/// Where the tenant is, or the shared schema, and what is recorded there.
struct TargetHistory {
  Target target;
  Result rows;
};

awaitable<Result> read_there(Context& context, const ServerDirectory& servers, const Target& target,
                             const Request& request) {
  Connection there = co_await context.connect_to(servers.conninfo(target.server, target.database));
  co_return co_await read_history(there, target, request);
}

awaitable<TargetHistory> read_standalone(Context& context, const std::optional<std::string>& tenant) {
  StandaloneFleet const fleet(context);
  const Request& request = context.settings().request;
  TargetHistory history{.target = {.schema = request.shared_schemas.front()}, .rows = {}};
  if (tenant) history.target = co_await fleet.target_of(*tenant);
  history.rows = co_await read_there(context, fleet.servers(), history.target, request);
  co_return history;
}

awaitable<TargetHistory> read_with_control(Context& context, const std::optional<std::string>& tenant) {
  Connection control = co_await context.connect();
  Request request = context.settings().request;
  co_await adopt_settings(control, context.configuration(), request, kNoDeadline);
  TargetHistory history{.target = {.schema = request.shared_schemas.front()}, .rows = {}};
  if (tenant) history.target = co_await find_target(control, *tenant, request.shared_schemas.front());
  if (place_of(history.target).is_control()) {
    history.rows = co_await read_history(control, history.target, request);
  } else {
    ServerDirectory servers(context.control_conninfo());
    co_await servers.read(control, kNoDeadline);
    history.rows = co_await read_there(context, servers, history.target, request);
  }
  co_return history;
}

awaitable<ExitCode> show_history(Context& context, std::optional<std::string> tenant) {
  bool const standalone = context.settings().standalone.enabled;
  TargetHistory history;
  if (standalone) {
    history = co_await read_standalone(context, tenant);
  } else {
    history = co_await read_with_control(context, tenant);
  }
  const Result& rows = history.rows;
  Listing listing({{"migration_set", "SET"},
                   {"version", "VERSION"},
                   {"description", "DESCRIPTION", ValueForm::text, true},
                   {"state", "STATE"},
                   {"applied_at", "APPLIED", ValueForm::moment},
                   {"applied_by", "BY"},
                   {"duration_ms", "TIME", ValueForm::microseconds},
                   {"checksum", ""}},
                  context.settings().output);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    listing.add(rows, row, rows.text(row, 3) == "applied" ? Color::none : Color::red);
  }
  listing.finish();
  if (listing.rows() == 0 && !context.settings().output.json)
    fmt::print("nothing is applied in {}\n", history.target.label());
  co_return kDone;
}

}  // namespace

void add_history(CLI::App& app, Context& context) {
  auto const tenant = std::make_shared<std::optional<std::string>>();
  Command& command =
      add_command(app, {.name = "history",
                        .group = kLook,
                        .summary = "Show what is applied in a tenant, and when that was done",
                        .details = "Read from the tenant's own tracking table, wherever it lives.",
                        .examples = {{"tenancy history acme", ""}, {"tenancy history", "the shared schema"}}});
  command.add_option("TENANT", *tenant, "id of the tenant [the shared schema]");
  add_setting_flags(command, context, {SettingGroup::json, SettingGroup::files, SettingGroup::standalone});
  add_setting_flags(command, context, {"tracking_table", "shared_schemas", "target_timeout"});
  set_action(command, context, [&context, tenant] { return context.run(show_history(context, *tenant)); });
}

}  // namespace tenancy::driver
