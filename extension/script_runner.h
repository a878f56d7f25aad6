// Runs scripts of SQL statement by statement, as CREATE EXTENSION runs its scripts, or at top level, as psql does.
#pragma once

#include "extension/sql_script.h"
#include "extension/statement_timer.h"

namespace tenancy {

/// Called after each statement, inside the same guarded frame; may ereport.
using AfterStatement = void (*)();

/// How statements are changed before they run.
enum class Adapt {
  no,
  repeat,            ///< nobody knows whether they ran before: make_repeatable()
  to_a_transaction,  ///< make_transactional()
};

/// Runs every statement of the script in the current transaction, each seeing what the ones before did.
/// `statement_timeout` is for each statement; zero is no limit. Throws PgError as the server raised it,
/// with "statement N (place): " before the message, its place in the text as internal query, and
/// SQLSTATE, DETAIL, HINT and CONTEXT kept.
void run_script(const SqlScript& script, std::chrono::milliseconds statement_timeout, Adapt adapt,
                AfterStatement after_statement);

/// Runs one of its statements likewise, in the current transaction.
void run_statement(const SqlScript& script, const ScriptStatement& statement, StatementTimer& timer, Adapt adapt,
                   AfterStatement after_statement);

/// Runs one of its statements in no transaction: it begins and commits its own, one or several. When it throws, the
/// caller has a transaction to abort. CurrentMemoryContext must outlive transactions.
void run_at_top_level(const SqlScript& script, const ScriptStatement& statement, StatementTimer& timer, Adapt adapt,
                      AfterStatement after_statement);

/// Run SQL of our own, without any of that: in the current transaction, or one statement in none.
void run_internal_sql(const std::string& sql);
void run_internal_sql_at_top_level(const std::string& sql);

}  // namespace tenancy
