#include "extension/procedure.h"

namespace tenancy {

void require_own_transaction(FunctionCallInfo fcinfo, const char* procedure) {
  auto* const context = fcinfo->context;
  if (context != nullptr && IsA(context, CallContext) && !castNode(CallContext, context)->atomic) return;
  throw PgError(ERRCODE_INVALID_TRANSACTION_STATE,
                std::string("tenancy.") + procedure + "() commits as it goes and cannot run inside a transaction", {},
                "Call it by itself, outside BEGIN … COMMIT and not from a function. tenancy.migrate_all() works in a "
                "transaction.");
}

}  // namespace tenancy
