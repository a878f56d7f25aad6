// Advisory locks on targets, the same for every runner of migrations.
//
// A runner holds pg_advisory_xact_lock(kLockClass, oid of the schema) while it works on a schema, to the end of its
// transaction. While it runs a non-transactional migration there, it has no transaction that could hold it; then the
// row 'running' in the tracking table keeps others away, and pg_advisory_lock(kOutsideLockClass, oid of the schema),
// for which nobody waits, says that the runner is alive.
#pragma once

#include <cstdint>

namespace tenancy::core {

/// First key. The second is the oid of a schema, or 0 for the store of migrations.
inline constexpr std::int32_t kLockClass = 0x746e6379;         // "tncy"
inline constexpr std::int32_t kOutsideLockClass = 0x746e636f;  // "tnco"

/// The second key: the oid, which has no sign, as the integer that the functions take.
[[nodiscard]] constexpr std::int32_t lock_key(std::uint32_t schema) noexcept {
  return static_cast<std::int32_t>(schema);
}

}  // namespace tenancy::core
