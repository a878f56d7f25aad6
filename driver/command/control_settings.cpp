#include "driver/command/control_settings.h"

#include <chrono>

#include "core/text_array.h"
#include "driver/fleet/extension_settings.h"

namespace tenancy::driver {

namespace {

// A call of the extension loads it, and with it the defaults of its settings.
constexpr const char* kSettings =
    "SELECT tenancy.tracking_table(), tenancy.shared_schemas()::text[], current_setting('tenancy.out_of_order'),"
    "       current_setting('tenancy.run_as'),"
    "       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'tenancy.lock_timeout'),"
    "       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'tenancy.statement_timeout'),"
    "       (SELECT array_agg(key || '=' || value)"
    "          FROM jsonb_each_text(nullif(current_setting('tenancy.variables'), '')::jsonb)),"
    "       current_setting('tenancy.asynchronous_commit')";
enum SettingColumn {
  kTrackingTable,
  kSharedSchemas,
  kOutOfOrder,
  kRunAs,
  kLockTimeout,
  kStatementTimeout,
  kVariables,
  kAsynchronous
};

RunAs run_as_of(std::string_view text) {
  if (text == "caller") return RunAs::caller;
  return text == "owner" ? RunAs::owner : RunAs::automatic;
}

}  // namespace

boost::asio::awaitable<void> adopt_settings(Connection& control, const Configuration& configuration, Request& request,
                                            Deadline deadline) {
  Result const rows = co_await control.query(kSettings, {}, deadline);
  auto const text = [&](SettingColumn column) { return rows.text(0, column); };
  auto const milliseconds = [&](SettingColumn column) { return std::chrono::milliseconds(rows.integer(0, column)); };
  auto const is_open = [&](const char* key) { return !configuration.is_given(key); };
  if (is_open("tracking_table")) request.tracking_table = std::string(text(kTrackingTable));
  if (is_open("shared_schemas")) request.shared_schemas = core::parse_text_array(text(kSharedSchemas));
  if (is_open("out_of_order")) request.out_of_order = core::parse_out_of_order(text(kOutOfOrder));
  if (is_open("run_as")) request.run_as = run_as_of(text(kRunAs));
  if (is_open("lock_timeout")) request.lock_timeout = milliseconds(kLockTimeout);
  if (is_open("statement_timeout")) request.statement_timeout = milliseconds(kStatementTimeout);
  if (is_open("asynchronous_commit")) request.asynchronous_commit = text(kAsynchronous) == "on";
  if (rows.is_null(0, kVariables)) co_return;
  for (const std::string& one : core::parse_text_array(text(kVariables))) {
    request.variables.insert(core::parse_assignment(one));  // what is there already wins
  }
}

boost::asio::awaitable<void> give_variables(Connection& control, const Request& request) {
  if (request.variables.empty()) co_return;
  Parameters parameters{kVariablesSetting, variables_setting(request.variables)};
  (void)co_await control.query("SELECT set_config($1, $2, false)", std::move(parameters));
}

}  // namespace tenancy::driver
