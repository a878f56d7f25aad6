// What the commands that work CONCURRENTLY leave when they do not come to their end: they commit on the way, so no
// rollback takes it away. All functions must be called in a transaction and throw PgError.
#pragma once

#include "extension/guard.h"

namespace tenancy {

/// Compares the table that a statement works on before the statement and after it failed.
class ConcurrentChange {
 public:
  /// Looks at the table now. A statement of another kind has none.
  explicit ConcurrentChange(Node* statement);

  /// Is there an effect other than remains()?
  [[nodiscard]] bool took_effect() const;

  /// The indexes that the statement left INVALID, as SQL names them.
  [[nodiscard]] std::vector<std::string> remains() const;

 private:
  struct Index {
    Oid oid;
    bool valid;
  };
  static std::vector<Index> indexes_of(Oid table);

  Node* statement_;
  Oid table_ = InvalidOid;
  Oid partition_ = InvalidOid;
  std::vector<Index> before_;
};

/// May a statement that is in doubt be passed by? So it is for CREATE INDEX CONCURRENTLY when its table has a valid
/// index of that name.
[[nodiscard]] bool is_done(Node* statement);

/// Refuses the index that CREATE INDEX CONCURRENTLY IF NOT EXISTS passed by although it is INVALID.
void require_valid_index(Node* statement);

/// The INVALID indexes that an earlier, interrupted run of the statement left, as SQL names them.
[[nodiscard]] std::vector<std::string> remains_of_earlier_run(Node* statement);

}  // namespace tenancy
