// What migrations have made of a target, as text that is equal for equal targets.
#pragma once

#include <string>

#include "tests/system/connection.h"

namespace tenancy::test {

/// Columns and constraints of everything in the schema, its tracking table but for times, and the rows of its table
/// `applied`, into which each migration of a test writes its version.
std::string state_of(Connection& session, const std::string& schema);

}  // namespace tenancy::test
