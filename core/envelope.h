// The BEGIN and COMMIT that many tools want around, or write around, the SQL of a migration or parts of it.
#pragma once

#include <string>

namespace tenancy::core {

/// Takes BEGIN (or START TRANSACTION) and COMMIT (or END) out of `sql`, once or several times one behind the other,
/// when they have no options, no other statement begins or ends a transaction, and something is left; line ends stay,
/// so that lines keep their numbers. A migration runs in a transaction of its executor's, so all that they promise is
/// true without them. Returns whether it did. Other transaction control stays, and is refused where the SQL is checked.
bool take_off_envelope(std::string& sql);

}  // namespace tenancy::core
