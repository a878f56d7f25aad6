// Runs scripts of SQL statement by statement, as CREATE EXTENSION runs its scripts.
#pragma once

#include "extension/sql_script.h"

namespace tenancy {

/// Runs every statement of the script in the current transaction, each seeing what the ones before did.
/// `statement_timeout` is for each statement; zero is no limit. Throws PgError as the server raised it,
/// with "statement N (place): " before the message, its place in the text as internal query, and
/// SQLSTATE, DETAIL, HINT and CONTEXT kept.
/// `after_statement` is called after each statement, inside the same guarded frame, and may ereport.
void run_script(const SqlScript& script, std::chrono::milliseconds statement_timeout, void (*after_statement)());

/// Runs SQL of our own, without any of that.
void run_internal_sql(const std::string& sql);

}  // namespace tenancy
