// The command line of `tenancy`.
#pragma once

#include "driver/command/exit_code.h"

namespace tenancy::driver {

/// Parses the command line, carries the command out and says what went wrong on standard error. Never throws.
int run_application(int argc, char** argv);

}  // namespace tenancy::driver
