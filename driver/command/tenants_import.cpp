// tenancy tenants import: tenants from a query or a CSV file.
#include <fmt/core.h>

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "core/tracking_sql.h"
#include "driver/command/command_line.h"
#include "driver/command/commands.h"
#include "driver/command/failure.h"
#include "driver/command/listing.h"
#include "driver/files/csv.h"
#include "driver/output/figures.h"

namespace tenancy::driver {

namespace {

using boost::asio::awaitable;

struct Import {
  std::string query, from, csv;
};

/// Rows of text with the names of their columns; what is empty or NULL says nothing.
struct Rows {
  std::vector<std::string> columns;
  boost::json::array objects;

  void add(std::size_t column, boost::json::object& object, const std::string& value) const {
    if (columns[column] == "labels") {
      object[columns[column]] = boost::json::parse(value);
    } else {
      object[columns[column]] = value;
    }
  }
};

std::string read_all(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw UsageError("cannot read " + file);
    text << in.rdbuf();
  }
  return text.str();
}

Rows rows_of_csv(const std::string& file) {
  std::vector<CsvRecord> const records = parse_csv(read_all(file));
  if (records.empty()) throw UsageError(file + " is empty", "Its first line names the columns: id, schema, tier, ….");
  Rows rows{records.front().values, {}};
  for (std::size_t i = 1; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    std::string const place = fmt::format("{} line {}", file, record.line);
    if (record.values.size() != rows.columns.size()) {
      throw UsageError(fmt::format("{}: {} values for {} columns", place, record.values.size(), rows.columns.size()));
    }
    boost::json::object object;
    try {
      for (std::size_t column = 0; column < record.values.size(); ++column) {
        if (!record.values[column].empty()) rows.add(column, object, record.values[column]);
      }
    } catch (const boost::system::system_error&) {
      throw UsageError(place + ": the labels are not JSON", "Write an object, such as {\"region\": \"eu\"}.");
    }
    rows.objects.push_back(std::move(object));
  }
  return rows;
}

awaitable<Rows> rows_of_query(Context& context, const Import& import) {
  Connection source = co_await context.connect_to(Conninfo::parse(import.from));
  Result const result = co_await source.query(import.query);
  Rows rows;
  for (std::size_t column = 0; column < result.columns(); ++column) rows.columns.emplace_back(result.name(column));
  for (std::size_t row = 0; row < result.rows(); ++row) {
    boost::json::object object;
    for (std::size_t column = 0; column < result.columns(); ++column) {
      if (!result.is_null(row, column)) rows.add(column, object, std::string(result.text(row, column)));
    }
    rows.objects.push_back(std::move(object));
  }
  co_return rows;
}

/// What stands behind AS of jsonb_to_recordset.
std::string columns_of(const Rows& rows) {
  std::string columns;
  for (const std::string& name : rows.columns) {
    columns += (columns.empty() ? "" : ", ") + core::quote_identifier(name) + (name == "labels" ? " jsonb" : " text");
  }
  return columns;
}

awaitable<ExitCode> import_tenants(Context& context, const Import& import) {
  std::string sql = "SELECT id, action FROM tenancy.register_from($1::text)";
  Parameters parameters{import.query};
  if (!import.csv.empty() || !import.from.empty()) {
    Rows rows;
    if (import.csv.empty()) {
      rows = co_await rows_of_query(context, import);
    } else {
      rows = rows_of_csv(import.csv);
    }
    sql =
        "SELECT id, action FROM tenancy.register_from("
        "  pg_catalog.format('SELECT * FROM jsonb_to_recordset(%L) AS q (%s)', $1::text, $2::text))";
    parameters = {boost::json::serialize(rows.objects), columns_of(rows)};
  }
  Connection control = co_await context.connect();
  std::map<std::string, std::size_t> counts{{"added", 0}, {"unchanged", 0}, {"updated", 0}};
  bool const as_json = context.settings().output.json;
  co_await control.stream(sql, std::move(parameters), [&](const Result& row) {
    std::string const action(row.text(0, 1));
    ++counts[action];
    if (as_json) print_json({{"id", std::string(row.text(0, 0))}, {"action", action}});
  });
  if (!as_json) {
    fmt::print("{} added, {} updated, {} unchanged\n", number_text(counts["added"]), number_text(counts["updated"]),
               number_text(counts["unchanged"]));
  }
  co_return kDone;
}

}  // namespace

void add_import(CLI::App& tenants, Context& context) {
  auto const import = std::make_shared<Import>();
  Command& command = add_command(
      tenants,
      {.name = "import",
       .summary = "Register tenants from a query or a CSV file",
       .details = "There must be a column id; the others may be schema, isolation, database, server, migration_set, "
                  "status, tier and labels (JSON). New tenants are added and those that differ are updated, all or "
                  "nothing; a value that is empty or NULL changes nothing. Repeat it as often as you like.",
       .examples = {{"tenancy tenants import --csv customers.csv", "- is standard input"},
                    {"tenancy tenants import --query 'SELECT slug AS id, plan AS tier FROM customers'", ""},
                    {"tenancy tenants import --from service=crm --query 'SELECT …'", "another database"}}});
  auto* const query = command.add_option("--query", import->query, "rows of this query")->type_name("SQL");
  command.add_option("--from", import->from, "database of the query [the control database]")
      ->type_name("CONNINFO")
      ->needs(query);
  command.add_option("--csv", import->csv, "a file whose first line names the columns")
      ->type_name("FILE")
      ->excludes(query);
  add_setting_flags(command, context, {SettingGroup::json});
  set_action(command, context, [&context, import] {
    if (import->query.empty() && import->csv.empty()) {
      throw UsageError("tenants import needs --query or --csv", "See tenancy tenants import --help.");
    }
    return context.run(import_tenants(context, *import));
  });
}

}  // namespace tenancy::driver
