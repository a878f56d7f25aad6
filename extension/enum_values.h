// Values that a migration adds to an enum type, for the migrations behind it in the same transaction.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// PostgreSQL keeps a new value from use until it is committed (pg_enum.c, check_safe_enum_use): a transaction that is
/// taken back leaves entries with it in indexes, which could not be compared any more. Where every table that could
/// hold the value is as new as it is, nothing stays behind.
class NewEnumValues {
 public:
  /// Remembers the values that are new already: these are the caller's, and stay as they are.
  NewEnumValues();

  /// What was added since then may be used.
  void allow() const;

 private:
  std::vector<Oid> before_;
};

}  // namespace tenancy
