// What the procedures that commit as they go have in common.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// Throws PgError when the procedure was called where it may not commit.
void require_own_transaction(FunctionCallInfo call, const char* procedure);

}  // namespace tenancy
