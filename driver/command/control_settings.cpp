#include "driver/command/control_settings.h"

#include <charconv>
#include <chrono>

#include "core/tracking_sql.h"
#include "driver/connection/text_array.h"

namespace tenancy::driver {

namespace {

// A call of the extension loads it, and with it the defaults of its settings.
constexpr const char* kSettings =
    "SELECT tenancy.tracking_table(), tenancy.shared_schemas()::text[], current_setting('tenancy.out_of_order'),"
    "       current_setting('tenancy.run_as'),"
    "       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'tenancy.lock_timeout'),"
    "       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'tenancy.statement_timeout')";
enum SettingColumn { kTrackingTable, kSharedSchemas, kOutOfOrder, kRunAs, kLockTimeout, kStatementTimeout };

std::chrono::milliseconds milliseconds_of(std::string_view text) {
  std::chrono::milliseconds::rep count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::chrono::milliseconds(count);
}

RunAs run_as_of(std::string_view text) {
  if (text == "caller") return RunAs::caller;
  return text == "owner" ? RunAs::owner : RunAs::automatic;
}

std::string_view word_of(RunAs run_as) {
  if (run_as == RunAs::caller) return "caller";
  return run_as == RunAs::owner ? "owner" : "auto";
}

std::string_view word_of(core::OutOfOrder out_of_order) {
  if (out_of_order == core::OutOfOrder::apply) return "apply";
  return out_of_order == core::OutOfOrder::skip ? "skip" : "refuse";
}

}  // namespace

boost::asio::awaitable<void> adopt_settings(Connection& control, const Configuration& configuration, Request& request,
                                            Deadline deadline) {
  Result const rows = co_await control.query(kSettings, {}, deadline);
  auto const text = [&](SettingColumn column) { return rows.text(0, column); };
  auto const is_open = [&](const char* key) { return !configuration.is_given(key); };
  if (is_open("tracking_table")) request.tracking_table = std::string(text(kTrackingTable));
  if (is_open("shared_schemas")) request.shared_schemas = parse_text_array(text(kSharedSchemas));
  if (is_open("out_of_order")) request.out_of_order = core::parse_out_of_order(text(kOutOfOrder));
  if (is_open("run_as")) request.run_as = run_as_of(text(kRunAs));
  if (is_open("lock_timeout")) request.lock_timeout = milliseconds_of(text(kLockTimeout));
  if (is_open("statement_timeout")) request.statement_timeout = milliseconds_of(text(kStatementTimeout));
}

std::vector<std::pair<std::string, std::string>> extension_settings(const Request& request) {
  std::string schemas;
  for (const std::string& schema : request.shared_schemas) {
    if (!schemas.empty()) schemas += ", ";
    schemas += core::quote_identifier(schema);
  }
  return {{"tenancy.tracking_table", request.tracking_table},
          {"tenancy.shared_schemas", std::move(schemas)},
          {"tenancy.out_of_order", std::string(word_of(request.out_of_order))},
          {"tenancy.run_as", std::string(word_of(request.run_as))},
          {"tenancy.lock_timeout", std::to_string(request.lock_timeout.count())},
          {"tenancy.statement_timeout", std::to_string(request.statement_timeout.count())}};
}

}  // namespace tenancy::driver
