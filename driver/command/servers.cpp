// tenancy servers: the other clusters on which tenants live.
#include <fmt/core.h>

#include <memory>

#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/fleet/parallel.h"
#include "driver/fleet/server_directory.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

awaitable<ExitCode> list(Context& context) {
  Connection control = co_await context.connect();
  Result const rows = co_await control.query(
      "SELECT s.name, s.conninfo, s.max_connections, s.labels,"
      "       (SELECT count(*) FROM tenancy.tenants t WHERE t.server = s.name)"
      "  FROM tenancy.servers s ORDER BY s.name");
  Listing listing({{"name", "NAME"},
                   {"conninfo", "CONNINFO", ValueForm::text, true},
                   {"max_connections", "MAX", ValueForm::number},
                   {"labels", "", ValueForm::json},
                   {"tenants", "TENANTS", ValueForm::number}},
                  context.settings().output);
  for (std::size_t row = 0; row < rows.rows(); ++row) listing.add(rows, row);
  listing.finish();
  if (listing.rows() == 0 && !context.settings().output.json) {
    fmt::print("no servers: all tenants live on the cluster of the control database\n");
  }
  co_return kDone;
}

struct NewServer {
  std::string name, conninfo;
  std::optional<std::size_t> max_connections{};
};

awaitable<ExitCode> add(Context& context, const NewServer& server) {
  (void)Conninfo::parse(server.conninfo);
  Connection control = co_await context.connect();
  Parameters parameters{server.name, server.conninfo, {}};
  if (server.max_connections) parameters[2] = std::to_string(*server.max_connections);
  (void)co_await control.query("SELECT tenancy.register_server($1, $2, $3::integer)", std::move(parameters));
  if (!context.settings().output.json) fmt::print("server {} was added\n", server.name);
  co_return kDone;
}

awaitable<ExitCode> remove(Context& context, const std::string& name) {
  Connection control = co_await context.connect();
  Parameters parameters{name};
  (void)co_await control.query("SELECT tenancy.deregister_server($1)", std::move(parameters));
  if (!context.settings().output.json) fmt::print("server {} was removed\n", name);
  co_return kDone;
}

struct Checked {
  std::string name;
  std::string version{};
  std::string failure{};
  std::chrono::microseconds duration{0};
};

awaitable<void> check_one(Context& context, const ServerDirectory& servers, Checked& checked) {
  auto const begin = std::chrono::steady_clock::now();
  try {
    Conninfo conninfo = servers.conninfo(checked.name, {});
    // Its tenants have databases of their own: any will do.
    if (!conninfo.get("dbname") && !conninfo.get("service")) conninfo.set("dbname", "postgres");
    Deadline const deadline = begin + context.settings().lanes.connect_timeout;
    Connection connection = co_await Connection::open(std::move(conninfo), deadline);
    Result const rows = co_await connection.query("SHOW server_version", {}, deadline);
    checked.version = rows.text(0, 0);
  } catch (const ServerError& error) {
    checked.failure = error.what();
  }
  checked.duration = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
}

awaitable<ExitCode> check(Context& context, std::optional<std::string> only) {
  ServerDirectory servers(context.control_conninfo());
  std::vector<Checked> checked;
  {
    Connection control = co_await context.connect();
    co_await servers.read(control, kNoDeadline);
    Parameters parameters{only};
    Result const rows = co_await control.query(
        "SELECT name FROM tenancy.servers WHERE $1::text IS NULL OR name = $1 ORDER BY name", std::move(parameters));
    for (std::size_t row = 0; row < rows.rows(); ++row) checked.push_back({std::string(rows.text(row, 0))});
  }
  if (only && checked.empty()) throw Failure(kTargetsFailed, "server " + *only + " is not registered");
  co_await in_parallel(checked.size(), context.settings().lanes.lanes,
                       [&](std::size_t i) { return check_one(context, servers, checked[i]); });
  Listing listing({{"name", "NAME"},
                   {"reached", "REACHED", ValueForm::truth},
                   {"version", "VERSION"},
                   {"duration_ms", "TIME", ValueForm::microseconds},
                   {"error", "ERROR", ValueForm::text, true}},
                  context.settings().output);
  bool all_reached = true;
  for (const Checked& one : checked) {
    bool const reached = one.failure.empty();
    all_reached = all_reached && reached;
    listing.add({one.name, reached ? "t" : "f", reached ? std::optional(one.version) : std::nullopt,
                 std::to_string(one.duration.count()), reached ? std::nullopt : std::optional(one.failure)},
                reached ? Color::none : Color::red);
  }
  listing.finish();
  co_return all_reached ? kDone : kCannotConnect;
}

void add_server_list(CLI::App& servers, Context& context) {
  Command& command =
      add_command(servers, {.name = "list", .summary = "List the servers and how many tenants each has"});
  add_setting_flags(command, context, {SettingGroup::json});
  add_setting_flags(command, context, {"target_timeout"});
  set_action(command, context, [&context] { return context.run(list(context)); });
}

void add_server(CLI::App& servers, Context& context) {
  auto const server = std::make_shared<NewServer>();
  Command& command = add_command(
      servers, {.name = "add",
                .summary = "Give another cluster a name",
                .details = "The connection string is libpq's: keywords and values, a URI, or service=NAME. It is kept "
                           "in the control database, so it must have no password: put that into ~/.pgpass, a service "
                           "file or PGPASSWORD.",
                .examples = {{"tenancy servers add eu1 'host=eu1.example.com sslmode=verify-full'", ""},
                             {"tenancy servers add us1 service=us1 --max-connections 20", "at most 20 at once"}}});
  command.add_option("NAME", server->name, "name of the server")->required();
  command.add_option("CONNINFO", server->conninfo, "how to connect to it")->required();
  command.add_option("--max-connections", server->max_connections, "connections to it at once, at most")
      ->type_name("N")
      ->check(CLI::Range(1, 10000));
  add_setting_flags(command, context, {SettingGroup::json});
  add_setting_flags(command, context, {"target_timeout"});
  set_action(command, context, [&context, server] { return context.run(add(context, *server)); });
}

void add_server_removal(CLI::App& servers, Context& context) {
  auto const name = std::make_shared<std::string>();
  Command& command = add_command(
      servers,
      {.name = "remove", .summary = "Forget a server on which no tenant lives", .details = "", .examples = {}});
  command.add_option("NAME", *name, "name of the server")->required();
  add_setting_flags(command, context, {SettingGroup::json});
  add_setting_flags(command, context, {"target_timeout"});
  set_action(command, context, [&context, name] { return context.run(remove(context, *name)); });
}

void add_server_check(CLI::App& servers, Context& context) {
  auto const name = std::make_shared<std::optional<std::string>>();
  Command& command = add_command(servers, {.name = "check",
                                           .summary = "Connect to each server",
                                           .details = "The exit code is 4 when one cannot be reached."});
  command.add_option("NAME", *name, "this server alone");
  add_setting_flags(command, context, {SettingGroup::json});
  add_setting_flags(command, context, {"target_timeout"});
  set_action(command, context, [&context, name] { return context.run(check(context, *name)); });
}

}  // namespace

void add_servers(CLI::App& app, Context& context) {
  Command& servers =
      add_command(app, {.name = "servers",
                        .group = kTenants,
                        .summary = "Name the other clusters on which tenants live",
                        .details = "Tenants without a server live on the cluster of the control database."});
  add_server_list(servers, context);
  add_server(servers, context);
  add_server_removal(servers, context);
  add_server_check(servers, context);
}

}  // namespace tenancy::driver
