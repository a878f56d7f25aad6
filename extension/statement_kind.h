// What kind of statement a parse tree is, as far as non-transactional migrations ask. All functions may ereport (for an
// option with a value that is none): call them in a guarded frame.
#pragma once

#include "extension/pg.h"

namespace tenancy {

/// What PostgreSQL runs only outside a transaction block, as a person would name it; nullptr for all else.
[[nodiscard]] const char* top_level_only(Node* statement);

/// Is it maintenance, which a non-transactional migration runs at top level? That is what is top_level_only(), and what
/// may be, depending on its object: REINDEX or CLUSTER of a partitioned table. PostgreSQL runs the tenant's code in
/// them (expressions of indexes) as the table's owner, in a security-restricted operation.
[[nodiscard]] bool runs_at_top_level(Node* statement);

/// Does it wait for other transactions to end, while it lets them read and write?
[[nodiscard]] bool is_concurrent(Node* statement);

/// Does it change nothing but settings?
[[nodiscard]] bool is_setting(Node* statement);

/// Is it SET TRANSACTION with what must come before the first query: REPEATABLE READ, SERIALIZABLE or a snapshot?
[[nodiscard]] bool sets_isolation(Node* statement);

/// Can it be run again when nobody knows whether it has been? Then make_repeatable() on a copy, and the checks in
/// concurrent_index.h, make that do no harm.
[[nodiscard]] bool is_repeatable(Node* statement);
void make_repeatable(Node* statement);

/// For a schema that was empty when the transaction began, so that nobody can be kept waiting: makes a copy do without
/// CONCURRENTLY. False for maintenance that a new table does not need, and that may not run in a transaction.
[[nodiscard]] bool make_transactional(Node* statement);

/// What works on more than one schema, as a person would name it; nullptr for all else.
[[nodiscard]] const char* beyond_one_schema(Node* statement);

}  // namespace tenancy
