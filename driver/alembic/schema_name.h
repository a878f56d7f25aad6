// The name of one tenant's schema in SQL that is for all of them.
#pragma once

#include <string>
#include <string_view>

namespace tenancy::driver {

struct UnqualifiedSql {
  std::string sql;
  bool is_named_still = false;  ///< the schema is named in another way than in front of a name
};

/// Takes `schema.` off the front of names: in SQL, in the bodies of functions ($$), and at the beginning of quoted text
/// ('schema.table'::regclass).
[[nodiscard]] UnqualifiedSql without_schema(std::string_view sql, std::string_view schema);

}  // namespace tenancy::driver
