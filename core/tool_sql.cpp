#include "core/tool_sql.h"

#include <algorithm>

#include "core/text_array.h"
#include "core/tracking_sql.h"

namespace tenancy::core {

namespace {

std::string qualified(std::string_view schema, std::string_view table) {
  return quote_identifier(schema) + "." + quote_identifier(table);
}

/// A column as text; NULL where the tool has none.
std::string text_of(const std::string& column) {
  return column.empty() ? "NULL::text" : quote_identifier(column) + "::text";
}

}  // namespace

std::string replaced(std::string_view sql, std::string_view mark, std::string_view name) {
  std::string result;
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = std::min(sql.find(mark, at), sql.size());
    result += sql.substr(at, end - at);
    if (end < sql.size()) result += name;
    at = end + mark.size();
  }
  return result;
}

TargetStatement read_presence(const TargetPlace& place, const HistoryTool& tool, std::string_view schema) {
  return {"SELECT to_regclass($1) IS NOT NULL, to_regclass($2) IS NOT NULL",
          {qualified(place.schema, place.tracking_table), qualified(schema, tool.table)}};
}

TargetStatement lock_tool_table(const HistoryTool& tool, std::string_view schema) {
  return {"LOCK TABLE ONLY " + qualified(schema, tool.table) + " IN ACCESS SHARE MODE"};
}

TargetStatement check_tool_table(const HistoryTool& tool, std::string_view schema) {
  std::vector<std::string> columns;
  for (const std::string_view column : columns_of(tool)) columns.emplace_back(column);
  return {
      raise("coalesce((SELECT 'tool_table#\"' || $3 || '\" is not a plain table' FROM pg_class WHERE oid = "
            "to_regclass($1) AND (relkind <> 'r' OR relrowsecurity OR relhasrules)), "
            "(SELECT 'tool_column#table \"' || $3 || '\" has no column \"' || c || '\"' FROM unnest($2::text[]) AS c "
            "WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = c AND attnum "
            "> 0 AND NOT attisdropped) LIMIT 1), "
            "(SELECT 'tool_type#column \"' || attname || '\" of table \"' || $3 || '\" has a type of its own' FROM "
            "pg_attribute JOIN pg_type t ON t.oid = atttypid WHERE attrelid = to_regclass($1) AND attname = ANY "
            "($2::text[]) AND NOT attisdropped AND CASE typtype WHEN 'd' THEN typbasetype ELSE t.oid END >= 16384 "
            "LIMIT 1))"),
      {qualified(schema, tool.table), text_array(columns), tool.table}};
}

TargetStatement read_tool_rows(const HistoryTool& tool, std::string_view schema) {
  const std::string applied_at =
      tool.applied_at.empty()
          ? "0::int8"
          : "coalesce((extract(epoch FROM " + quote_identifier(tool.applied_at) + "::timestamptz) * 1000000)::int8, 0)";
  // Booleans as they are printed: t and f.
  return {"SELECT " + text_of(tool.version) + ", left(" + text_of(tool.state) + ", 1), " + text_of(tool.kind) + ", " +
          text_of(tool.undone) + ", " + text_of(tool.group) + ", " + applied_at + " FROM ONLY " +
          qualified(schema, tool.table) + (tool.order.empty() ? "" : " ORDER BY " + quote_identifier(tool.order)) +
          " LIMIT " + std::to_string(kMostToolRows + 1)};
}

TargetStatement insert_adopted(const TargetPlace& place, const StoredMigration& migration, std::int64_t applied_at) {
  return {"INSERT INTO " + qualified(place.schema, place.tracking_table) +
              " (migration_set, version, description, checksum, state, applied_at, applied_by, duration) VALUES ($1, "
              "$2, $3, $4, 'applied', CASE $5::int8 WHEN 0 THEN clock_timestamp() ELSE 'epoch'::timestamptz + $5::int8 "
              "* interval '1 microsecond' END, current_user, '0')",
          {place.migration_set, migration.version, std::string(tracked_description(migration.description)),
           migration.checksum, std::to_string(applied_at)}};
}

}  // namespace tenancy::core
