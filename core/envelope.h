// The BEGIN and COMMIT that many tools want around, or write around, the SQL of a migration.
#pragma once

#include <string>

namespace tenancy::core {

/// Takes the first and the last statement out of `sql` when they are BEGIN (or START TRANSACTION) and COMMIT (or END)
/// without options, no other statement begins or ends a transaction, and something is left; line ends stay, so that
/// lines keep their numbers. A migration runs in a transaction of its executor's, so what they say is true without
/// them. Returns whether it did. Other transaction control stays as it is, and is refused where the SQL is checked.
bool take_off_envelope(std::string& sql);

}  // namespace tenancy::core
