// The tracking table: its shape, and the SQL that makes it. Both executors make it from here, so a
// fleet may pass from one to the other.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace tenancy::core {

struct TrackingColumn {
  std::string_view name;
  std::string_view type;  ///< as pg_catalog.format_type() prints it
};

/// The columns in order. All types have bounded length, together under 2 kB, so that PostgreSQL makes no
/// TOAST table and no TOAST index: two files fewer for each of many thousand tenants.
inline constexpr std::array<TrackingColumn, 8> kTrackingColumns{{
    {"migration_set", "character varying(63)"},
    {"version", "character varying(128)"},
    {"description", "character varying(200)"},
    {"checksum", "character varying(64)"},
    {"state", "character varying(8)"},
    {"applied_at", "timestamp with time zone"},
    {"applied_by", "name"},
    {"duration", "interval"},
}};

/// Longest description that the tracking table keeps, in characters; longer ones are cut there.
inline constexpr std::size_t kTrackedDescriptionLength = 200;

/// A name as an SQL identifier: always in double quotes, with quotes inside doubled.
[[nodiscard]] std::string quote_identifier(std::string_view name);

/// The columns of the tracking table's primary key, in order; they are its first ones.
inline constexpr std::array<std::string_view, 2> kTrackingKey{"migration_set", "version"};

enum class PrimaryKey { declared, left_out };

/// CREATE TABLE for the tracking table of one schema.
[[nodiscard]] std::string create_tracking_table_sql(std::string_view schema, std::string_view table,
                                                    PrimaryKey primary_key = PrimaryKey::declared);

/// The first `kTrackedDescriptionLength` characters of UTF-8 text.
[[nodiscard]] std::string_view tracked_description(std::string_view description) noexcept;

}  // namespace tenancy::core
