#include "driver/connection/library_version.h"

#include <libpq-fe.h>

namespace tenancy::driver {

int libpq_version() noexcept { return PQlibVersion(); }

}  // namespace tenancy::driver
