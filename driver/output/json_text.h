// JSON of what reporters and commands tell.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "driver/fleet/outcome.h"

namespace tenancy::driver {

/// A JSON string: bytes that are not UTF-8, which no JSON text may hold, come as `\xff`.
[[nodiscard]] boost::json::string json_string(std::string_view text);

/// null for empty text.
[[nodiscard]] boost::json::value json_or_null(std::string_view text);

/// The object as a line of its own, with numbers as people write them: 24.5, and not 2.45E1.
[[nodiscard]] std::string json_line(const boost::json::object& object);

/// The members tenant, server, database, schema, kind, set.
[[nodiscard]] boost::json::object json_target(const Target& target);

/// The members sqlstate, message, detail, hint, context.
[[nodiscard]] boost::json::object json_report(const ServerReport& report);

[[nodiscard]] std::string_view to_string(Outcome::State state) noexcept;

}  // namespace tenancy::driver
