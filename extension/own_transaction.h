// Transactions of a background worker's own.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// In no transaction: aborts what a guarded call that threw has left open.
inline void abort_transaction(MemoryContext outer) {
  guarded([] { AbortCurrentTransaction(); });
  MemoryContextSwitchTo(outer);
}

/// In no transaction: runs `fn` in one, with a snapshot as a client's statement has one, and commits; aborts when
/// `fn` throws. CurrentMemoryContext is the transaction's for `fn`, and afterwards what it was, which must outlive
/// transactions.
template <typename Fn>
void own_transaction(Fn fn) {
  MemoryContext const outer = CurrentMemoryContext;
  try {
    guarded([] {
      SetCurrentStatementStartTimestamp();
      StartTransactionCommand();
      PushActiveSnapshot(GetTransactionSnapshot());
    });
    fn();
    guarded([] {
      PopActiveSnapshot();
      CommitTransactionCommand();
    });
  } catch (...) {
    abort_transaction(outer);
    throw;
  }
  MemoryContextSwitchTo(outer);
}

}  // namespace tenancy
