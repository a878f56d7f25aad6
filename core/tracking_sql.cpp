#include "core/tracking_sql.h"

#include "core/utf8.h"

namespace tenancy::core {

namespace {

/// All the other types are words of the grammar; `name` alone is looked up on the search_path, where a
/// tenant could have planted a type of that name.
std::string_view type_sql(std::string_view type) noexcept { return type == "name" ? "pg_catalog.name" : type; }

}  // namespace

std::string quote_identifier(std::string_view name) {
  std::string result;
  result.reserve(name.size() + 2);
  result += '"';
  for (const char c : name) {
    if (c == '"') result += '"';
    result += c;
  }
  result += '"';
  return result;
}

std::string create_tracking_table_sql(std::string_view schema, std::string_view table, PrimaryKey primary_key) {
  std::string sql = "CREATE TABLE " + quote_identifier(schema) + "." + quote_identifier(table) + " (";
  for (const TrackingColumn& column : kTrackingColumns) {
    if (&column != kTrackingColumns.data()) sql += ", ";
    sql += column.name;
    sql += ' ';
    sql += type_sql(column.type);
    if (column.name != "duration") sql += " NOT NULL";
  }
  if (primary_key == PrimaryKey::declared) {
    sql += ", PRIMARY KEY (";
    sql += kTrackingKey[0];
    sql += ", ";
    sql += kTrackingKey[1];
    sql += ")";
  }
  sql += ")";
  return sql;
}

std::string_view tracked_description(std::string_view description) noexcept {
  return first_characters(description, kTrackedDescriptionLength);
}

}  // namespace tenancy::core
