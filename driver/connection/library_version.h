// The version of libpq.
#pragma once

namespace tenancy::driver {

/// Of the library that the process runs with: 150014 is 15.14.
[[nodiscard]] int libpq_version() noexcept;

}  // namespace tenancy::driver
