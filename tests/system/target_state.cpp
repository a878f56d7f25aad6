#include "tests/system/target_state.h"

namespace tenancy::test {

namespace {

constexpr const char* kState = R"(
  SELECT string_agg(line, E'\n' ORDER BY line) FROM (
    SELECT format('column %s %s.%s %s %s', c.relkind, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  a.attnotnull) AS line
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = $1::text::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('constraint %s %s', conname, replace(pg_get_constraintdef(oid), $1 || '.', '')) FROM pg_constraint
     WHERE connamespace = $1::text::regnamespace) AS catalogue)";
constexpr const char* kTracked =
    "SELECT string_agg(concat_ws(' ', migration_set, version, description, checksum, state, applied_by), E'\\n'"
    "                  ORDER BY version) FROM ";
constexpr const char* kWritten = "SELECT string_agg(version, ' ' ORDER BY version) FROM ";

}  // namespace

std::string state_of(Connection& session, const std::string& schema) {
  const std::string tracked = kTracked + schema + ".schema_migrations";
  const std::string written = kWritten + schema + ".applied";
  return session.value(kState, {schema}).value_or("nothing") + "\n" + session.value(tracked).value_or("nothing") +
         "\n" + session.value(written).value_or("nothing");
}

}  // namespace tenancy::test
