// PostgreSQL's client programs, for tests.
#pragma once

#include <string>

namespace tenancy::test {

/// Runs `program` (pg_dump, psql, …) of the private installation with arguments as a shell reads them, and returns
/// what it printed. Throws std::runtime_error with that when it fails.
std::string run_program(const std::string& program, const std::string& arguments);

/// Runs a shell command and returns what it printed. Throws std::runtime_error with that when it fails.
std::string run_command(const std::string& command);

/// A word of a shell command.
std::string shell_word(const std::string& text);

/// The definition of a schema's objects as pg_dump prints it, with the schema's name and the tracking table left
/// out: two schemas with equal catalogues have equal ones.
std::string schema_definition(const std::string& conninfo, const std::string& schema);

}  // namespace tenancy::test
