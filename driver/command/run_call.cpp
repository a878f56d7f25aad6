#include "driver/command/run_call.h"

#include <memory>
#include <regex>

#include "driver/fleet/database_run.h"
#include "driver/fleet/extension_settings.h"
#include "driver/output/console.h"

namespace tenancy::driver {

boost::asio::awaitable<Summary> call_run(Context& context, RunCall call) {
  Console console = standard_console(context.settings().output.color);
  std::unique_ptr<Reporter> const reporter = make_reporter(context.settings().output, console);
  const core::VariableMap& variables = context.settings().request.variables;
  if (call.settings.empty() && !variables.empty()) {
    call.settings.emplace_back(kVariablesSetting, variables_setting(variables));
  }
  DatabaseRun run{.heading = {.operation = std::move(call.operation),
                              .revision = std::move(call.revision),
                              .place = control_place(context),
                              .lanes = call.workers},
                  .call = std::move(call.statement),
                  .run = call.run,
                  .settings = std::move(call.settings),
                  .open = [&context] { return context.connect(); },
                  .reporter = *reporter};
  co_return co_await run_in_database(std::move(run));
}

std::string control_place(Context& context) {
  Conninfo const conninfo = context.control_conninfo();
  auto const value = [&](const char* keyword, const char* variable) {
    if (auto const given = conninfo.get(keyword); given && !given->empty()) return std::string(*given);
    return process_variable(variable).value_or("");
  };
  if (auto const service = conninfo.get("service"); service && !service->empty()) {
    return "service " + std::string(*service);
  }
  std::string database = value("dbname", "PGDATABASE");
  std::string host = value("host", "PGHOST");
  if (host.empty()) return database;
  return database.empty() ? host : database + " on " + host;
}

std::string in_commands(const std::string& text) {
  static const std::regex resume(R"(CALL tenancy\.resume\((\d+)\))");
  static const std::regex retry(R"(CALL tenancy\.retry_failed\((\d+)\))");
  static const std::regex report(R"(tenancy\.run_report\((\d+)\))");
  std::string result = std::regex_replace(text, resume, "tenancy run resume $1");
  result = std::regex_replace(result, retry, "tenancy run retry $1");
  return std::regex_replace(result, report, "tenancy run show $1");
}

}  // namespace tenancy::driver
